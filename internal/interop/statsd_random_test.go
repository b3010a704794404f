// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/metricstest"
)

// randomCalls calls every verb with strings and numbers that were drawn.
func randomCalls(c *metrics.Client, seed uint64, n int) {
	r := rand.New(rand.NewPCG(seed, 0))
	text := func() string {
		if r.IntN(4) == 0 {
			return hostile[r.IntN(len(hostile))]
		}
		s := make([]byte, r.IntN(8))
		for i := range s {
			if s[i] = byte(r.IntN(256)); r.IntN(2) == 0 {
				s[i] = ":|@#,;=\n\r .-_/%ab0\x8a\xc4"[r.IntN(19)]
			}
		}
		return string(s)
	}
	number := func() float64 {
		switch r.IntN(4) {
		case 0:
			return math.Float64frombits(r.Uint64())
		case 1:
			return float64(r.IntN(2000) - 1000)
		case 2:
			return r.NormFloat64()
		}
		return []float64{0, math.Inf(1), math.NaN(), 1e300, 5e-324, -1e300, math.Copysign(0, -1)}[r.IntN(7)]
	}
	for range n {
		at := c
		if r.IntN(4) == 0 {
			at = c.With(text(), metrics.T(text(), text()))
		}
		var tags []metrics.Tag
		for range r.IntN(4) {
			tags = append(tags, metrics.T(text(), text()))
		}
		switch r.IntN(7) {
		case 0:
			at.Count(text(), int64(r.Uint64()), tags...)
		case 1:
			at.Gauge(text(), number(), tags...)
		case 2:
			at.GaugeDelta(text(), number(), tags...)
		case 3:
			at.Timing(text(), time.Duration(r.Uint64()), tags...)
		case 4:
			at.Histogram(text(), number(), tags...)
		case 5:
			at.Set(text(), text(), tags...)
		case 6:
			at.CountFloat(text(), number(), tags...)
		}
	}
}

// TestReferenceServerReadsWhatWeMean: whatever is passed in, the server and
// our own parser agree on what came out.
func TestReferenceServerReadsWhatWeMean(t *testing.T) {
	const calls = 1500 // few enough for one buffer of datagrams
	for _, d := range []metrics.Dialect{metrics.Plain, metrics.NoTags, metrics.Graphite} {
		t.Run(d.String(), func(t *testing.T) {
			seed := rand.Uint64()
			t.Log("seed", seed)
			var sink metricstest.Sink
			c := metrics.New(&sink, metrics.WithDialect(d), metrics.WithFlushInterval(time.Hour))
			randomCalls(c, seed, calls)
			require.NoError(t, c.Close())
			require.Empty(t, sink.Bad())
			want := meaning(sink.Metrics(), 1)

			for _, network := range []string{"udp", "tcp", "unix"} {
				s := startStatsD(t, nil)
				c, err := metrics.Dial(s.addr(network), metrics.WithDialect(d), metrics.WithFlushInterval(time.Hour))
				require.NoError(t, err)
				randomCalls(c, seed, calls)
				got := s.finish(t, c)
				assert.Zero(t, got.badLines(), "bad_lines_seen")
				sameTotals(t, want, got.normal())
			}
		})
	}
}
