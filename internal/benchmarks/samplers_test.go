// SPDX-License-Identifier: Apache-2.0

package benchmarks

import (
	"context"
	"encoding/binary"
	"testing"

	zipkingo "github.com/openzipkin/zipkin-go"
	"go.opentelemetry.io/contrib/samplers/probability/consistent"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/samplers"
)

// go test -run '^$' -bench Sampler -benchtime 2ms -count 100 -cpu 1 .
//
// Many short rounds, of which the least counts: on a machine that others use,
// a long one measures them too.

// The consistent sampler of contrib is deprecated; it writes the p-value of an
// older draft into the tracestate, and draws a random number for each root.
// zipkin-go's samplers are given half a trace id and return a bool: no parent,
// no tracestate. The counting one takes a lock.

const benchRatio = 1.0 / 1000

var (
	keptID    = trace.TraceID{0: 1, 8: 0, 9: 0xff, 10: 0xff, 11: 0xff, 12: 0xff, 13: 0xff, 14: 0xff, 15: 0xff} // randomness as high as it gets
	droppedID = trace.TraceID{0: 1, 8: 0xff, 15: 1}                                                            // as low; high in the bits the SDK takes
)

func samplerQuestion(id trace.TraceID, flags trace.TraceFlags, state string) sdktrace.SamplingParameters {
	p := sdktrace.SamplingParameters{
		ParentContext: context.Background(), TraceID: id, Name: "GET /orders/{id}", Kind: trace.SpanKindServer,
		Attributes: []attribute.KeyValue{
			attribute.String("http.request.method", "GET"),
			attribute.String("url.path", "/orders/17"),
			attribute.String("url.scheme", "http"),
			attribute.String("http.route", "/orders/{id}"),
			attribute.Int("server.port", 8080),
		},
	}
	if flags != 0 || state != "" {
		p.ParentContext = trace.ContextWithRemoteSpanContext(p.ParentContext, trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: id, SpanID: trace.SpanID{1}, TraceFlags: flags, TraceState: must(trace.ParseTraceState(state)),
		}))
	}
	return p
}

// asked is a sampler that is asked the same thing over and over.
func asked(s sdktrace.Sampler, p sdktrace.SamplingParameters, want sdktrace.SamplingDecision) func(*testing.B) {
	return func(b *testing.B) {
		if got := s.ShouldSample(p).Decision; got != want {
			b.Fatalf("%s decides %d, want %d", s.Description(), got, want)
		}
		b.ReportAllocs()
		for b.Loop() {
			s.ShouldSample(p)
		}
	}
}

func askedZipkin(s zipkingo.Sampler, id trace.TraceID) func(*testing.B) {
	low := binary.BigEndian.Uint64(id[8:])
	return func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s(low)
		}
	}
}

func BenchmarkSamplerDropsARoot(b *testing.B) {
	const drop = sdktrace.Drop
	p := samplerQuestion(droppedID, 0, "")
	ratio := samplers.Probability(benchRatio)
	empty := samplers.RateLimited(0x1p-40)
	empty.ShouldSample(p)
	b.Run("ratio/ours", asked(ratio, p, drop))
	b.Run("ratio/ours hashed", asked(samplers.Hashed(benchRatio), p, drop))
	b.Run("ratio/ours adjustable", asked(samplers.Adjustable(benchRatio), p, drop))
	b.Run("ratio/SDK", asked(sdktrace.TraceIDRatioBased(benchRatio), p, drop))
	b.Run("ratio/contrib consistent", asked(consistent.ProbabilityBased(0), p, drop))
	b.Run("ratio/zipkin-go boundary", askedZipkin(must(zipkingo.NewBoundarySampler(benchRatio, 0)), droppedID))
	b.Run("ratio/zipkin-go modulo", askedZipkin(zipkingo.NewModuloSampler(1000), droppedID))
	b.Run("ratio/zipkin-go counting", askedZipkin(must(zipkingo.NewCountingSampler(0.01)), droppedID))
	b.Run("parent-based/ours", asked(samplers.ParentBased(ratio), p, drop))
	b.Run("parent-based/SDK", asked(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(benchRatio)), p, drop))
	b.Run("parent-based/contrib consistent", asked(consistent.ParentProbabilityBased(consistent.ProbabilityBased(0)), p, drop))
	b.Run("rate limited/ours", asked(empty, p, drop))
	b.Run("four lines of rules/ours", asked(samplers.AtMost(50, samplers.Rules(ratio,
		samplers.Rule{Route: "/healthz"},
		samplers.Rule{Route: "/checkout", Sampler: samplers.Probability(1)},
	)), p, drop))
	b.Run("as Setup has it/ours", asked(samplers.ParentBased(samplers.Forced(ratio)), p, drop))
	b.Run("as Setup has it, recorded/ours", asked(samplers.AlwaysRecord(samplers.ParentBased(samplers.Forced(ratio))), p, sdktrace.RecordOnly))
	b.Run("as Setup has it, recorded/SDK", asked(sdktrace.AlwaysRecord(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(benchRatio))), p, sdktrace.RecordOnly))
}

func BenchmarkSamplerKeepsARoot(b *testing.B) {
	const keep = sdktrace.RecordAndSample
	p := samplerQuestion(keptID, 0, "")
	b.Run("ratio/ours", asked(samplers.Probability(benchRatio), p, keep))
	b.Run("ratio/ours hashed", asked(samplers.Hashed(1), p, keep))
	b.Run("ratio/SDK", asked(sdktrace.AlwaysSample(), p, keep))
	b.Run("ratio/contrib consistent", asked(consistent.ProbabilityBased(1), p, keep))
	b.Run("rate limited/ours", asked(samplers.RateLimited(1e9), p, keep))
}

func BenchmarkSamplerFollowsAParent(b *testing.B) {
	ours := samplers.ParentBased(samplers.Forced(samplers.Probability(benchRatio)))
	sdk := sdktrace.ParentBased(sdktrace.TraceIDRatioBased(benchRatio))
	contrib := consistent.ParentProbabilityBased(consistent.ProbabilityBased(benchRatio))
	for name, state := range map[string]string{"bare": "", "with tracestate": "ot=th:ffbe77,vendor=x"} {
		sampled, unsampled := samplerQuestion(keptID, trace.FlagsSampled, state), samplerQuestion(keptID, 0, "vendor=x")
		b.Run("sampled "+name+"/ours", asked(ours, sampled, sdktrace.RecordAndSample))
		b.Run("sampled "+name+"/SDK", asked(sdk, sampled, sdktrace.RecordAndSample))
		b.Run("sampled "+name+"/contrib consistent", asked(contrib, sampled, sdktrace.RecordAndSample))
		if name == "bare" {
			b.Run("unsampled/ours", asked(ours, unsampled, sdktrace.Drop))
			b.Run("unsampled/SDK", asked(sdk, unsampled, sdktrace.Drop))
			b.Run("unsampled/contrib consistent", asked(contrib, unsampled, sdktrace.Drop))
		}
	}
}

// BenchmarkSamplerTail is a span that was not sampled: dropped, recorded for
// others, and held until its root has ended. Figures are per span, in traces
// of eight.
func BenchmarkSamplerTail(b *testing.B) {
	for name, o := range map[string][]sdktrace.TracerProviderOption{
		"dropped":    {sdktrace.WithSampler(samplers.ParentBased(nil)), sdktrace.WithSpanProcessor(nowhere{})},
		"recorded":   {sdktrace.WithSampler(samplers.AlwaysRecord(samplers.ParentBased(nil))), sdktrace.WithSpanProcessor(nowhere{})},
		"KeepErrors": {sdktrace.WithSampler(samplers.AlwaysRecord(samplers.ParentBased(nil))), sdktrace.WithSpanProcessor(samplers.KeepErrors(nowhere{}))},
	} {
		b.Run(name, func(b *testing.B) {
			tracer := sdktrace.NewTracerProvider(o...).Tracer("bench")
			b.ReportAllocs()
			for n := 0; n < b.N; n += 8 {
				ctx, root := tracer.Start(context.Background(), "root")
				for range 7 {
					_, s := tracer.Start(ctx, "child")
					s.End()
				}
				root.End()
			}
		})
	}
}

type nowhere struct{}

func (nowhere) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (nowhere) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (nowhere) ForceFlush(context.Context) error                { return nil }
func (nowhere) Shutdown(context.Context) error                  { return nil }
