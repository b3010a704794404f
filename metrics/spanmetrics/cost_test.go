// SPDX-License-Identifier: Apache-2.0

package spanmetrics_test

import (
	"context"
	"io"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/spanmetrics"
)

// go test -run '^$' -bench . -benchtime=0.3s -count=3 ./metrics/spanmetrics

// capture keeps the span it sees.
type capture struct{ span sdktrace.ReadOnlySpan }

func (*capture) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (c *capture) OnEnd(s sdktrace.ReadOnlySpan)                 { c.span = s }
func (*capture) Shutdown(context.Context) error                  { return nil }
func (*capture) ForceFlush(context.Context) error                { return nil }

// finished returns a span as the SDK hands it to processors.
func finished() sdktrace.ReadOnlySpan {
	var c capture
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(&c))
	_, span := tp.Tracer("test").Start(context.Background(), "GET /cart/{id}",
		trace.WithAttributes(attribute.String("http.request.method", "GET"), attribute.Int("http.response.status_code", 200),
			attribute.String("url.path", "/cart/4711")))
	span.AddEvent("cache.miss")
	span.AddEvent("db.query")
	span.End()
	return c.span
}

var costs = map[string][]spanmetrics.Option{
	"plain":     nil,
	"two tags":  {spanmetrics.WithAttributes("http.request.method", "http.response.status_code")},
	"tomograph": {spanmetrics.WithTomographNames("shop", "10.0.0.7", 8080)},
}

func TestOnEndDoesNotAllocate(t *testing.T) {
	for name, opts := range costs {
		t.Run(name, func(t *testing.T) {
			if raceEnabled {
				t.Skip("sync.Pool forgets at random under the race detector")
			}
			c := metrics.New(io.Discard, metrics.WithFlushInterval(time.Hour))
			defer c.Close()
			p, span := spanmetrics.NewProcessor(c, opts...), finished()
			for range 3000 {
				p.OnEnd(span)
			}
			_ = c.Flush(context.Background())
			if n := testing.AllocsPerRun(1000, func() { p.OnEnd(span) }); n != 0 {
				t.Errorf("OnEnd allocates %v times, want 0", n)
			}
		})
	}
}

// BenchmarkOnEnd is a span with two events: one timing and two counts.
func BenchmarkOnEnd(b *testing.B) {
	for name, opts := range costs {
		b.Run(name, func(b *testing.B) {
			c := metrics.New(io.Discard, metrics.WithFlushInterval(time.Hour))
			defer c.Close()
			p, span := spanmetrics.NewProcessor(c, opts...), finished()
			b.ReportAllocs()
			var n int
			for b.Loop() {
				p.OnEnd(span)
				if n++; n%200_000 == 0 { // dropping is not what is measured
					b.StopTimer()
					_ = c.Flush(context.Background())
					b.StartTimer()
				}
			}
		})
	}
}
