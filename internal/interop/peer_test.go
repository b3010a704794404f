// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// unavailable ends a test whose peer cannot run here: with a failure in CI,
// where every peer is installed, and elsewhere by skipping it.
func unavailable(t testing.TB, format string, args ...any) {
	t.Helper()
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

// jar returns the path of an artifact of Maven Central, given as
// group:artifact:version:type:classifier. It is fetched once and kept in the
// user's cache.
func jar(t testing.TB, coordinates string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		unavailable(t, "no cache for %s: %v", coordinates, err)
	}
	dir := filepath.Join(cache, "waymark-interop", strings.ReplaceAll(coordinates, ":", "_"))
	if found, _ := filepath.Glob(filepath.Join(dir, "*.jar")); len(found) == 1 {
		return found[0]
	}
	maven := tool(t, "mvn")
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		unavailable(t, "no cache for %s: %v", coordinates, err)
	}
	// A copy cut short must not be found by the next run.
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "fresh")
	if err != nil {
		unavailable(t, "no cache for %s: %v", coordinates, err)
	}
	defer os.RemoveAll(fresh)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, maven, "--batch-mode", "--quiet", "dependency:copy", "-Dartifact="+coordinates, "-DoutputDirectory="+fresh).CombinedOutput()
	if err != nil {
		unavailable(t, "%s cannot be fetched: %v\n%s", coordinates, err, out)
	}
	if err := os.Rename(fresh, dir); err != nil && !errors.Is(err, os.ErrExist) {
		t.Logf("another run was faster: %v", err)
	}
	found, _ := filepath.Glob(filepath.Join(dir, "*.jar"))
	if len(found) != 1 {
		unavailable(t, "%s is %d files", coordinates, len(found))
	}
	return found[0]
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

// start runs a peer until the end of the test, and returns when a GET of
// health is answered 200. What the peer printed is shown when it does not
// come up.
func start(t testing.TB, health string, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	var output syncBuffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		unavailable(t, "%s does not start: %v", name, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	client := &http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	limit, tick := time.After(2*time.Minute), time.NewTicker(100*time.Millisecond)
	defer tick.Stop()
	for {
		resp, err := client.Get(health)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case err := <-ended:
			ended <- err
			unavailable(t, "%s ended: %v\n%s", name, err, output.String())
		case <-limit:
			unavailable(t, "%s is not up after two minutes\n%s", name, output.String())
		case <-tick.C:
		}
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
