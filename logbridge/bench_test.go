// SPDX-License-Identifier: Apache-2.0

package logbridge_test

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"github.com/waymark-otel/waymark/logbridge"
)

// go test -run '^$' -bench . -benchtime 0.3s -count 3 ./logbridge

func BenchmarkTraceContext(b *testing.B) {
	bare := slog.NewJSONHandler(io.Discard, nil)
	ours := logbridge.TraceContext(bare)
	for _, bc := range []struct {
		name string
		h    slog.Handler
		ctx  context.Context
	}{
		{"bare", bare, context.Background()},
		{"no span", ours, context.Background()},
		{"ids", ours, spanContext(1, false)},
		{"bare, group", bare.WithGroup("g"), context.Background()},
		{"no span, group", ours.WithGroup("g"), context.Background()},
		{"ids, group", ours.WithGroup("g"), spanContext(1, false)},
	} {
		b.Run(bc.name, func(b *testing.B) {
			l := slog.New(bc.h)
			b.ReportAllocs()
			for b.Loop() {
				l.LogAttrs(bc.ctx, slog.LevelInfo, "request", fiveAttrs...)
			}
		})
	}
}

func BenchmarkDisabledLevel(b *testing.B) {
	bare := slog.NewJSONHandler(io.Discard, nil)
	for _, bc := range []struct {
		name string
		h    slog.Handler
	}{{"bare", bare}, {"ours", logbridge.ContextAttrs(logbridge.TraceContext(bare))}} {
		b.Run(bc.name, func(b *testing.B) {
			l, ctx := slog.New(bc.h), spanContext(1, false)
			b.ReportAllocs()
			for b.Loop() {
				l.LogAttrs(ctx, slog.LevelDebug, "request", fiveAttrs...)
			}
		})
	}
}
