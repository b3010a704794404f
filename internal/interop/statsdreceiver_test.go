// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/waymark-otel/waymark/metrics"
)

// startCollector starts the StatsD receiver of the OpenTelemetry Collector.
func startCollector(t testing.TB, network, endpoint string) (totals string) {
	t.Helper()
	return startReceiver(t, "statsdreceiver", "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/statsdreceiver", network, endpoint)
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
