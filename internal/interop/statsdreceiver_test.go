// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/waymark-otel/waymark/metrics"
)

// startCollector starts the StatsD receiver of the OpenTelemetry Collector.
func startCollector(t testing.TB, network, endpoint string) (totals string) {
	t.Helper()
	c := startOTelCollector(t, "statsd.yaml", "NETWORK="+network, "STATSD="+endpoint)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(c.statsd(t))
	}))
	t.Cleanup(web.Close)
	return web.URL
}

// statsd is what the Collector has counted so far, and what its receiver has
// complained of.
func (c *otelCollector) statsd(t testing.TB) receiver {
	t.Helper()
	got := receiver{Totals: map[string]float64{}}
	for _, m := range c.read(t, "statsd.json").metrics {
		switch {
		case m.Sum != nil:
			for _, p := range m.Sum.DataPoints {
				got.Totals[seriesName(m.Name, p.Attributes)+" total"] += p.number()
			}
		case m.Gauge != nil:
			for _, p := range m.Gauge.DataPoints {
				got.Totals[seriesName(m.Name, p.Attributes)+" level"] = p.number()
			}
		case m.ExponentialHistogram != nil:
			for _, p := range m.ExponentialHistogram.DataPoints {
				count, _ := p.Count.Float64()
				got.Totals[seriesName(m.Name, p.Attributes)+" count"] += count
				got.Totals[seriesName(m.Name, p.Attributes)+" sum"] += p.Sum
			}
		default:
			got.Errors = append(got.Errors, "unexpected kind of "+m.Name)
		}
	}
	for line := range strings.Lines(c.logs.String()) {
		var entry struct {
			Msg       string
			Component string `json:"otelcol.component.id"`
		}
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Component == "statsd" && !strings.Contains(entry.Msg, "component. ") {
			got.Errors = append(got.Errors, entry.Msg)
		}
	}
	return got
}

// seriesName is a metric's name with its attributes in order.
func seriesName(name string, attributes otlpAttributes) string {
	var tags []string
	for _, kv := range attributes {
		tags = append(tags, ";"+kv.Key+"="+attributes.text(kv.Key))
	}
	slices.Sort(tags)
	return name + strings.Join(tags, "")
}

func TestCollectorCountsTheSame(t *testing.T) {
	for _, network := range []string{"udp", "tcp", "unixgram"} {
		t.Run(network, func(t *testing.T) {
			endpoint := "127.0.0.1:" + freePort(t)
			if network == "unixgram" {
				endpoint = filepath.Join(t.TempDir(), "s")
			}
			totals := startCollector(t, network, endpoint)
			send(t, network+"://"+endpoint, programWithoutSets)
			got := await(t, totals)
			assert.Empty(t, got.Errors)
			sameTotals(t, totalsWithoutSets(), got.Totals)
		})
	}
}

func TestCollectorSurvivesEverything(t *testing.T) {
	for _, d := range []metrics.Dialect{metrics.Plain, metrics.NoTags, metrics.DogStatsD} {
		t.Run(d.String(), func(t *testing.T) {
			endpoint := "127.0.0.1:" + freePort(t)
			survives(t, startCollector(t, "tcp", endpoint), "tcp://"+endpoint, d, false)
		})
	}
}
