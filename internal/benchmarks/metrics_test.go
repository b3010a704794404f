// SPDX-License-Identifier: Apache-2.0

package benchmarks

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/DataDog/datadog-go/v5/statsd"
	cactus "github.com/cactus/go-statsd-client/v5/statsd"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/otelmetrics"
	"github.com/waymark-otel/waymark/metrics/spanmetrics"
)

// go test -run '^$' -bench Metrics -benchtime 0.3s -count 3 .
//
// The same call, two tags, to a writer that discards. The other peers of the
// package's first measurements, alexcesaro's and smira's clients, are not to
// be had from the module proxy everywhere.

// discard is where datadog-go and cactus write to.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Send(p []byte) (int, error)  { return len(p), nil }
func (discard) Close() error                { return nil }

func ours(b *testing.B) *metrics.Client {
	c := metrics.New(io.Discard)
	b.Cleanup(func() { _ = c.Close() })
	return c
}

func datadog(b *testing.B, opts ...statsd.Option) *statsd.Client {
	c, err := statsd.NewWithWriter(discard{}, append(opts, statsd.WithoutTelemetry(), statsd.WithoutOriginDetection())...)
	require.NoError(b, err)
	b.Cleanup(func() { _ = c.Close() })
	return c
}

func cactusClient(b *testing.B) cactus.Statter {
	sender, err := cactus.NewBufferedSenderWithSender(discard{}, time.Second, 1432)
	require.NoError(b, err)
	c, err := cactus.NewClientWithSender(sender, "", cactus.SuffixOctothorpe)
	require.NoError(b, err)
	b.Cleanup(func() { _ = c.Close() })
	return c
}

func instruments(b *testing.B) metric.Meter {
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	b.Cleanup(func() { _ = mp.Shutdown(context.Background()) })
	return mp.Meter("bench")
}

func BenchmarkMetricsCountTwoTags(b *testing.B) {
	b.Run("waymark", func(b *testing.B) {
		c := ours(b)
		b.ReportAllocs()
		for b.Loop() {
			c.Count("http.requests", 1, metrics.Tag{Key: "method", Value: "GET"}, metrics.Tag{Key: "code", Value: "200"})
		}
	})
	b.Run("waymark-unaggregated", func(b *testing.B) {
		c := metrics.New(io.Discard, metrics.WithoutAggregation(), metrics.WithFlushInterval(time.Hour))
		b.Cleanup(func() { _ = c.Close() })
		measureQueued(b, c, func() {
			c.Count("http.requests", 1, metrics.Tag{Key: "method", Value: "GET"}, metrics.Tag{Key: "code", Value: "200"})
		})
	})
	b.Run("datadog", func(b *testing.B) {
		c := datadog(b)
		b.ReportAllocs()
		for b.Loop() {
			_ = c.Count("http.requests", 1, []string{"method:GET", "code:200"}, 1)
		}
	})
	b.Run("cactus", func(b *testing.B) {
		c := cactusClient(b)
		b.ReportAllocs()
		for b.Loop() {
			_ = c.Inc("http.requests", 1, 1, cactus.Tag{"method", "GET"}, cactus.Tag{"code", "200"})
		}
	})
	b.Run("otel", func(b *testing.B) {
		n, err := instruments(b).Int64Counter("http.requests")
		require.NoError(b, err)
		ctx := context.Background()
		b.ReportAllocs()
		for b.Loop() {
			n.Add(ctx, 1, metric.WithAttributes(attribute.String("method", "GET"), attribute.String("code", "200")))
		}
	})
	b.Run("waymark-otel-recorder", func(b *testing.B) {
		r := otelmetrics.NewRecorder(instruments(b))
		b.ReportAllocs()
		for b.Loop() {
			r.Count("http.requests", 1, metrics.Tag{Key: "method", Value: "GET"}, metrics.Tag{Key: "code", Value: "200"})
		}
	})
}

func BenchmarkMetricsCountBound(b *testing.B) {
	b.Run("waymark", func(b *testing.B) {
		n := ours(b).Counter("http.requests", metrics.T("method", "GET"), metrics.T("code", "200"))
		b.ReportAllocs()
		for b.Loop() {
			n.Inc()
		}
	})
	b.Run("otel", func(b *testing.B) {
		n, err := instruments(b).Int64Counter("http.requests")
		require.NoError(b, err)
		ctx, opts := context.Background(), []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(attribute.String("method", "GET"), attribute.String("code", "200")))}
		b.ReportAllocs()
		for b.Loop() {
			n.Add(ctx, 1, opts...)
		}
	})
	b.Run("waymark-otel-recorder", func(b *testing.B) {
		n := otelmetrics.NewRecorder(instruments(b)).Counter("http.requests", metrics.T("method", "GET"), metrics.T("code", "200"))
		b.ReportAllocs()
		for b.Loop() {
			n.Inc()
		}
	})
}

func BenchmarkMetricsTimingTwoTags(b *testing.B) {
	const took = 1234567 * time.Nanosecond
	b.Run("waymark", func(b *testing.B) {
		c := metrics.New(io.Discard, metrics.WithFlushInterval(time.Hour))
		b.Cleanup(func() { _ = c.Close() })
		measureQueued(b, c, func() {
			c.Timing("http.time", took, metrics.Tag{Key: "method", Value: "GET"}, metrics.Tag{Key: "code", Value: "200"})
		})
	})
	b.Run("datadog", func(b *testing.B) {
		c := datadog(b)
		b.ReportAllocs()
		for b.Loop() {
			_ = c.Timing("http.time", took, []string{"method:GET", "code:200"}, 1)
		}
	})
	b.Run("cactus", func(b *testing.B) {
		c := cactusClient(b)
		b.ReportAllocs()
		for b.Loop() {
			_ = c.TimingDuration("http.time", took, 1, cactus.Tag{"method", "GET"}, cactus.Tag{"code", "200"})
		}
	})
	b.Run("otel", func(b *testing.B) {
		h, err := instruments(b).Float64Histogram("http.time")
		require.NoError(b, err)
		ctx := context.Background()
		b.ReportAllocs()
		for b.Loop() {
			h.Record(ctx, took.Seconds(), metric.WithAttributes(attribute.String("method", "GET"), attribute.String("code", "200")))
		}
	})
	b.Run("waymark-otel-recorder", func(b *testing.B) {
		r := otelmetrics.NewRecorder(instruments(b))
		b.ReportAllocs()
		for b.Loop() {
			r.Timing("http.time", took, metrics.Tag{Key: "method", Value: "GET"}, metrics.Tag{Key: "code", Value: "200"})
		}
	})
}

// measureQueued measures a call whose values are queued, and empties the queue
// off the clock: dropping is not what is measured.
func measureQueued(b *testing.B, c *metrics.Client, call func()) {
	b.ReportAllocs()
	var n int
	for b.Loop() {
		call()
		if n++; n%200_000 == 0 {
			b.StopTimer()
			_ = c.Flush(context.Background())
			b.StartTimer()
		}
	}
	if dropped := c.Stats().Dropped.Total(); dropped > 0 {
		b.Errorf("%d dropped", dropped)
	}
}

// BenchmarkMetricsSpan is a whole span with two events: what a processor costs
// is the difference to the one that does nothing.
func BenchmarkMetricsSpan(b *testing.B) {
	c := metrics.New(io.Discard)
	b.Cleanup(func() { _ = c.Close() })
	dd := datadog(b)
	for _, bench := range []struct {
		name      string
		processor sdktrace.SpanProcessor
	}{
		{"nothing", processor(func(sdktrace.ReadOnlySpan) {})},
		{"waymark", spanmetrics.NewProcessor(c)},
		{"waymark-two-tags", spanmetrics.NewProcessor(c, spanmetrics.WithAttributes("method", "code"))},
		{"datadog-by-hand", processor(func(s sdktrace.ReadOnlySpan) {
			_ = dd.Timing(s.Name(), s.EndTime().Sub(s.StartTime()), nil, 1)
			for _, e := range s.Events() {
				_ = dd.Incr(s.Name()+"."+e.Name, nil, 1)
			}
		})},
	} {
		b.Run(bench.name, func(b *testing.B) {
			tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(bench.processor))
			tracer, ctx := tp.Tracer("bench"), context.Background()
			attrs := trace.WithAttributes(attribute.String("method", "GET"), attribute.Int("code", 200))
			b.ReportAllocs()
			for b.Loop() {
				_, span := tracer.Start(ctx, "GET /cart/{id}", attrs)
				span.AddEvent("cache.miss")
				span.AddEvent("db.query")
				span.End()
			}
		})
	}
}

// processor is a span processor made of a function.
type processor func(sdktrace.ReadOnlySpan)

func (processor) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (f processor) OnEnd(s sdktrace.ReadOnlySpan)                 { f(s) }
func (processor) Shutdown(context.Context) error                  { return nil }
func (processor) ForceFlush(context.Context) error                { return nil }
