// SPDX-License-Identifier: Apache-2.0

package instrument_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// record installs a Setup whose spans the test can read.
func record(t *testing.T, opts ...instrument.Option) *tracetest.SpanRecorder {
	t.Helper()
	rec := tracetest.NewSpanRecorder()
	setup(t, append(opts, instrument.WithoutDefaultExporter(), instrument.WithSpanProcessor(rec))...)
	return rec
}

func only(t *testing.T, rec *tracetest.SpanRecorder) sdktrace.ReadOnlySpan {
	t.Helper()
	ended := rec.Ended()
	require.Len(t, ended, 1)
	return ended[0]
}

func TestDoEndsTheSpanWithTheRightStatus(t *testing.T) {
	errOwn := errors.New("out of stock")
	cancelled, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("client gone"))
	expired, cancelExpired := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancelExpired()
	for name, tc := range map[string]struct {
		ctx    context.Context
		err    error
		status codes.Code
		events int
	}{
		"ok":                                    {ctx: context.Background(), status: codes.Unset},
		"error":                                 {ctx: context.Background(), err: errOwn, status: codes.Error, events: 1},
		"caller cancelled, passed on":           {ctx: cancelled, err: context.Canceled, status: codes.Unset},
		"caller cancelled, passed on wrapped":   {ctx: cancelled, err: fmt.Errorf("query: %w", context.Canceled), status: codes.Unset},
		"caller cancelled, cause passed on":     {ctx: cancelled, err: context.Cause(cancelled), status: codes.Unset},
		"caller cancelled, an error of its own": {ctx: cancelled, err: errOwn, status: codes.Error, events: 1},
		"caller expired, passed on":             {ctx: expired, err: context.DeadlineExceeded, status: codes.Unset},
		"callee's own deadline":                 {ctx: context.Background(), err: context.DeadlineExceeded, status: codes.Error, events: 1},
	} {
		t.Run(name, func(t *testing.T) {
			rec := record(t)
			err := instrument.Do(tc.ctx, "op", func(ctx context.Context) error {
				assert.True(t, trace.SpanFromContext(ctx).IsRecording())
				return tc.err
			})
			assert.True(t, err == tc.err, "the error is returned as it is: %v", err)
			span := only(t, rec)
			assert.Equal(t, "op", span.Name())
			assert.Equal(t, tc.status, span.Status().Code)
			assert.Len(t, span.Events(), tc.events)
		})
	}
}

func TestDoNotesAPanicAndLetsItGoOn(t *testing.T) {
	rec := record(t)
	value := &struct{ n int }{7}
	func() {
		defer func() { assert.True(t, recover() == value, "the same value goes on") }()
		_ = instrument.Do(context.Background(), "op", func(context.Context) error { panic(value) })
	}()
	span := only(t, rec)
	assert.Equal(t, codes.Error, span.Status().Code)
	require.Len(t, span.Events(), 1)
	attrs := attribute.NewSet(span.Events()[0].Attributes...)
	stack, _ := attrs.Value("exception.stacktrace")
	assert.Contains(t, stack.AsString(), "TestDoNotesAPanicAndLetsItGoOn", "the stack is that of the panic")
}

func TestDoEndsTheSpanOnGoexit(t *testing.T) {
	rec := record(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = instrument.Do(context.Background(), "op", func(context.Context) error { runtime.Goexit(); return nil })
	})
	wg.Wait()
	assert.Equal(t, codes.Error, only(t, rec).Status().Code)
}

func TestCallReturnsTheValue(t *testing.T) {
	rec := record(t)
	v, err := instrument.Call(context.Background(), "op", func(context.Context) (int, error) { return 42, errors.New("half") }, trace.WithSpanKind(trace.SpanKindClient))
	assert.Equal(t, 42, v)
	require.EqualError(t, err, "half")
	span := only(t, rec)
	assert.Equal(t, codes.Error, span.Status().Code)
	assert.Equal(t, trace.SpanKindClient, span.SpanKind())
	assert.Panics(t, func() {
		_, _ = instrument.Call(context.Background(), "op", func(context.Context) (int, error) { panic("x") })
	})
	assert.Len(t, rec.Ended(), 2)
}

func TestGoContinuesTheTraceAndOutlivesTheRequest(t *testing.T) {
	rec := record(t)
	type key struct{}
	done := make(chan struct{})
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, "kept"))
	var parent trace.SpanContext
	require.NoError(t, instrument.Do(ctx, "request", func(ctx context.Context) error {
		parent = trace.SpanContextFromContext(ctx)
		instrument.Go(ctx, "later", func(ctx context.Context) {
			defer close(done)
			cancel()
			assert.NoError(t, ctx.Err())
			_, deadline := ctx.Deadline()
			assert.False(t, deadline)
			assert.Equal(t, "kept", ctx.Value(key{}))
			assert.Equal(t, parent.TraceID(), trace.SpanContextFromContext(ctx).TraceID())
		})
		return nil
	}))
	<-done
	assert.Eventually(t, func() bool { return len(rec.Ended()) == 2 }, time.Second, time.Millisecond)
	for _, s := range rec.Ended() {
		if s.Name() == "later" {
			assert.Equal(t, parent.SpanID(), s.Parent().SpanID())
		}
	}
}

func TestAddEventAndSetAttributesReachTheSpan(t *testing.T) {
	rec := record(t)
	require.NoError(t, instrument.Do(context.Background(), "op", func(ctx context.Context) error {
		instrument.AddEvent(ctx, "cache miss", attribute.String("key", "a"))
		instrument.SetAttributes(ctx, attribute.Int("n", 1))
		instrument.SetAttributes(ctx, attribute.Int("n", 2))
		return nil
	}))
	span := only(t, rec)
	require.Len(t, span.Events(), 1)
	assert.Equal(t, "cache miss", span.Events()[0].Name)
	assert.Equal(t, []attribute.KeyValue{attribute.String("key", "a")}, span.Events()[0].Attributes)
	assert.Contains(t, span.Attributes(), attribute.Int("n", 2))
	instrument.AddEvent(context.Background(), "nobody")
	instrument.SetAttributes(context.Background(), attribute.Int("n", 1))
}

func TestDoUsesTheProviderOfALocalSpanAndTheGlobalOneOtherwise(t *testing.T) {
	global := record(t)
	local := tracetest.NewSpanRecorder()
	tel, err := instrument.New(context.Background(), instrument.WithoutDefaultExporter(), instrument.WithSpanProcessor(local))
	require.NoError(t, err)
	defer func() { _ = tel.Shutdown(context.Background()) }()
	nop := func(context.Context) error { return nil }

	ctx, span := tel.TracerProvider().Tracer("t").Start(context.Background(), "local parent")
	require.NoError(t, instrument.Do(ctx, "child of local", nop))
	span.End()
	assert.Len(t, local.Ended(), 2)
	assert.Empty(t, global.Ended())

	ids := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
	require.NoError(t, instrument.Do(trace.ContextWithRemoteSpanContext(context.Background(), ids), "child of remote", nop))
	require.NoError(t, instrument.Do(trace.ContextWithSpanContext(context.Background(), ids), "child of bare ids", nop))
	require.Len(t, global.Ended(), 2)
	for _, s := range global.Ended() {
		assert.Equal(t, ids.TraceID(), s.SpanContext().TraceID())
	}
}

func TestNilFunctionsDoNothing(t *testing.T) {
	rec := record(t)
	require.NoError(t, instrument.Do(context.Background(), "op", nil))
	_, err := instrument.Call[int](context.Background(), "op", nil)
	require.NoError(t, err)
	instrument.Go(context.Background(), "op", nil)
	assert.Empty(t, rec.Ended())
}

func TestOperationsCostNothingBeforeSetup(t *testing.T) {
	assert.Zero(t, allocsBeforeSetup)
}

func TestDoAllocatesNoMoreThanASpanByHand(t *testing.T) {
	setup(t, instrument.WithoutDefaultExporter(), instrument.WithSampleRatio(0))
	ctx := context.Background()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())).Tracer("x")
	byHand := testing.AllocsPerRun(1000, func() {
		_, span := tracer.Start(ctx, "op")
		span.End()
	})
	do := testing.AllocsPerRun(1000, func() { _ = instrument.Do(ctx, "op", func(context.Context) error { return nil }) })
	assert.LessOrEqual(t, do, byHand)
}

func TestAContextMayNameTheProviderOfOperations(t *testing.T) {
	global := record(t)
	rec := instrumenttest.New(t)
	ctx := instrument.ContextWithTracerProvider(context.Background(), rec.TracerProvider())
	require.NoError(t, instrument.Do(ctx, "order", func(ctx context.Context) error { return instrument.Do(ctx, "price", work) }))
	assert.Empty(t, global.Ended())
	rec.AssertTree("order\n  price")
	require.NoError(t, instrument.Do(instrument.ContextWithTracerProvider(ctx, nil), "global again", work))
	assert.Len(t, global.Ended(), 1)
}

func TestSecretsOfAnAddressDoNotReachTheSpan(t *testing.T) {
	spans := instrumenttest.New(t)
	ctx := instrument.ContextWithTracerProvider(context.Background(), spans.TracerProvider())
	_, failed := (&http.Client{Transport: refusing{}}).Get("http://bob:hunter2@shop.example/a?sig=hunter2#hunter2")
	require.ErrorContains(t, failed, "sig=hunter2")
	got := instrument.Do(ctx, "fetch", func(context.Context) error { return fmt.Errorf("prices: %w", failed) })
	assert.ErrorIs(t, got, failed, "the program has its own error")
	span := spans.Spans()[0]
	assert.Contains(t, span.Status().Description, "shop.example/a?sig=REDACTED")
	assert.NotContains(t, fmt.Sprint(span.Status(), span.Attributes(), span.Events()), "hunter2")
	require.Len(t, span.Events(), 1)
	assert.Contains(t, span.Events()[0].Attributes, attribute.String("exception.type", "*fmt.wrapError"))
}

type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("refused") }

func TestTheEndOfAnotherContextIsNamedAlikeEverywhere(t *testing.T) {
	spans := instrumenttest.New(t)
	ctx := instrument.ContextWithTracerProvider(context.Background(), spans.TracerProvider())
	_ = instrument.Do(ctx, "late", func(context.Context) error { return context.DeadlineExceeded })
	_ = instrument.Do(ctx, "left", func(context.Context) error { return context.Canceled })
	assert.Contains(t, spans.Spans()[0].Attributes(), attribute.String("error.type", "context.DeadlineExceeded"))
	assert.Contains(t, spans.Spans()[1].Attributes(), attribute.String("error.type", "context.Canceled"))
}
