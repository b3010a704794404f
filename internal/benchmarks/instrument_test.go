// SPDX-License-Identifier: Apache-2.0

package benchmarks

// go test -bench 'Operation|Tracer' -benchmem -run '^$' ./internal/benchmarks

import (
	"context"
	"log/slog"
	"testing"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/waymark-otel/waymark/instrument"
)

func nothing(context.Context) error { return nil }

// byHand is what Do replaces.
func byHand(ctx context.Context, t trace.Tracer) {
	ctx, span := t.Start(ctx, "op")
	defer span.End()
	_ = nothing(ctx)
}

func installed(b *testing.B, opts ...instrument.Option) {
	b.Helper()
	shutdown, err := instrument.Setup(context.Background(), append(opts, instrument.WithoutDefaultExporter(), instrument.WithoutEnvironment(), instrument.WithLogger(slog.New(slog.DiscardHandler)))...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = shutdown(context.Background()) })
}

func BenchmarkOperation(b *testing.B) {
	ctx := context.Background()
	b.Run("unsampled/Do", func(b *testing.B) {
		installed(b, instrument.WithSampleRatio(0))
		b.ReportAllocs()
		for b.Loop() {
			_ = instrument.Do(ctx, "op", nothing)
		}
	})
	b.Run("unsampled/by hand on the SDK", func(b *testing.B) {
		t := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())).Tracer("x")
		b.ReportAllocs()
		for b.Loop() {
			byHand(ctx, t)
		}
	})
	b.Run("sampled/Do", func(b *testing.B) {
		installed(b)
		b.ReportAllocs()
		for b.Loop() {
			_ = instrument.Do(ctx, "op", nothing)
		}
	})
	b.Run("sampled/by hand on the SDK", func(b *testing.B) {
		t := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.AlwaysSample())).Tracer("x")
		b.ReportAllocs()
		for b.Loop() {
			byHand(ctx, t)
		}
	})
}

// BenchmarkTracer is what the provider that follows Setup costs.
func BenchmarkTracer(b *testing.B) {
	ctx := context.Background()
	b.Run("kept/ours", func(b *testing.B) {
		installed(b, instrument.WithSampleRatio(0))
		t := otel.Tracer("x")
		b.ReportAllocs()
		for b.Loop() {
			_, span := t.Start(ctx, "op")
			span.End()
		}
	})
	b.Run("kept/SDK", func(b *testing.B) {
		t := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())).Tracer("x")
		b.ReportAllocs()
		for b.Loop() {
			_, span := t.Start(ctx, "op")
			span.End()
		}
	})
	b.Run("each time/ours", func(b *testing.B) {
		installed(b, instrument.WithSampleRatio(0))
		b.ReportAllocs()
		for b.Loop() {
			_, span := otel.Tracer("x").Start(ctx, "op")
			span.End()
		}
	})
	b.Run("each time/SDK", func(b *testing.B) {
		tp := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
		b.ReportAllocs()
		for b.Loop() {
			_, span := tp.Tracer("x").Start(ctx, "op")
			span.End()
		}
	})
	b.Run("no-op", func(b *testing.B) {
		t := noop.NewTracerProvider().Tracer("x")
		b.ReportAllocs()
		for b.Loop() {
			_, span := t.Start(ctx, "op")
			span.End()
		}
	})
}
