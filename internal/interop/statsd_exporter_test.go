// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"io"
	"net/http"
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

const exporterVersion = "v0.31.0"

// startExporter starts Prometheus' StatsD exporter.
func startExporter(t testing.TB) (addr map[string]string, scrape func() map[string]float64) {
	t.Helper()
	uses(t, "statsd_exporter", exporterVersion, "Go proxy")
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
