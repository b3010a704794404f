// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// statsdVersion is the newest release of the reference server.
const statsdVersion = "0.9.0"

// installed returns a directory of the user's cache that install has filled.
// It is filled once; a copy cut short is not found by the next run.
func installed(t testing.TB, name string, install func(dir string) ([]byte, error)) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		unavailable(t, "no cache for %s: %v", name, err)
	}
	dir := filepath.Join(cache, "waymark-interop", name)
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		unavailable(t, "no cache for %s: %v", name, err)
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "fresh")
	if err != nil {
		unavailable(t, "no cache for %s: %v", name, err)
	}
	defer os.RemoveAll(fresh)
	if out, err := install(fresh); err != nil {
		unavailable(t, "%s cannot be installed: %v\n%s", name, err, out)
	}
	if err := os.Rename(fresh, dir); err != nil {
		t.Logf("another run was faster: %v", err)
	}
	return dir
}

// output runs a command of an installation.
func output(dir string, env []string, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	return cmd.CombinedOutput()
}

// statsdServer is the reference server, with a backend that remembers.
type statsdServer struct {
	udp, tcp, unix string // addresses, as Dial takes them
	totals         string // URL

	run  func() (stop func())
	stop func()
}

// addr returns the address of a network.
func (s *statsdServer) addr(network string) string {
	return map[string]string{"udp": s.udp, "tcp": s.tcp, "unix": s.unix}[network]
}

// restart starts the server again, where it was.
func (s *statsdServer) restart() { s.stop = s.run() }

// statsdTotals is what the server has made of what it was sent.
type statsdTotals struct {
	Counters map[string]float64
	Timers   map[string][]float64
	Counts   map[string]float64
	Gauges   map[string]float64
	Sets     map[string][]string
	Flushes  int
}

// startStatsD starts the reference server. Further settings are part of its
// configuration.
func startStatsD(t testing.TB, settings map[string]any) *statsdServer {
	t.Helper()
	node, npm := tool(t, "node"), tool(t, "npm")
	dir := installed(t, "statsd-"+statsdVersion, func(dir string) ([]byte, error) {
		return output(dir, nil, npm, "install", "--prefix", dir, "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "statsd@"+statsdVersion)
	})
	home := filepath.Join(dir, "node_modules", "statsd")
	testdata, err := filepath.Abs("testdata/statsd")
	require.NoError(t, err)

	port, totals := freePort(t), freePort(t)
	socket := filepath.Join(t.TempDir(), "s")
	number := func(port string) int { n, _ := strconv.Atoi(port); return n }
	config := map[string]any{
		"servers": []map[string]any{
			{"server": "./servers/udp", "address": "127.0.0.1", "port": number(port)},
			{"server": "./servers/tcp", "address": "127.0.0.1", "port": number(port)},
			{"server": "./servers/tcp", "socket": socket},
		},
		"mgmt_address": "127.0.0.1", "mgmt_port": number(freePort(t)),
		"backends":   []string{filepath.Join(testdata, "totals.js")},
		"totalsPort": number(totals), "flushInterval": 100,
	}
	for key, value := range settings {
		if key == "backends" {
			value = append(config["backends"].([]string), value.([]string)...)
		}
		config[key] = value
	}
	text, err := json.Marshal(config)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "config.js")
	require.NoError(t, os.WriteFile(file, text, 0o600))

	s := &statsdServer{
		udp: "udp://127.0.0.1:" + port, tcp: "tcp://127.0.0.1:" + port, unix: "unix://" + socket,
		totals: "http://127.0.0.1:" + totals,
	}
	s.run = func() func() {
		_ = os.Remove(socket)
		return startUntil(t, s.totals, node, "--require", filepath.Join(testdata, "shim.js"), filepath.Join(home, "stats.js"), file)
	}
	s.restart()
	return s
}

// startUntil is start for a peer that is to be stopped before the test ends.
func startUntil(t testing.TB, health, name string, args ...string) (stop func()) {
	t.Helper()
	cmd := exec.Command(name, args...)
	var printed syncBuffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	if err := cmd.Start(); err != nil {
		unavailable(t, "%s does not start: %v", name, err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	stop = func() {
		_ = cmd.Process.Kill()
		<-ended
	}
	t.Cleanup(stop)
	for limit := time.Now().Add(2 * time.Minute); ; {
		if resp, err := http.Get(health); err == nil {
			_ = resp.Body.Close()
			return stop
		}
		select {
		case <-ended:
			unavailable(t, "%s ended: %s", name, printed.String())
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(limit) {
			unavailable(t, "%s is not up after two minutes: %s", name, printed.String())
		}
	}
}

// read returns what the server has so far.
func (s *statsdServer) read(t testing.TB) statsdTotals {
	t.Helper()
	var got statsdTotals
	getJSON(t, s.totals, &got)
	return got
}

// settle returns what the server has when done says that all is there, or
// when nothing new has come for a while.
func (s *statsdServer) settle(t testing.TB, done func(statsdTotals) bool) statsdTotals {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		got := s.read(t)
		if done(got) || time.Now().After(deadline) {
			return got
		}
	}
}

// badLines is how many lines the server could not read.
func (got statsdTotals) badLines() float64 { return got.Counters["statsd.bad_lines_seen"] }

// metrics is how many lines the server has seen.
func (got statsdTotals) metrics() float64 { return got.Counters["statsd.metrics_received"] }

func getJSON(t testing.TB, url string, to any) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	require.NoError(t, err)
	require.NoError(t, doJSON(req, to))
}

// doJSON sends a request and reads the answer.
func doJSON(req *http.Request, to any) error {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(to)
}
