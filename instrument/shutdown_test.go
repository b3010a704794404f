// SPDX-License-Identifier: Apache-2.0

package instrument_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// spans starts and ends n spans.
func spans(tel *instrument.Telemetry, n int) {
	tracer := tel.TracerProvider().Tracer("test")
	for range n {
		_, span := tracer.Start(context.Background(), "work")
		span.End()
	}
}

func TestHangingCollectorDoesNotHoldShutdown(t *testing.T) {
	noLeak(t)
	c := instrumenttest.NewCollector(t, instrumenttest.Hang())
	errs := &recordErrors{}
	tel, err := instrument.New(context.Background(), instrument.WithZipkin(c.URL), instrument.WithErrorHandler(errs))
	require.NoError(t, err)
	spans(tel, 700) // more than one batch
	ctx, cancel := context.WithTimeout(context.Background(), 150*time.Millisecond)
	defer cancel()
	start := time.Now()
	err = tel.Shutdown(ctx)
	assert.Less(t, time.Since(start), 150*time.Millisecond+50*time.Millisecond+slack)
	require.ErrorContains(t, err, "lost 700 spans")
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	// The cancelled export returns at once, on a busy machine a moment later.
	require.Eventually(t, func() bool { return tel.Stats().Exporters[0].Waiting == 0 }, 5*time.Second, time.Millisecond)
	s := tel.Stats().Exporters[0]
	assert.EqualValues(t, 700, s.Ended)
	assert.EqualValues(t, 700, s.Dropped)
	c.Close()
}

// TestShutdownKeepsItsDeadlineAndLeavesNoGoroutine in a bubble, where one that
// still sleeps when the test is over is an error.
func TestShutdownKeepsItsDeadlineAndLeavesNoGoroutine(t *testing.T) {
	for _, deadline := range []time.Duration{time.Millisecond, time.Second, 10 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			e := &stubExporter{export: func(ctx context.Context, _ []sdktrace.ReadOnlySpan) error { <-ctx.Done(); return ctx.Err() }}
			tel, err := instrument.New(context.Background(), e.option())
			require.NoError(t, err)
			spans(tel, 600)
			ctx, cancel := context.WithTimeout(context.Background(), deadline)
			if deadline == 10*time.Second { // the one by default
				ctx = context.Background()
			}
			defer cancel()
			start := time.Now()
			require.ErrorContains(t, tel.Shutdown(ctx), "lost 600 spans")
			assert.LessOrEqual(t, time.Since(start), deadline+50*time.Millisecond)
		})
	}
}

// slack is what a busy machine may add to a deadline in these tests.
const slack = 250 * time.Millisecond

func TestShutdownDoesNotWaitForAnExporterThatIgnoresItsContext(t *testing.T) {
	release := make(chan struct{})
	stuck := &stubExporter{export: func(context.Context, []sdktrace.ReadOnlySpan) error { <-release; return nil }}
	tel, err := instrument.New(context.Background(), stuck.option())
	require.NoError(t, err)
	spans(tel, 3)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	err = tel.Shutdown(ctx)
	assert.Less(t, time.Since(start), 100*time.Millisecond+slack)
	require.ErrorContains(t, err, "3 spans")
	close(release)
}

func TestOneHangingExporterDoesNotStarveTheOther(t *testing.T) {
	hanging, good := instrumenttest.NewCollector(t, instrumenttest.Hang()), instrumenttest.NewCollector(t)
	tel, err := instrument.New(context.Background(), instrument.WithZipkin(hanging.URL), instrument.WithZipkin(good.URL))
	require.NoError(t, err)
	spans(tel, 5)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	require.ErrorContains(t, tel.Shutdown(ctx), "lost 5 spans")
	assert.Len(t, good.Spans(), 5)
}

func TestAHundredConcurrentShutdownsAgree(t *testing.T) {
	noLeak(t)
	c := instrumenttest.NewCollector(t, instrumenttest.Status(500))
	shutdown, err := instrument.Setup(context.Background(), instrument.WithZipkin(c.URL))
	require.NoError(t, err)
	spans(instrument.Installed(), 4)
	var wg sync.WaitGroup
	results := make([]error, 100)
	for i := range results {
		wg.Go(func() { results[i] = shutdown(context.Background()) })
	}
	wg.Wait()
	require.ErrorContains(t, results[0], "lost 4 spans")
	for _, r := range results {
		assert.Equal(t, results[0], r)
	}
	assert.Equal(t, results[0], shutdown(context.Background()), "and afterwards")
	c.Close()
}

func TestShutdownJoinsEveryFailure(t *testing.T) {
	a := &stubExporter{shutdown: errors.New("a is stuck")}
	b := &stubExporter{shutdown: errors.New("b is stuck")}
	tel, err := instrument.New(context.Background(), a.option(), b.option(), instrument.WithSpanProcessor(badProcessor{}))
	require.NoError(t, err)
	err = tel.Shutdown(context.Background())
	for _, part := range []string{"a is stuck", "b is stuck", "instrument: span processor: panicked: boom"} {
		assert.ErrorContains(t, err, part)
	}
}

type badProcessor struct{}

func (badProcessor) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (badProcessor) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (badProcessor) ForceFlush(context.Context) error                { return nil }
func (badProcessor) Shutdown(context.Context) error                  { panic("boom") }

func TestProcessorsAreShutDownOnce(t *testing.T) {
	p := &countingProcessor{}
	tel, err := instrument.New(context.Background(), instrument.WithoutDefaultExporter(), instrument.WithSpanProcessor(p))
	require.NoError(t, err)
	spans(tel, 2)
	require.NoError(t, tel.Shutdown(context.Background()))
	require.NoError(t, tel.Shutdown(context.Background()))
	assert.Eventually(t, func() bool {
		_, span := tel.TracerProvider().Tracer("test").Start(context.Background(), "after")
		return !span.IsRecording()
	}, time.Second, time.Millisecond)
	p.mu.Lock()
	defer p.mu.Unlock()
	assert.Equal(t, 1, p.shutdowns)
	assert.Equal(t, 2, p.ended)
}

type countingProcessor struct {
	badProcessor
	mu               sync.Mutex
	shutdowns, ended int
}

func (p *countingProcessor) OnEnd(sdktrace.ReadOnlySpan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended++
}

func (p *countingProcessor) Shutdown(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shutdowns++
	return nil
}

func TestForceFlushSendsWhatWaitsAndReportsFailure(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Accepted(), instrumenttest.Status(500))
	tel, err := instrument.New(context.Background(), instrument.WithZipkin(c.URL))
	require.NoError(t, err)
	spans(tel, 3)
	require.NoError(t, tel.ForceFlush(context.Background()))
	assert.Len(t, c.Spans(), 3)
	spans(tel, 2)
	require.ErrorContains(t, tel.ForceFlush(context.Background()), "500")
	s := tel.Stats().Exporters[0]
	assert.EqualValues(t, 3, s.Sent)
	assert.Equal(t, map[string]uint64{"rejected": 2}, s.DroppedBy)
	require.NoError(t, tel.Shutdown(context.Background()), "what was lost before is not lost by Shutdown")
}

func TestNilTelemetryIsTheNoop(t *testing.T) {
	var tel *instrument.Telemetry
	_, span := tel.TracerProvider().Tracer("x").Start(context.Background(), "x")
	assert.False(t, span.IsRecording())
	assert.NotNil(t, tel.MeterProvider())
	assert.NotNil(t, tel.LoggerProvider())
	assert.NotNil(t, tel.Propagator())
	assert.NoError(t, tel.ForceFlush(context.Background()))
	assert.NoError(t, tel.Shutdown(context.Background()))
	assert.Zero(t, tel.Report())
	assert.Zero(t, tel.Stats())
}

func TestSpansAreCountedBySentWaitingAndDropped(t *testing.T) {
	t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "10")
	t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
	gate := make(chan struct{})
	e := &stubExporter{export: func(context.Context, []sdktrace.ReadOnlySpan) error { <-gate; return nil }}
	tel, err := instrument.New(context.Background(), e.option())
	require.NoError(t, err)
	spans(tel, 100) // 10 on their way and 10 queued, or a few more while the batch is taken
	s := tel.Stats().Exporters[0]
	assert.EqualValues(t, 100, s.Ended)
	assert.EqualValues(t, s.Ended, s.Sent+s.Waiting+s.Dropped)
	assert.GreaterOrEqual(t, s.DroppedBy[instrument.DroppedQueueFull], uint64(80))
	close(gate)
	require.NoError(t, tel.Shutdown(context.Background()))
	spans(tel, 1)
	s = tel.Stats().Exporters[0]
	assert.Zero(t, s.Waiting)
	assert.Equal(t, s.Ended, s.Sent+s.Dropped)
}

func TestAnExporterThatPanicsLosesItsBatchAlone(t *testing.T) {
	errs := &recordErrors{}
	n := 0
	e := &stubExporter{export: func(context.Context, []sdktrace.ReadOnlySpan) error {
		if n++; n == 1 {
			panic("index out of range")
		}
		return nil
	}}
	tel, err := instrument.New(context.Background(), e.option(), instrument.WithErrorHandler(errs))
	require.NoError(t, err)
	spans(tel, 1)
	require.Error(t, tel.ForceFlush(context.Background()))
	spans(tel, 1)
	require.NoError(t, tel.Shutdown(context.Background()))
	assert.EqualValues(t, 1, tel.Stats().Exporters[0].Sent)
	assert.True(t, strings.Contains(strings.Join(errs.all(), "\n"), "panicked: index out of range"), "%v", errs.all())
	assert.EqualValues(t, 1, tel.Stats().Errors)
}

func TestErrorsOfOpenTelemetryReachTheHandlerOfTheLiveSetup(t *testing.T) {
	errs := &recordErrors{}
	setup(t, instrument.WithoutDefaultExporter(), instrument.WithErrorHandler(errs))
	otel.Handle(errors.New("from somewhere"))
	assert.Equal(t, []string{"from somewhere"}, errs.all())
}

type stubExporter struct {
	export   func(context.Context, []sdktrace.ReadOnlySpan) error
	shutdown error
}

func (e *stubExporter) ExportSpans(ctx context.Context, s []sdktrace.ReadOnlySpan) error {
	if e.export == nil {
		return nil
	}
	return e.export(ctx, s)
}

func (e *stubExporter) Shutdown(context.Context) error { return e.shutdown }

func (e *stubExporter) option() instrument.Option {
	return instrument.WithExporters(func(context.Context) (instrument.Exporters, error) {
		return instrument.Exporters{Spans: e}, nil
	})
}

func TestInstrumentationIsStartedWithTheMeterProvider(t *testing.T) {
	errs := &recordErrors{}
	reader := sdkmetric.NewManualReader()
	tel, err := instrument.New(context.Background(), instrument.WithoutDefaultExporter(), instrument.WithErrorHandler(errs), instrument.WithMetricReader(reader),
		instrument.WithInstrumentation(func(mp metric.MeterProvider) error {
			counter, err := mp.Meter("x").Int64Counter("hits")
			counter.Add(context.Background(), 2)
			return err
		}),
		instrument.WithInstrumentation(func(metric.MeterProvider) error { return errors.New("no such thing") }),
		instrument.WithInstrumentation(func(metric.MeterProvider) error { panic("boom") }))
	require.NoError(t, err)
	var got metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(context.Background(), &got))
	require.Len(t, got.ScopeMetrics, 1)
	assert.Equal(t, "hits", got.ScopeMetrics[0].Metrics[0].Name)
	assert.Equal(t, []string{"instrument: instrumentation: no such thing", "instrument: instrumentation: panicked: boom"}, errs.all())
	require.NoError(t, tel.Shutdown(context.Background()))
}
