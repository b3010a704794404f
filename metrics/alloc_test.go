// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/waymark-otel/waymark/metrics"
)

func TestRecordingDoesNotAllocate(t *testing.T) {
	a, b := metrics.T("method", "GET"), metrics.T("code", "200")
	for name, tc := range map[string]struct {
		opts   []metrics.Option
		pooled bool // memory comes from a sync.Pool
		do     func(*metrics.Client) func()
	}{
		"count":   {nil, false, func(c *metrics.Client) func() { return func() { c.Count("n", 1, a, b) } }},
		"bound":   {nil, false, func(c *metrics.Client) func() { n := c.Counter("n", a, b); return func() { n.Inc() } }},
		"gauge":   {nil, false, func(c *metrics.Client) func() { return func() { c.Gauge("g", 1.5, a, b) } }},
		"change":  {nil, false, func(c *metrics.Client) func() { return func() { c.GaugeDelta("g", 1.5, a, b) } }},
		"timing":  {nil, true, func(c *metrics.Client) func() { return func() { c.Timing("t", time.Second, a, b) } }},
		"timer":   {nil, true, func(c *metrics.Client) func() { m := c.Timer("t", a, b); return func() { m.Record(1) } }},
		"value":   {nil, true, func(c *metrics.Client) func() { return func() { c.Histogram("h", 1.5, a, b) } }},
		"member":  {nil, false, func(c *metrics.Client) func() { return func() { c.Set("s", "ann", a, b) } }},
		"child":   {nil, false, func(c *metrics.Client) func() { c = c.With("app", a); return func() { c.Count("n", 1, b) } }},
		"unclean": {nil, false, func(c *metrics.Client) func() { return func() { c.Count("a b\n", 1, metrics.T("k:", "v|")) } }},
		"long":    {nil, false, func(c *metrics.Client) func() { n := string(make([]byte, 9000)); return func() { c.Count(n, 1) } }},
		"other":   {[]metrics.Option{metrics.WithMaxSeries(1)}, false, func(c *metrics.Client) func() { c.Count("a", 1); return func() { c.Count("n", 1, a, b) } }},
		"no aggregation": {[]metrics.Option{metrics.WithoutAggregation()}, true,
			func(c *metrics.Client) func() { return func() { c.Count("n", 1, a, b); c.Gauge("g", 1, a) } }},
		"reservoir": {[]metrics.Option{metrics.WithReservoir(10)}, false,
			func(c *metrics.Client) func() { return func() { c.Timing("t", time.Second, a, b) } }},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.pooled && raceEnabled {
				t.Skip("sync.Pool forgets at random under the race detector")
			}
			c := metrics.New(io.Discard, append(tc.opts, metrics.WithFlushInterval(time.Hour))...)
			defer c.Close()
			do := tc.do(c)
			for range 3000 { // fill the pool
				do()
			}
			_ = c.Flush(context.Background())
			if n := testing.AllocsPerRun(1000, do); n != 0 {
				t.Errorf("allocates %v times, want 0", n)
			}
		})
	}
}

func TestDiscardingDoesNotAllocate(t *testing.T) {
	var c *metrics.Client
	if n := testing.AllocsPerRun(100, func() {
		c.Count("n", 1, metrics.T("a", "b"))
		c.Timing("t", time.Second, metrics.T("a", "b"))
		c.Time("t")()
	}); n != 0 {
		t.Errorf("a nil client allocates %v times, want 0", n)
	}
}
