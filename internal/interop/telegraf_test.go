// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/waymark-otel/waymark/metrics"
)

// startTelegraf starts Telegraf's StatsD input.
func startTelegraf(t testing.TB, network, endpoint string, args ...string) (totals string) {
	t.Helper()
	return startReceiver(t, "telegraf", "github.com/influxdata/telegraf", network, endpoint, args...)
}

func TestTelegrafCountsTheSame(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		for _, d := range []metrics.Dialect{metrics.Plain, metrics.InfluxDB} {
			t.Run(network+" "+d.String(), func(t *testing.T) {
				endpoint := "127.0.0.1:" + freePort(t)
				var args []string
				if d == metrics.Plain {
					args = append(args, "datadog")
				}
				totals := startTelegraf(t, network, endpoint, args...)
				send(t, network+"://"+endpoint, program, metrics.WithDialect(d))
				got := await(t, totals)
				assert.Empty(t, got.Errors)
				sameTotals(t, programTotals, got.Totals)
			})
		}
	}
}

// TestTelegrafSurvivesEverything: Telegraf knows no negative histogram, and
// with Datadog's extensions it takes names that start with _e for events: see
// docs/metrics.md.
func TestTelegrafSurvivesEverything(t *testing.T) {
	for _, d := range []metrics.Dialect{metrics.NoTags, metrics.InfluxDB} {
		t.Run(d.String(), func(t *testing.T) {
			endpoint := "127.0.0.1:" + freePort(t)
			survives(t, startTelegraf(t, "tcp", endpoint), "tcp://"+endpoint, d, true)
		})
	}
}
