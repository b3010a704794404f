// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/otelmetrics"
	"github.com/waymark-otel/waymark/metrics/spanmetrics"
	"github.com/waymark-otel/waymark/samplers"
)

// TestReferenceServerCountsEverySpan: the totals are the spans produced,
// whatever share of them is sampled.
func TestReferenceServerCountsEverySpan(t *testing.T) {
	for _, ratio := range []float64{1, 0.1, 0.001} {
		t.Run(fmt.Sprint(ratio), func(t *testing.T) {
			s := startStatsD(t, nil)
			c, err := metrics.Dial(s.tcp) // datagrams may be lost on a machine that is busy
			require.NoError(t, err)
			tp := sdktrace.NewTracerProvider(
				sdktrace.WithSampler(samplers.AlwaysRecord(samplers.ParentBased(samplers.Probability(ratio)))),
				sdktrace.WithSpanProcessor(spanmetrics.NewProcessor(c, spanmetrics.WithAttributes("region"))),
			)
			tracer := tp.Tracer("test")
			const n = 5000
			for range n {
				ctx, parent := tracer.Start(t.Context(), "checkout")
				_, child := tracer.Start(ctx, "charge card")
				child.SetAttributes(attribute.String("region", "eu"))
				child.AddEvent("paid")
				child.End()
				parent.End()
			}
			require.NoError(t, tp.Shutdown(t.Context()))
			got := s.finish(t, c)
			assert.Zero(t, got.badLines())
			assert.EqualValues(t, n, got.Counts["checkout"])
			assert.EqualValues(t, n, got.Counts["charge_card;region=eu"])
			assert.EqualValues(t, n, got.Counters["charge_card.paid;region=eu"])
		})
	}
}

// TestReferenceServerAddsExportsUp: exported again and again, a counter is
// still what was added to it.
func TestReferenceServerAddsExportsUp(t *testing.T) {
	s := startStatsD(t, nil)
	c, err := metrics.Dial(s.udp)
	require.NoError(t, err)
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(otelmetrics.NewExporter(c), sdkmetric.WithInterval(time.Hour))))
	m := mp.Meter("test")
	requests, _ := m.Int64Counter("requests")
	active, _ := m.Int64UpDownCounter("active")
	took, _ := m.Float64Histogram("took", metric.WithUnit("s"))
	ok := metric.WithAttributes(attribute.Int("code", 200))
	for range 10 {
		requests.Add(t.Context(), 7, ok)
		active.Add(t.Context(), -1)
		took.Record(t.Context(), 0.125)
		took.Record(t.Context(), 0.0005)
		require.NoError(t, mp.ForceFlush(t.Context()))
	}
	require.NoError(t, mp.Shutdown(context.Background()))
	got := s.finish(t, c)
	assert.Zero(t, got.badLines())
	sameTotals(t, map[string]float64{
		"requests;code=200 total": 70, "active level": -10,
		"took.count total": 20, "took.sum total": 1255, "took.min level": 0.5, "took.max level": 125,
	}, got.normal())
}

// TestReferenceServerMayBeRestarted: what is sent while nobody listens is kept
// on streams, and lost on UDP without harm.
func TestReferenceServerMayBeRestarted(t *testing.T) {
	for _, network := range []string{"udp", "tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			s := startStatsD(t, nil)
			c, err := metrics.Dial(s.addr(network), metrics.WithFlushInterval(20*time.Millisecond))
			require.NoError(t, err)
			c.Count("before", 1)
			require.NoError(t, c.Flush(t.Context()))
			s.settle(t, func(got statsdTotals) bool { return got.Counters["before"] == 1 })

			s.stop()
			for range 5 {
				c.Count("meanwhile", 1)
				c.Timing("meanwhile", time.Millisecond)
				_ = c.Flush(t.Context())
			}
			s.restart()
			c.Count("after", 1)
			require.Eventually(t, func() bool { return c.Flush(context.Background()) == nil }, 30*time.Second, 10*time.Millisecond)
			got := s.finish(t, c)
			assert.Zero(t, got.badLines())
			assert.EqualValues(t, 1, got.Counters["after"])
			if network != "udp" {
				assert.EqualValues(t, 5, got.Counters["meanwhile"])
				assert.EqualValues(t, 5, got.Counts["meanwhile"])
			}
		})
	}
}
