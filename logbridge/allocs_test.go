// SPDX-License-Identifier: Apache-2.0

package logbridge_test

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/logbridge"
	"github.com/waymark-otel/waymark/propagators"
)

var fiveAttrs = []slog.Attr{
	slog.String("method", "GET"), slog.String("route", "/orders/{id}"),
	slog.Int("status", 200), slog.Int64("bytes", 1234), slog.Bool("cached", false),
}

func TestAllocations(t *testing.T) {
	background := context.Background()
	sampled := propagators.ContextWithCorrelationID(spanContext(trace.FlagsSampled, false), "order-7")
	gathered := logbridge.ContextWithAttrs(sampled, slog.String("tenant", "t1"))
	bare := slog.NewJSONHandler(io.Discard, nil)
	trace, both := slog.New(logbridge.TraceContext(bare)), slog.New(logbridge.TraceContext(logbridge.ContextAttrs(bare)))
	for name, tc := range map[string]struct {
		l     *slog.Logger
		ctx   context.Context
		attrs []slog.Attr
		max   float64
	}{
		"no span":                    {both, background, fiveAttrs, 0},
		"no span, groups":            {both.WithGroup("g").With("a", 1).WithGroup("h"), background, fiveAttrs, 0},
		"ids, no attrs":              {trace, sampled, nil, 0},
		"ids, one attr":              {trace, sampled, fiveAttrs[:1], 0},
		"ids, five attrs":            {trace, sampled, fiveAttrs, 1},
		"ids and context attrs":      {both, gathered, fiveAttrs, 1},
		"ids, groups":                {trace.WithGroup("g").With("a", 1).WithGroup("h"), sampled, fiveAttrs, 1},
		"ids, With at the top level": {trace.With("a", 1), sampled, fiveAttrs, 1},
	} {
		n := testing.AllocsPerRun(200, func() { tc.l.LogAttrs(tc.ctx, slog.LevelInfo, "m", tc.attrs...) })
		if !raceEnabled {
			assert.LessOrEqual(t, n, tc.max, name)
		}
		n = testing.AllocsPerRun(200, func() { tc.l.LogAttrs(tc.ctx, slog.LevelDebug, "m", tc.attrs...) })
		assert.Zero(t, n, "%s, disabled level", name)
	}
}

// TestANewSpanCostsOneAllocationMore: the text of its ids, for its first line.
func TestANewSpanCostsOneAllocationMore(t *testing.T) {
	l := slog.New(logbridge.TraceContext(slog.NewJSONHandler(io.Discard, nil)))
	spans := make([]context.Context, 201)
	sc := trace.SpanContextFromContext(spanContext(1, false))
	for i := range spans {
		spans[i] = trace.ContextWithSpanContext(context.Background(), sc.WithSpanID(trace.SpanID{byte(i), 1}))
	}
	i := 0
	n := testing.AllocsPerRun(200, func() {
		l.LogAttrs(spans[i], slog.LevelInfo, "m", fiveAttrs[:1]...)
		i++
	})
	if !raceEnabled {
		assert.LessOrEqual(t, n, 1.0)
	}
}
