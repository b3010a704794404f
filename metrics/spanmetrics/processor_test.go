// SPDX-License-Identifier: Apache-2.0

package spanmetrics_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/metricstest"
	"github.com/waymark-otel/waymark/metrics/spanmetrics"
	"github.com/waymark-otel/waymark/samplers"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// finish makes a span of a known length.
func finish(tracer trace.Tracer, name string, took time.Duration, opts ...trace.SpanStartOption) {
	_, span := tracer.Start(context.Background(), name, append(opts, trace.WithTimestamp(start))...)
	span.End(trace.WithTimestamp(start.Add(took)))
}

func setup(t *testing.T, opts ...spanmetrics.Option) (*metricstest.Recorder, trace.Tracer) {
	t.Helper()
	rec := metricstest.NewRecorder(t)
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spanmetrics.NewProcessor(rec.Client(), opts...)))
	return rec, tp.Tracer("test")
}

func TestASpanIsATimingAndItsEventsAreCounts(t *testing.T) {
	rec, tracer := setup(t)
	ctx, parent := tracer.Start(context.Background(), "checkout", trace.WithTimestamp(start))
	_, child := tracer.Start(ctx, "GET /cart/{id}", trace.WithTimestamp(start))
	child.AddEvent("cache.miss")
	child.AddEvent("cache.miss")
	child.AddEvent("db query")
	child.End(trace.WithTimestamp(start.Add(250 * time.Microsecond)))
	parent.AddEvent("")
	parent.End(trace.WithTimestamp(start.Add(12500 * time.Microsecond)))
	assert.ElementsMatch(t, []string{
		"GET__cart__id_:0.25|ms", "checkout:12.5|ms",
		"GET__cart__id_.cache.miss:2|c", "GET__cart__id_.db_query:1|c", "checkout._:1|c",
	}, rec.Lines())
}

func TestListedAttributesAreTags(t *testing.T) {
	rec, tracer := setup(t, spanmetrics.WithAttributes("region", "code", ""), spanmetrics.WithAttributes("ok", "code", "ratio", "list"))
	_, span := tracer.Start(context.Background(), "checkout", trace.WithTimestamp(start), trace.WithAttributes(
		attribute.String("region", "eu"), attribute.Int("code", 404), attribute.Bool("ok", true),
		attribute.Float64("ratio", 0.5), attribute.String("user.id", "4711"),
	))
	span.AddEvent("paid", trace.WithAttributes(attribute.String("region", "us"), attribute.Int("amount", 17)))
	span.AddEvent("sent")
	span.End(trace.WithTimestamp(start.Add(time.Millisecond)))
	for _, code := range []int{-1, 0, 599, 600, 1 << 40} {
		finish(tracer, "answer", time.Millisecond, trace.WithAttributes(attribute.Int("code", code)))
	}
	finish(tracer, "list", time.Millisecond, trace.WithAttributes(attribute.StringSlice("list", []string{"a", "b"})))
	assert.ElementsMatch(t, []string{
		"checkout:1|ms|#region:eu,code:404,ok:true,ratio:0.5",
		"checkout.paid:1|c|#region:us,code:404,ok:true,ratio:0.5",
		"checkout.sent:1|c|#region:eu,code:404,ok:true,ratio:0.5",
		"answer:1|ms|#code:-1", "answer:1|ms|#code:0", "answer:1|ms|#code:599", "answer:1|ms|#code:600", "answer:1|ms|#code:1099511627776",
		`list:1|ms|#list:["a""b"]`,
	}, rec.Lines())
}

func TestASpanWithoutANameHasOne(t *testing.T) {
	for name, tc := range map[string]struct {
		opts  []spanmetrics.Option
		span  string
		lines []string
	}{
		"empty":           {nil, "", []string{"_:1|ms", "_.paid:1|c"}},
		"nothing is left": {[]spanmetrics.Option{spanmetrics.WithTomographNames("shop", "10.0.0.7", 80)}, "日本", []string{"shop-10-0-0-7-80._:1|ms", "shop-10-0-0-7-80._.paid:1|c"}},
	} {
		t.Run(name, func(t *testing.T) {
			rec, tracer := setup(t, tc.opts...)
			_, span := tracer.Start(context.Background(), tc.span, trace.WithTimestamp(start))
			span.AddEvent("paid")
			span.End(trace.WithTimestamp(start.Add(time.Millisecond)))
			assert.ElementsMatch(t, tc.lines, rec.Lines())
		})
	}
}

func TestTomographNames(t *testing.T) {
	rec, tracer := setup(t, spanmetrics.WithTomographNames("my shop", "10.0.0.7", 8080))
	_, span := tracer.Start(context.Background(), "GET /cart", trace.WithTimestamp(start))
	span.AddEvent("cache miss {1}")
	span.End(trace.WithTimestamp(start.Add(time.Millisecond)))
	assert.ElementsMatch(t, []string{
		"my-shop-10-0-0-7-8080.GET--cart:1|ms",
		"my-shop-10-0-0-7-8080.GET--cart.cache-miss-1:1|c",
	}, rec.Lines())
}

func TestTomographNamesOfIPv6(t *testing.T) {
	rec, tracer := setup(t, spanmetrics.WithTomographNames("shop", "::1", 80))
	finish(tracer, "x", time.Millisecond)
	assert.Equal(t, []string{"shop---1-80.x:1|ms"}, rec.Lines())
}

func TestEverySpanCountsWhateverIsSampled(t *testing.T) {
	for _, ratio := range []float64{1, 0.1, 0.001, 0} {
		t.Run(fmt.Sprint(ratio), func(t *testing.T) {
			rec := metricstest.NewRecorder(t)
			var sampled int
			tp := sdktrace.NewTracerProvider(
				sdktrace.WithSampler(samplers.AlwaysRecord(samplers.ParentBased(samplers.Probability(ratio)))),
				sdktrace.WithSpanProcessor(spanmetrics.NewProcessor(rec.Client())),
				sdktrace.WithSpanProcessor(counter{&sampled}),
			)
			tracer := tp.Tracer("test")
			const n = 5000
			for range n {
				ctx, span := tracer.Start(context.Background(), "parent")
				_, child := tracer.Start(ctx, "child")
				child.AddEvent("event")
				child.End()
				span.End()
			}
			assert.Len(t, rec.Timings("parent"), n)
			assert.Len(t, rec.Timings("child"), n)
			assert.EqualValues(t, n, rec.Count("child.event"))
			if ratio < 1 {
				assert.Less(t, sampled, 2*n, "else this proves nothing")
			}
		})
	}
}

// counter counts sampled spans.
type counter struct{ n *int }

func (counter) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (counter) Shutdown(context.Context) error                  { return nil }
func (counter) ForceFlush(context.Context) error                { return nil }
func (c counter) OnEnd(s sdktrace.ReadOnlySpan) {
	if s.SpanContext().IsSampled() {
		*c.n++
	}
}

func TestManyNamesStayBoundedAndCounted(t *testing.T) {
	rec := metricstest.NewRecorder(t)
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spanmetrics.NewProcessor(rec.Client())))
	tracer := tp.Tracer("test")
	const n = 30_000
	for i := range n {
		finish(tracer, fmt.Sprint("user", i), time.Millisecond)
	}
	_, span := tracer.Start(context.Background(), "user1")
	for i := range 100 {
		span.AddEvent(fmt.Sprint("event", i))
	}
	span.End()
	var timings int
	for _, line := range rec.Lines() {
		if strings.HasSuffix(line, "|ms") {
			timings++
		}
	}
	assert.Equal(t, n+1, timings)
	stats := rec.Client().Stats()
	assert.LessOrEqual(t, stats.Series, 10_002)
	assert.Positive(t, stats.Overflow)
	assert.EqualValues(t, 100, rec.Count("other"))
}

func TestConcurrentSpansAreExact(t *testing.T) {
	rec, tracer := setup(t)
	var wg sync.WaitGroup
	const goroutines, each = 8, 1000
	for range goroutines {
		wg.Go(func() {
			for i := range each {
				_, span := tracer.Start(context.Background(), fmt.Sprint("op", i%10))
				span.AddEvent(fmt.Sprint("event", i%100))
				span.End()
			}
		})
	}
	wg.Wait()
	var timings int
	var events float64
	for _, m := range rec.Metrics() {
		if m.Type == "ms" {
			timings++
		} else {
			events += m.Value
		}
	}
	assert.Equal(t, goroutines*each, timings)
	assert.EqualValues(t, goroutines*each, events)
}

func TestANilClientDiscards(t *testing.T) {
	p := spanmetrics.NewProcessor(nil, nil, spanmetrics.WithAttributes("a"))
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(p))
	finish(tp.Tracer("test"), "x", time.Millisecond)
	require.NoError(t, tp.ForceFlush(context.Background()))
	require.NoError(t, tp.Shutdown(context.Background()))
}

func TestFlushAndShutdownSendAndLeaveTheClientOpen(t *testing.T) {
	var sink metricstest.Sink
	c := metrics.New(&sink, metrics.WithFlushInterval(time.Hour))
	defer c.Close()
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spanmetrics.NewProcessor(c)))
	finish(tp.Tracer("test"), "one", time.Millisecond)
	require.NoError(t, tp.ForceFlush(context.Background()))
	assert.Equal(t, []string{"one:1|ms"}, sink.Lines())
	finish(tp.Tracer("test"), "two", time.Millisecond)
	require.NoError(t, tp.Shutdown(context.Background()))
	assert.Equal(t, []string{"one:1|ms", "two:1|ms"}, sink.Lines())
	c.Count("still", 1)
	require.NoError(t, c.Flush(context.Background()))
	assert.Contains(t, sink.Lines(), "still:1|c")
}
