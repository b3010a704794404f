// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/samplers"
)

func TestKeptSpanIsSampledWithoutAThresholdAndOtherwiseUnchanged(t *testing.T) {
	exported := tracetest.NewSpanRecorder()
	// The SDK's sampler leaves the caller's threshold on a span it drops.
	p := &pipeline{T: t, exported: exported, provider: sdktrace.NewTracerProvider(
		sdktrace.WithSampler(sdktrace.AlwaysRecord(sdktrace.NeverSample())),
		sdktrace.WithSpanProcessor(samplers.KeepErrors(exported)),
	)}
	ts, err := trace.ParseTraceState("ot=th:8;rv:00000000000001,v=1")
	require.NoError(t, err)
	caller := trace.NewSpanContext(trace.SpanContextConfig{TraceID: kept, SpanID: trace.SpanID{1}, TraceState: ts, Remote: true})
	_, s := p.start(trace.ContextWithRemoteSpanContext(context.Background(), caller), "root",
		trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("a", "b")))
	s.RecordError(errors.New("it failed"))
	s.SetStatus(codes.Error, "it failed")
	s.End()
	require.Len(t, p.exported.Ended(), 1)
	got, before := p.exported.Ended()[0], p.exported.Started()[0]
	assert.False(t, before.SpanContext().IsSampled(), "what was propagated stays true")
	assert.True(t, got.SpanContext().IsSampled())
	assert.Equal(t, "ot=rv:00000000000001,v=1", got.SpanContext().TraceState().String())
	assert.Equal(t, before.SpanContext().SpanID(), got.SpanContext().SpanID())
	assert.Equal(t, kept, got.SpanContext().TraceID())
	assert.Equal(t, caller, got.Parent())
	assert.Equal(t, trace.SpanKindServer, got.SpanKind())
	assert.Equal(t, []attribute.KeyValue{attribute.String("a", "b"), attribute.String("waymark.sampling.reason", "error")}, got.Attributes())
	assert.Equal(t, before.Attributes(), got.Attributes()[:1], "the span's own are not touched")
	assert.Len(t, got.Events(), 1)
	assert.Equal(t, sdktrace.Status{Code: codes.Error, Description: "it failed"}, got.Status())
}

// The SDK gives every processor the same attributes.
func TestTwoTailsDoNotWriteOverEachOthersReason(t *testing.T) {
	because := func(why string) samplers.TailOption {
		return samplers.WithReason(func(sdktrace.ReadOnlySpan) string { return why })
	}
	a, b := tracetest.NewSpanRecorder(), tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithSampler(samplers.AlwaysRecord(nil)),
		sdktrace.WithSpanProcessor(samplers.KeepErrors(a, because("a"))),
		sdktrace.WithSpanProcessor(samplers.KeepErrors(b, because("b"))),
	)
	_, s := provider.Tracer("test").Start(context.Background(), "root")
	for n := range 5 { // room is left behind the last one
		s.SetAttributes(attribute.Int(string(rune('a'+n)), n))
	}
	s.End()
	for why, recorder := range map[string]*tracetest.SpanRecorder{"a": a, "b": b} {
		require.Len(t, recorder.Ended(), 1)
		assert.Contains(t, recorder.Ended()[0].Attributes(), samplers.ReasonKey.String(why))
		assert.Len(t, recorder.Ended()[0].Attributes(), 6)
	}
}
