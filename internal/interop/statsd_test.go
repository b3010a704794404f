// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/metricstest"
)

// normal writes the totals of the server as programTotals does.
func (got statsdTotals) normal() map[string]float64 {
	normal := map[string]float64{}
	for key, v := range got.Counters {
		normal[key+" total"] = v
	}
	for key, v := range got.Counts {
		normal[key+" count"] = v
	}
	for key, values := range got.Timers {
		for _, v := range values {
			normal[key+" sum"] += v
		}
	}
	for key, v := range got.Gauges {
		normal[key+" level"] = v
	}
	for key, members := range got.Sets {
		normal[key+" members"] = float64(len(members))
	}
	maps.DeleteFunc(normal, func(key string, _ float64) bool { return statsdsOwn[key] })
	return normal
}

// statsdsOwn are metrics that the server adds, and our last line.
var statsdsOwn = map[string]bool{
	"statsd.bad_lines_seen total": true, "statsd.metrics_received total": true, "statsd.packets_received total": true,
	"statsd.timestamp_lag level": true, "statsd.last total": true,
}

// finish sends what clients have left and a last line each, closes them, and
// returns what the server has made of all of it.
func (s *statsdServer) finish(t testing.TB, clients ...*metrics.Client) statsdTotals {
	t.Helper()
	for _, c := range clients {
		require.NoError(t, c.Flush(t.Context()))
		c.Count("statsd.last", 1) // on one socket, lines arrive in their order
		require.NoError(t, c.Close())
		assert.Zero(t, c.Stats().Dropped.Total()-c.Stats().Dropped.Invalid-c.Stats().Dropped.Oversize)
	}
	return s.settle(t, func(got statsdTotals) bool { return got.Counters["statsd.last"] >= float64(len(clients)) })
}

func TestReferenceServerCountsTheSame(t *testing.T) {
	for _, network := range []string{"udp", "tcp", "unix"} {
		for mode, opts := range map[string][]metrics.Option{
			"plain":        nil,
			"graphite":     {metrics.WithDialect(metrics.Graphite)},
			"unaggregated": {metrics.WithoutAggregation()},
		} {
			t.Run(network+" "+mode, func(t *testing.T) {
				s := startStatsD(t, nil)
				c, err := metrics.Dial(s.addr(network), opts...)
				require.NoError(t, err)
				program(c)
				got := s.finish(t, c)
				assert.Zero(t, got.badLines())
				sameTotals(t, programTotals, got.normal())
			})
		}
	}
}

func TestReferenceServerWithoutTags(t *testing.T) {
	s := startStatsD(t, nil)
	c, err := metrics.Dial(s.udp, metrics.WithDialect(metrics.NoTags))
	require.NoError(t, err)
	program(c)
	got := s.finish(t, c)
	assert.Zero(t, got.badLines())
	assert.EqualValues(t, 1000, got.Counters["shop.requests.code.200"])
	assert.EqualValues(t, 500, got.Counts["shop.took.code.200"])
}

func TestReferenceServerCountsWithRates(t *testing.T) {
	s := startStatsD(t, nil)
	c, err := metrics.Dial(s.udp, metrics.WithReservoir(100))
	require.NoError(t, err)
	for range 5000 {
		c.Timing("busy", time.Millisecond)
	}
	half, err := c.Sampled(0.5)
	require.NoError(t, err)
	for range 5000 {
		half.Timing("half", time.Millisecond)
	}
	got := s.finish(t, c)
	assert.Zero(t, got.badLines())
	assert.InDelta(t, 5000, got.Counts["busy"], 1e-6)
	assert.InDelta(t, 5000, got.Counts["half"], 5*70.7)
	assert.Len(t, got.Timers["busy"], 100)
}

// meaning says what the server should make of lines that came so many times,
// by its own rules for keys: slashes are dashes, and what it does not know is
// gone.
func meaning(lines []metricstest.Metric, times int) map[string]float64 {
	want := map[string]float64{}
	members := map[string]map[string]bool{}
	unknown := regexp.MustCompile(`[^a-zA-Z_\-0-9.;=]`)
	for range times {
		for _, m := range lines {
			key := m.Name
			for _, tag := range m.Tags {
				key += ";" + tag.Key + "=" + tag.Value
			}
			key = unknown.ReplaceAllString(strings.ReplaceAll(key, "/", "-"), "")
			switch {
			case m.Type == "c":
				want[key+" total"] += m.Value / m.Rate
			case m.Type == "ms":
				want[key+" count"] += 1 / m.Rate
				want[key+" sum"] += m.Value
			case m.Type == "s":
				if members[key] == nil {
					members[key] = map[string]bool{}
				}
				members[key][m.Member] = true
				want[key+" members"] = float64(len(members[key]))
			case m.Signed:
				want[key+" level"] += m.Value
			default:
				want[key+" level"] = m.Value
			}
		}
	}
	return want
}

func TestReferenceServerSurvivesEverything(t *testing.T) {
	for _, d := range []metrics.Dialect{metrics.Plain, metrics.NoTags, metrics.Graphite} {
		t.Run(d.String(), func(t *testing.T) {
			s := startStatsD(t, nil)
			var clients []*metrics.Client
			for _, addr := range []string{s.udp, s.tcp, s.unix} {
				c, err := metrics.Dial(addr, metrics.WithDialect(d))
				require.NoError(t, err)
				hostilities(c, true)
				clients = append(clients, c)
			}
			got := s.finish(t, clients...)
			assert.Zero(t, got.badLines(), "bad_lines_seen")
			var lines float64
			for _, c := range clients {
				lines += float64(c.Stats().Sent)
			}
			assert.GreaterOrEqual(t, got.metrics(), lines, "a negative gauge is two lines")
			assert.NotContains(t, got.Counters, "evil")

			// What our own parser makes of the same calls is what it has.
			var sink metricstest.Sink
			c := metrics.New(&sink, metrics.WithDialect(d))
			hostilities(c, true)
			require.NoError(t, c.Close())
			assert.Empty(t, sink.Bad())
			sameTotals(t, meaning(sink.Metrics(), len(clients)), got.normal())

			// It still counts, and every member of a set is there.
			c, err := metrics.Dial(s.udp)
			require.NoError(t, err)
			c.Count("after", 7)
			require.NoError(t, c.Close())
			got = s.settle(t, func(got statsdTotals) bool { return got.Counters["after"] == 7 })
			assert.EqualValues(t, 7, got.Counters["after"])
			assert.EqualValues(t, 3, got.Counters["constructor_"])
			assert.EqualValues(t, 3, got.Counters["__proto___"])
			assert.Contains(t, got.Sets["set"], "__proto___")
		})
	}
}
