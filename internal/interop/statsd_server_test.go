// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// statsdVersion is the newest release of the reference server.
const statsdVersion = "0.9.0"

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
	uses(t, "statsd", statsdVersion, "npm")
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
		return start(t, s.totals, node, "--require", filepath.Join(testdata, "shim.js"), filepath.Join(home, "stats.js"), file)
	}
	s.restart()
	return s
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
