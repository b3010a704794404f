// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/waymark-otel/waymark/examples/internal/outline"
	"github.com/waymark-otel/waymark/instrument/viewer"
)

// TestMain lets the test's own binary be the program.
func TestMain(m *testing.M) {
	if os.Getenv("POD") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestAPodEndsWithoutLosingAnything asks as load balancers do: until /readyz
// says that the pod is ending, and not afterwards.
func TestAPodEndsWithoutLosingAnything(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be told to end with a signal there")
	}
	v, err := viewer.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	pod := exec.CommandContext(t.Context(), self, "-listen", "127.0.0.1:0", "-linger", "2s")
	pod.Env = append(os.Environ(), "POD=1", "OTEL_EXPORTER_ZIPKIN_ENDPOINT="+v.SpansURL())
	words, err := pod.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := pod.Start(); err != nil {
		t.Fatal(err)
	}
	url, lines := "", bufio.NewScanner(words)
	for url == "" && lines.Scan() {
		_, url, _ = strings.Cut(lines.Text(), "listening url=")
	}
	go func() {
		for lines.Scan() { // or the pod could not say more
		}
	}()

	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	code := func(path string) int {
		resp, err := client.Get(url + path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return 0
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		return resp.StatusCode
	}
	var answered atomic.Int64
	var signaled atomic.Bool
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for code("/readyz") == http.StatusOK {
				if c := code("/orders/7"); c != http.StatusOK {
					t.Errorf("an order is answered %d", c)
				}
				answered.Add(1)
			}
			if !signaled.Load() {
				t.Error("not ready before it was told to end")
			}
		})
	}
	for answered.Load() < 40 && !t.Failed() {
		time.Sleep(time.Millisecond)
	}
	signaled.Store(true)
	if err := pod.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if c := code("/livez"); c != http.StatusOK {
		t.Errorf("alive is answered %d while it lingers", c)
	}
	client.CloseIdleConnections()
	if err := pod.Wait(); err != nil {
		t.Errorf("the pod ends with %v", err)
	}
	all := outline.All(v)
	if len(all) != int(answered.Load()) {
		t.Errorf("%d traces arrived of %d orders answered", len(all), answered.Load())
	}
	for _, got := range all {
		if got != "pod get /orders/{id} server\n  pod price order\n" {
			t.Fatalf("arrived:\n%s", got)
		}
	}
}
