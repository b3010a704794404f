// SPDX-License-Identifier: Apache-2.0

package instrumenttest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// fakeTB notes what a helper tells the test in place of failing it.
type fakeTB struct {
	testing.TB
	mu     sync.Mutex
	errors []string
	fatal  bool
}

func (*fakeTB) Helper()          {}
func (f *fakeTB) Cleanup(func()) {}
func (f *fakeTB) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}
func (f *fakeTB) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	f.fatal = true
}

func TestSpansAreRecordedInTheOrderOfTheirEnd(t *testing.T) {
	rec := instrumenttest.New(t, sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "shop"))))
	tracer := rec.TracerProvider().Tracer("test")
	ctx, parent := tracer.Start(context.Background(), "parent")
	_, child := tracer.Start(ctx, "child")
	child.End()
	assert.Len(t, rec.Spans(), 1, "the parent has not ended")
	parent.End()
	require.Len(t, rec.Spans(), 2)
	assert.Equal(t, "child", rec.Spans()[0].Name())
	assert.Equal(t, rec.Span("parent").SpanContext().SpanID(), rec.Span("child").Parent().SpanID())
	assert.Contains(t, rec.Span("parent").Resource().String(), "service.name=shop")
	rec.Reset()
	assert.Empty(t, rec.Spans())
	assert.Empty(t, rec.Tree())
}

func TestSpanFailsTheTestUnlessThereIsExactlyOne(t *testing.T) {
	fake := &fakeTB{TB: t}
	rec := instrumenttest.New(fake)
	tracer := rec.TracerProvider().Tracer("test")
	for range 2 {
		_, span := tracer.Start(context.Background(), "twice")
		span.End()
	}
	assert.Nil(t, rec.Span("twice"))
	assert.Nil(t, rec.Span("never"))
	assert.True(t, fake.fatal)
	require.Len(t, fake.errors, 2)
	assert.Equal(t, "instrumenttest: 2 spans are named \"twice\", want 1; recorded:\ntwice\ntwice", fake.errors[0])
	assert.Contains(t, fake.errors[1], `0 spans are named "never"`)
}

func TestNewLeavesTheGlobalsAlone(t *testing.T) {
	before := otel.GetTracerProvider()
	instrumenttest.New(t)
	assert.Equal(t, before, otel.GetTracerProvider())
}

func TestProvidersOfTheProgramCanBeRecordedToo(t *testing.T) {
	rec := instrumenttest.New(t)
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(rec.SpanProcessor()))
	_, span := tp.Tracer("program").Start(context.Background(), "theirs")
	span.End()
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(rec.MetricReader()))
	counter, err := mp.Meter("program").Int64Counter("orders")
	require.NoError(t, err)
	counter.Add(context.Background(), 3)
	assert.Equal(t, "theirs", rec.Span("theirs").Name())
	assert.Equal(t, 3.0, rec.MetricValue("orders"))
}

func TestMetricValueAddsUpThePointsThatMatch(t *testing.T) {
	rec := instrumenttest.New(t)
	meter := rec.MeterProvider().Meter("test")
	ctx := context.Background()
	paid, refused := attribute.String("result", "paid"), attribute.String("result", "refused")
	region := attribute.String("region", "eu")

	orders, err := meter.Int64Counter("orders")
	require.NoError(t, err)
	orders.Add(ctx, 2, metric.WithAttributes(paid, region))
	orders.Add(ctx, 1, metric.WithAttributes(refused, region))
	weight, err := meter.Float64Counter("weight")
	require.NoError(t, err)
	weight.Add(ctx, 1.5)
	depth, err := meter.Int64Gauge("depth")
	require.NoError(t, err)
	depth.Record(ctx, 9)
	load, err := meter.Float64Gauge("load")
	require.NoError(t, err)
	load.Record(ctx, 0.5)
	seconds, err := meter.Float64Histogram("seconds")
	require.NoError(t, err)
	seconds.Record(ctx, 10)
	seconds.Record(ctx, 20)
	size, err := meter.Int64Histogram("size")
	require.NoError(t, err)
	size.Record(ctx, 10)

	assert.Equal(t, 2.0, rec.MetricValue("orders", paid))
	assert.Equal(t, 3.0, rec.MetricValue("orders", region))
	assert.Equal(t, 0.0, rec.MetricValue("orders", attribute.Bool("region", true)))
	assert.Equal(t, 1.5, rec.MetricValue("weight"))
	assert.Equal(t, 9.0, rec.MetricValue("depth"))
	assert.Equal(t, 0.5, rec.MetricValue("load"))
	assert.Equal(t, 2.0, rec.MetricValue("seconds"), "measurements of a histogram")
	assert.Equal(t, 1.0, rec.MetricValue("size"))
	assert.Equal(t, 0.0, rec.MetricValue("none"))
	assert.Len(t, rec.Metrics(), 6)
}

func TestLogRecordsAreRecordedWithTheirSpan(t *testing.T) {
	rec := instrumenttest.New(t)
	ctx, span := rec.TracerProvider().Tracer("test").Start(context.Background(), "work")
	var record log.Record
	record.SetBody(attribute.StringValue("hello"))
	record.SetSeverity(log.SeverityWarn)
	rec.LoggerProvider().Logger("test").Emit(ctx, record)
	span.End()
	require.Len(t, rec.Logs(), 1)
	got := rec.Logs()[0]
	assert.Equal(t, "hello", got.Body().AsString())
	assert.Equal(t, log.SeverityWarn, got.Severity())
	assert.Equal(t, rec.Span("work").SpanContext().TraceID(), got.TraceID())
	rec.Reset()
	assert.Empty(t, rec.Logs())
}

func TestSlogLinesHaveNoTimeAndEveryLevel(t *testing.T) {
	rec := instrumenttest.New(t)
	assert.Empty(t, rec.SlogLines())
	logger := slog.New(rec.SlogHandler())
	logger.Debug("looking", "id", 7)
	logger.With("a", 1).WithGroup("g").Info("order placed", "time", "kept")
	assert.Equal(t, []string{
		`level=DEBUG msg=looking id=7`,
		`level=INFO msg="order placed" a=1 g.time=kept`,
	}, rec.SlogLines())
	rec.Reset()
	assert.Empty(t, rec.SlogLines())
}

func TestStatsDPacketsAreRecordedByLine(t *testing.T) {
	rec := instrumenttest.New(t)
	assert.Empty(t, rec.StatsDLines())
	_, err := io.WriteString(rec.StatsD(), "a:1|c\nb:2|ms\n")
	require.NoError(t, err)
	_, err = io.WriteString(rec.StatsD(), "c:3|g")
	require.NoError(t, err)
	assert.Equal(t, []string{"a:1|c", "b:2|ms", "c:3|g"}, rec.StatsDLines())
}

func TestRecorderTakesManyGoroutines(t *testing.T) {
	rec := instrumenttest.New(t)
	tracer := rec.TracerProvider().Tracer("test")
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			ctx, span := tracer.Start(context.Background(), "root")
			_, child := tracer.Start(ctx, "child")
			_ = rec.Tree(instrumenttest.ShowAttributes())
			child.SetStatus(codes.Error, errors.New("x").Error())
			child.End()
			span.End()
		})
	}
	wg.Wait()
	assert.Len(t, rec.Spans(), 64)
}
