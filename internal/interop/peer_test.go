// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// unavailable ends a test whose peer cannot run here: with a failure in CI,
// where every peer is installed, and elsewhere by skipping it. The table says
// why.
func unavailable(t testing.TB, format string, args ...any) {
	t.Helper()
	ran.missing(t.Name(), fmt.Sprintf(format, args...))
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// tool returns the path of a program that a peer needs.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		unavailable(t, "no %s: %v", name, err)
	}
	return path
}

// freePort returns a port of loopback that nobody listens on.
func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// start runs a peer until the end of the test, or until it is stopped. It
// returns when a GET of health is answered 2xx or, for tcp://host:port, when a
// connection is taken. What the peer printed is shown when it does not come
// up.
func start(t testing.TB, health, name string, args ...string) (stop func()) {
	t.Helper()
	return startCommand(t, health, exec.Command(name, args...))
}

// startCommand is start for a peer with a folder, an environment or an output
// of its own.
func startCommand(t testing.TB, health string, cmd *exec.Cmd) (stop func()) {
	t.Helper()
	stop = launch(t, answers(health), cmd, nil)
	t.Cleanup(stop)
	return stop
}

// startServer is startCommand for a peer that is ready when it says so in
// another way, and that ends well on a signal.
func startServer(t testing.TB, cmd *exec.Cmd, end os.Signal, ready func(context.Context) error) {
	t.Helper()
	t.Cleanup(launch(t, ready, cmd, func() { _ = cmd.Process.Signal(end) }))
}

// startShared starts a peer that other tests use too. It is stopped when all
// have ended.
func startShared(t testing.TB, health, name string, args ...string) {
	t.Helper()
	shared.add(launch(t, answers(health), exec.Command(name, args...), nil))
}

// launch starts a peer, and returns when it is ready. One that is told to end
// has ten seconds to do so; others are killed.
func launch(t testing.TB, ready func(context.Context) error, cmd *exec.Cmd, end func()) (stop func()) {
	t.Helper()
	name := filepath.Base(cmd.Path)
	var printed syncBuffer
	if cmd.Stdout == nil {
		cmd.Stdout = &printed
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &printed
	}
	dieWithUs(cmd)
	began, ended := make(chan error), make(chan struct{})
	go func() {
		// The child is killed when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		began <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(ended)
	}()
	if err := <-began; err != nil {
		unavailable(t, "%s does not start: %v", name, err)
	}
	stop = func() {
		if end != nil {
			end()
			select {
			case <-ended:
			case <-time.After(10 * time.Second):
				t.Errorf("%s does not end when it is told to", name)
			}
		}
		_ = cmd.Process.Kill()
		<-ended
	}
	limit, tick := time.After(2*time.Minute), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		err := ready(ctx)
		cancel()
		if err == nil {
			return stop
		}
		select {
		case <-ended:
			unavailable(t, "%s ended (%v)\n%s", name, cmd.ProcessState, printed.String())
		case <-limit:
			stop()
			unavailable(t, "%s is not up after two minutes: %v\n%s", name, err, printed.String())
		case <-tick.C:
		}
	}
}

// answers says whether a GET of a URL is answered 2xx or, for tcp://host:port,
// whether a connection is taken.
func answers(address string) func(context.Context) error {
	if endpoint, ok := strings.CutPrefix(address, "tcp://"); ok {
		return func(ctx context.Context) error {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", endpoint)
			if err == nil {
				_ = conn.Close()
			}
			return err
		}
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		if resp.StatusCode/100 != 2 {
			return errors.New(resp.Status)
		}
		return nil
	}
}

// syncBuffer is a bytes.Buffer for a process that writes while a test reads.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
