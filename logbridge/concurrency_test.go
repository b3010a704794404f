// SPDX-License-Identifier: Apache-2.0

package logbridge_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/logbridge"
	"github.com/waymark-otel/waymark/propagators"
)

func TestSixtyFourGoroutinesLogAtOnce(t *testing.T) {
	var out bytes.Buffer
	l := slog.New(logbridge.TraceContext(logbridge.ContextAttrs(jsonTo(&out))))
	base := logbridge.ContextWithAttrs(spanContext(0, false))
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			id := trace.SpanID{1, byte(i)}
			sc := trace.SpanContextFromContext(base).WithSpanID(id)
			ctx := trace.ContextWithSpanContext(base, sc)
			own := l.With("id", id.String()).WithGroup("g")
			for n := range 20 {
				logbridge.AddAttrs(ctx, slog.Int(fmt.Sprintf("k%d", i), n))
				own.InfoContext(ctx, "m", "n", n)
			}
		})
	}
	wg.Wait()
	all := lines(t, &out)
	assert.Len(t, all, 64*20)
	for _, got := range all {
		require.Equal(t, got["id"], got["span_id"], "the ids of another goroutine")
	}
}

// TestSpansThatShareALoggerKeepTheirIDs: one logger, more spans than it
// remembers, by turns; each span also with other flags and another
// correlation id.
func TestSpansThatShareALoggerKeepTheirIDs(t *testing.T) {
	var out bytes.Buffer
	l := slog.New(logbridge.TraceContext(jsonTo(&out)))
	sc := trace.SpanContextFromContext(spanContext(0, false))
	var want []map[string]any
	for round := range 4 {
		for i := range 100 {
			own := sc.WithSpanID(trace.SpanID{1, byte(i), 7: byte(i)}).WithTraceID(trace.TraceID{byte(round / 2), 1}).WithTraceFlags(trace.TraceFlags(round & 1))
			ctx := propagators.ContextWithCorrelationID(trace.ContextWithSpanContext(context.Background(), own), fmt.Sprint("c", i%2))
			for range 3 {
				l.InfoContext(ctx, "m")
				want = append(want, map[string]any{
					"level": "INFO", "msg": "m", "correlation_id": fmt.Sprint("c", i%2),
					"trace_id": own.TraceID().String(), "span_id": own.SpanID().String(), "trace_flags": own.TraceFlags().String(),
				})
			}
		}
	}
	assert.Equal(t, want, lines(t, &out))
}

// TestASpanIDAloneIsNoSpan: what is kept of a span is for the same trace,
// flags and correlation id.
func TestASpanIDAloneIsNoSpan(t *testing.T) {
	var out bytes.Buffer
	l := slog.New(logbridge.TraceContext(jsonTo(&out)))
	sc := trace.SpanContextFromContext(spanContext(0, false))
	for i, step := range []struct { // each differs from the one before in one thing
		span        trace.SpanContext
		correlation string
	}{
		{sc, "a"}, {sc.WithTraceID(trace.TraceID{1}), "a"}, {sc.WithTraceID(trace.TraceID{1}).WithTraceFlags(1), "a"}, {sc.WithTraceID(trace.TraceID{1}).WithTraceFlags(1), "b"},
	} {
		out.Reset()
		ctx := propagators.ContextWithCorrelationID(trace.ContextWithSpanContext(context.Background(), step.span), step.correlation)
		for range 3 {
			l.InfoContext(ctx, "m")
		}
		for _, got := range lines(t, &out) {
			assert.Equal(t, step.span.TraceID().String(), got["trace_id"], i)
			assert.Equal(t, step.span.TraceFlags().String(), got["trace_flags"], i)
			assert.Equal(t, step.correlation, got["correlation_id"], i)
		}
	}
}
