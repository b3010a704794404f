// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
)

// built returns the program of a module under testdata. It is built once for
// what its sources are now, and kept in the user's cache.
func built(t testing.TB, module string) string {
	t.Helper()
	source, err := filepath.Abs(filepath.Join("testdata", module))
	require.NoError(t, err)
	sum := sha256.New()
	for _, name := range []string{"main.go", "go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(source, name))
		require.NoError(t, err)
		sum.Write(text)
	}
	dir := installed(t, module+"-"+hex.EncodeToString(sum.Sum(nil))[:12], func(dir string) ([]byte, error) {
		return output(source, []string{"GOWORK=off"}, tool(t, "go"), "build", "-o", filepath.Join(dir, module), ".")
	})
	return filepath.Join(dir, module)
}

// receiver is a peer that was built around a receiver, and says as JSON what
// it has.
type receiver struct {
	Totals map[string]float64
	Errors []string
}

// await reads the totals until the last line of a client is among them.
func await(t testing.TB, url string) receiver {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var got receiver
		getJSON(t, url, &got)
		if got.Totals["last total"] > 0 || time.Now().After(deadline) {
			delete(got.Totals, "last total")
			return got
		}
	}
}

// send runs a program with a client, and sends a last line.
func send(t testing.TB, addr string, run func(*metrics.Client), opts ...metrics.Option) {
	t.Helper()
	c, err := metrics.Dial(addr, opts...)
	require.NoError(t, err)
	run(c)
	require.NoError(t, c.Flush(t.Context()))
	c.Count("last", 1)
	require.NoError(t, c.Close())
}

func TestCollectorCountsTheSame(t *testing.T) {
	program := built(t, "statsdreceiver")
	for _, network := range []string{"udp", "tcp", "unixgram"} {
		t.Run(network, func(t *testing.T) {
			endpoint := "127.0.0.1:" + freePort(t)
			if network == "unixgram" {
				endpoint = filepath.Join(t.TempDir(), "s")
			}
			web := "127.0.0.1:" + freePort(t)
			start(t, "http://"+web, program, network, endpoint, web)
			send(t, network+"://"+endpoint, programWithoutSets)
			got := await(t, "http://"+web)
			assert.Empty(t, got.Errors)
			sameTotals(t, totalsWithoutSets(), got.Totals)
		})
	}
}

func TestTelegrafCountsTheSame(t *testing.T) {
	exe := built(t, "telegraf")
	for _, network := range []string{"udp", "tcp"} {
		for _, d := range []metrics.Dialect{metrics.Plain, metrics.InfluxDB} {
			t.Run(network+" "+d.String(), func(t *testing.T) {
				endpoint, web := "127.0.0.1:"+freePort(t), "127.0.0.1:"+freePort(t)
				args := []string{network, endpoint, web}
				if d == metrics.Plain {
					args = append(args, "datadog")
				}
				start(t, "http://"+web, exe, args...)
				send(t, network+"://"+endpoint, program, metrics.WithDialect(d))
				got := await(t, "http://"+web)
				assert.Empty(t, got.Errors)
				sameTotals(t, programTotals, got.Totals)
			})
		}
	}
}

// TestReceiversSurviveEverything: whatever is passed in, they can read every
// line, and still count.
func TestReceiversSurviveEverything(t *testing.T) {
	for name, tc := range map[string]struct {
		module   string
		dialects []metrics.Dialect
	}{
		"collector": {"statsdreceiver", []metrics.Dialect{metrics.Plain, metrics.NoTags, metrics.DogStatsD}},
		// Telegraf knows no negative histogram, and with Datadog's extensions it
		// takes names that start with _e for events: see docs/metrics.md.
		"telegraf": {"telegraf", []metrics.Dialect{metrics.NoTags, metrics.InfluxDB}},
	} {
		exe := built(t, tc.module)
		for _, d := range tc.dialects {
			t.Run(name+" "+d.String(), func(t *testing.T) {
				endpoint, web := "127.0.0.1:"+freePort(t), "127.0.0.1:"+freePort(t)
				start(t, "http://"+web, exe, "tcp", endpoint, web)
				send(t, "tcp://"+endpoint, func(c *metrics.Client) {
					hostilities(c, name != "collector")
					c.Count("after", 7)
				}, metrics.WithDialect(d))
				got := await(t, "http://"+web)
				assert.Empty(t, got.Errors)
				assert.EqualValues(t, 7, got.Totals["after total"])
				assert.EqualValues(t, 1, got.Totals["constructor_ total"])
				assert.NotContains(t, got.Totals, "evil total")
			})
		}
	}
}

const exporterVersion = "v0.31.0"

// startExporter starts Prometheus' StatsD exporter.
func startExporter(t testing.TB) (addr map[string]string, scrape func() map[string]float64) {
	t.Helper()
	dir := installed(t, "statsd_exporter-"+exporterVersion, func(dir string) ([]byte, error) {
		return output(dir, []string{"GOBIN=" + dir, "GOWORK=off", "GOFLAGS="}, tool(t, "go"), "install", "github.com/prometheus/statsd_exporter@"+exporterVersion)
	})
	endpoint, web, socket := "127.0.0.1:"+freePort(t), "127.0.0.1:"+freePort(t), filepath.Join(t.TempDir(), "s")
	start(t, "http://"+web+"/-/healthy", filepath.Join(dir, "statsd_exporter"), "--web.listen-address="+web,
		"--statsd.listen-udp="+endpoint, "--statsd.listen-tcp="+endpoint, "--statsd.listen-unixgram="+socket)
	addr = map[string]string{"udp": "udp://" + endpoint, "tcp": "tcp://" + endpoint, "unixgram": "unixgram://" + socket}
	return addr, func() map[string]float64 {
		resp, err := http.Get("http://" + web + "/metrics")
		require.NoError(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return samples(string(text))
	}
}

var sampleLine = regexp.MustCompile(`(?m)^([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{.*\})?) (\S+)$`)

// samples reads the text format of Prometheus.
func samples(text string) map[string]float64 {
	list := map[string]float64{}
	for _, m := range sampleLine.FindAllStringSubmatch(text, -1) {
		if v, err := strconv.ParseFloat(m[2], 64); err == nil {
			list[m[1]] = v
		}
	}
	return list
}

// troubles are the metrics by which the exporter says that it could not read
// something.
func troubles(got map[string]float64) map[string]float64 {
	list := map[string]float64{}
	for key, v := range got {
		if strings.HasPrefix(key, "statsd_exporter_") && regexp.MustCompile(`error|conflict|illegal|malformed|too_long|drops`).MatchString(key) && v != 0 {
			list[key] = v
		}
	}
	return list
}

func TestPrometheusExporterCountsTheSame(t *testing.T) {
	for _, network := range []string{"udp", "tcp", "unixgram"} {
		for _, d := range []metrics.Dialect{metrics.Plain, metrics.InfluxDB, metrics.DogStatsD} {
			t.Run(network+" "+d.String(), func(t *testing.T) {
				addr, scrape := startExporter(t)
				send(t, addr[network], programWithoutSets, metrics.WithDialect(d))
				got := scrape()
				for deadline := time.Now().Add(30 * time.Second); got["last"] == 0 && time.Now().Before(deadline); got = scrape() {
					time.Sleep(50 * time.Millisecond)
				}
				assert.Empty(t, troubles(got))
				for key, want := range map[string]float64{
					`shop_requests{code="200"}`:   1000,
					`shop_requests{code="404"}`:   10,
					`shop_took_count{code="200"}`: 500,
					`shop_took_sum{code="200"}`:   25.25, // seconds
					`shop_quick_count`:            500,
					`shop_quick_sum`:              0.125,
					`shop_temperature`:            21.5,
					`shop_balance`:                -5,
					`shop_in_flight`:              3,
				} {
					assert.InDelta(t, want, got[key], 1e-9, key)
				}
			})
		}
	}
}

// TestPrometheusExporterSurvivesEverything: it has one type for each name, so
// these names have one each.
func TestPrometheusExporterSurvivesEverything(t *testing.T) {
	for _, d := range []metrics.Dialect{metrics.Plain, metrics.NoTags, metrics.InfluxDB, metrics.DogStatsD} {
		t.Run(d.String(), func(t *testing.T) {
			addr, scrape := startExporter(t)
			send(t, addr["tcp"], func(c *metrics.Client) {
				for _, s := range hostile {
					c.With("counter").Count(s, 1, metrics.T(s, "x"), metrics.T("y", s))
					c.With("timer").Timing(s, time.Millisecond, metrics.T(s, "x"), metrics.T("y", s))
					c.With("gauge").Gauge(s, -1e300, metrics.T(s, "x"), metrics.T("y", s))
				}
			}, metrics.WithDialect(d))
			got := scrape()
			for deadline := time.Now().Add(30 * time.Second); got["last"] == 0 && time.Now().Before(deadline); got = scrape() {
				time.Sleep(50 * time.Millisecond)
			}
			assert.EqualValues(t, 1, got["last"])
			assert.Empty(t, troubles(got))
		})
	}
}
