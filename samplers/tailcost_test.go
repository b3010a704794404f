// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/waymark-otel/waymark/samplers"
)

// BenchmarkTail is the price of a span that is recorded and not sampled, with
// and without KeepErrors, in traces of one span and of eight. Its figures are
// per span.
func BenchmarkTail(b *testing.B) {
	for _, spans := range []int{1, 8} {
		for name, processor := range map[string]sdktrace.SpanProcessor{
			"recorded":   nothing{},
			"KeepErrors": samplers.KeepErrors(nothing{}),
		} {
			b.Run(fmt.Sprintf("%d spans/%s", spans, name), func(b *testing.B) {
				provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(processor),
					sdktrace.WithSampler(samplers.AlwaysRecord(samplers.ParentBased(samplers.Probability(0)))))
				tracer := provider.Tracer("bench")
				b.ReportAllocs()
				for n := 0; n < b.N; n += spans {
					ctx, root := tracer.Start(context.Background(), "root")
					for range spans - 1 {
						_, s := tracer.Start(ctx, "child")
						s.End()
					}
					root.End()
				}
			})
		}
	}
}

// BenchmarkTailAlone is what KeepErrors adds to recording: the same spans are
// started and ended over and over, in traces of one and of eight.
func BenchmarkTailAlone(b *testing.B) {
	for _, spans := range []int{1, 8} {
		b.Run(fmt.Sprintf("%d spans", spans), func(b *testing.B) {
			ctx, started, ended := recordedTrace(spans)
			tail := samplers.KeepErrors(nothing{})
			b.ReportAllocs()
			for n := 0; n < b.N; n += spans {
				for _, s := range started {
					tail.OnStart(ctx, s)
				}
				for _, s := range ended {
					tail.OnEnd(s)
				}
			}
		})
	}
}

// recordedTrace returns a root and spans under it as processors see them, in
// the orders in which they start and end.
func recordedTrace(spans int) (context.Context, []sdktrace.ReadWriteSpan, []sdktrace.ReadOnlySpan) {
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder),
		sdktrace.WithSampler(samplers.AlwaysRecord(nil))).Tracer("bench")
	ctx, root := tracer.Start(context.Background(), "root")
	for range spans - 1 {
		_, s := tracer.Start(ctx, "child")
		s.End()
	}
	root.End()
	return ctx, recorder.Started(), recorder.Ended()
}

func TestTailDoesNotAllocateForWhatItDiscards(t *testing.T) {
	ctx, started, ended := recordedTrace(8)
	tail := samplers.KeepErrors(nothing{})
	allocs := testing.AllocsPerRun(1000, func() {
		for _, s := range started {
			tail.OnStart(ctx, s)
		}
		for _, s := range ended {
			tail.OnEnd(s)
		}
	})
	assert.Zero(t, allocs)
}
