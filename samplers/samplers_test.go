// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// traceID reads 32 hexadecimal digits.
func traceID(t testing.TB, s string) (id trace.TraceID) {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	require.Len(t, b, len(id))
	copy(id[:], b)
	return id
}

// parent describes the span context that a sampler finds.
type parent struct {
	local      bool
	sampled    bool
	tracestate string
}

func (p parent) context(t testing.TB, id trace.TraceID) context.Context {
	t.Helper()
	return p.contextOn(t, context.Background(), id)
}

func (p parent) contextOn(t testing.TB, ctx context.Context, id trace.TraceID) context.Context {
	t.Helper()
	ts, err := trace.ParseTraceState(p.tracestate)
	require.NoError(t, err)
	var flags trace.TraceFlags
	return trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID:    id,
		SpanID:     trace.SpanID{1},
		TraceFlags: flags.WithSampled(p.sampled),
		TraceState: ts,
		Remote:     !p.local,
	}))
}

// ask is a sampler's answer for a span of the trace id in ctx.
func ask(s sdktrace.Sampler, ctx context.Context, id trace.TraceID) sdktrace.SamplingResult {
	return s.ShouldSample(sdktrace.SamplingParameters{ParentContext: ctx, TraceID: id, Name: "GET /orders/{id}"})
}

func decision(keep bool) sdktrace.SamplingDecision {
	if keep {
		return sdktrace.RecordAndSample
	}
	return sdktrace.Drop
}

var (
	kept    = trace.TraceID{0: 1, 9: 0xff, 10: 0xff, 11: 0xff, 12: 0xff, 13: 0xff, 14: 0xff, 15: 0xff} // R is the highest
	dropped = trace.TraceID{0: 1, 15: 1}                                                               // R is 1
)
