// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
)

const carbonVersion = "1.1.10"

// graphite is Graphite's carbon, and what reads its files.
type graphite struct {
	bin  string
	data string
	port int
}

// startGraphite starts carbon.
func startGraphite(t testing.TB) *graphite {
	t.Helper()
	uses(t, "carbon", carbonVersion, "PyPI")
	python := tool(t, "python3")
	dir := installed(t, "carbon-"+carbonVersion, func(dir string) ([]byte, error) {
		if out, err := output(dir, nil, python, "-m", "venv", dir); err != nil {
			return out, err
		}
		return output(dir, []string{"GRAPHITE_NO_PREFIX=True"}, filepath.Join(dir, "bin", "pip"), "install", "--quiet", "carbon=="+carbonVersion, "whisper=="+carbonVersion)
	})
	home := t.TempDir()
	line := freePort(t)
	g := &graphite{bin: filepath.Join(dir, "bin"), data: filepath.Join(home, "whisper")}
	g.port, _ = strconv.Atoi(line)
	require.NoError(t, os.MkdirAll(g.data, 0o755))
	conf := filepath.Join(home, "carbon.conf")
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, `[cache]
STORAGE_DIR = %[1]s
CONF_DIR = %[1]s
LOG_DIR = %[1]s
PID_DIR = %[1]s
LOCAL_DATA_DIR = %[1]s/whisper
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = %[2]s
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = %[3]s
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = %[4]s
MAX_CREATES_PER_MINUTE = inf
MAX_UPDATES_PER_SECOND = inf
ENABLE_TAGS = False
TAG_HASH_FILENAMES = False
`, home, line, freePort(t), freePort(t)), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(home, "storage-schemas.conf"), []byte("[all]\npattern = .*\nretentions = 1s:1h\n"), 0o600))

	cmd := exec.Command(filepath.Join(g.bin, "python"), filepath.Join(g.bin, "carbon-cache.py"), "--config="+conf, "--pidfile="+filepath.Join(home, "pid"), "--debug", "start")
	cmd.Dir = home
	cmd.Env = append(os.Environ(), "GRAPHITE_ROOT="+home)
	startCommand(t, "tcp://127.0.0.1:"+line, cmd)
	return g
}

// series returns the values of a series, or nothing. Carbon keeps a tagged one
// in a file of its name, elsewhere.
func (g *graphite) series(t testing.TB, name string) []float64 {
	t.Helper()
	file := filepath.Join(g.data, strings.ReplaceAll(name, ".", "/")+".wsp")
	if strings.Contains(name, ";") {
		file = ""
		_ = filepath.WalkDir(filepath.Join(g.data, "_tagged"), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.ReplaceAll(d.Name(), "_DOT_", ".") == name+".wsp" {
				file = path
			}
			return nil
		})
	}
	if _, err := os.Stat(file); err != nil {
		return nil
	}
	out, err := exec.Command(filepath.Join(g.bin, "python"), filepath.Join(g.bin, "whisper-fetch.py"), "--json", file).Output()
	require.NoError(t, err)
	var fetched struct {
		Values []*float64 `json:"values"`
	}
	require.NoError(t, json.Unmarshal(out, &fetched))
	var values []float64
	for _, v := range fetched.Values {
		if v != nil {
			values = append(values, *v)
		}
	}
	return values
}

// TestGraphiteStoresTheSame: the reference server in front of carbon, and the
// totals read back from the files it wrote.
func TestGraphiteStoresTheSame(t *testing.T) {
	g := startGraphite(t)
	s := startStatsD(t, map[string]any{
		"backends": []string{"./backends/graphite"}, "graphiteHost": "127.0.0.1", "graphitePort": g.port,
		"graphite": map[string]any{"legacyNamespace": false}, "flushInterval": 2000, "deleteIdleStats": true, "deleteGauges": false,
	})
	c, err := metrics.Dial(s.tcp, metrics.WithDialect(metrics.Graphite))
	require.NoError(t, err)
	program(c)
	c.Count("named", 3, metrics.T("name", "a"))
	c.Count("named", 4, metrics.T("name", "b"))
	c.Count("odd", 5, metrics.T("route", "GET /o/{id}"), metrics.T("%", "gone"))
	got := s.finish(t, c)
	assert.Zero(t, got.badLines())

	for series, want := range map[string]float64{
		"stats.counters.shop.requests.count;code=200": 1000,
		"stats.counters.shop.requests.count;code=404": 10,
		"stats.counters.shop.total.count":             2,
		"stats.timers.shop.took.count;code=200":       500,
		"stats.timers.shop.took.sum;code=200":         5 * 5050,
		"stats.timers.shop.quick.sum":                 125,
		"stats.counters.named.count;name_=a":          3,
		"stats.counters.named.count;name_=b":          4,
		"stats.counters.odd.count;route=GET_-o-id":    5,
	} {
		var total float64
		for deadline := time.Now().Add(30 * time.Second); total != want && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
			total = 0
			for _, v := range g.series(t, series) {
				total += v
			}
		}
		assert.InDelta(t, want, total, 1e-6, series)
	}
	for series, want := range map[string]float64{
		"stats.gauges.shop.temperature": 21.5, "stats.gauges.shop.balance": -5, "stats.gauges.shop.in_flight": 3,
	} {
		values := g.series(t, series)
		if assert.NotEmpty(t, values, series) {
			assert.Equal(t, want, values[len(values)-1], series)
		}
	}
	assert.Contains(t, g.series(t, "stats.sets.shop.users.count"), 25.0)
}
