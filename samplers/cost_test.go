// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/internal/intent"
	"github.com/waymark-otel/waymark/samplers"
)

// chain is what Setup installs around a root sampler.
func chain(root sdktrace.Sampler) sdktrace.Sampler {
	return samplers.AlwaysRecord(samplers.ParentBased(samplers.Forced(root)))
}

func fourLines(rest sdktrace.Sampler) sdktrace.Sampler {
	return samplers.AtMost(50, samplers.Rules(rest,
		samplers.Rule{Route: "/healthz"},
		samplers.Rule{Route: "/checkout", Sampler: samplers.Probability(1)},
	))
}

func manyRules(rest sdktrace.Sampler) sdktrace.Sampler {
	return samplers.Rules(rest,
		samplers.Rule{Route: "/healthz"},
		samplers.Rule{Route: "/readyz"},
		samplers.Rule{Name: "GET /static/*"},
		samplers.Rule{Attributes: []attribute.KeyValue{attribute.String("url.scheme", "ftp")}},
	)
}

// droppers are samplers that drop the request the costs are measured with.
func droppers() map[string]sdktrace.Sampler {
	p := samplers.Probability(0.001)
	empty := samplers.RateLimited(0x1p-40)
	keeps(empty, 1)
	return map[string]sdktrace.Sampler{
		"Probability":  p,
		"Hashed":       samplers.Hashed(1e-9),
		"ParentBased":  samplers.ParentBased(p),
		"Forced":       samplers.Forced(p),
		"AlwaysRecord": samplers.AlwaysRecord(p),
		"Adjustable":   samplers.Adjustable(0.001),
		"RateLimited":  empty,
		"AtMost":       samplers.AtMost(1, p),
		"Rules":        fourLines(p),
		"Rules of any": manyRules(p),
		"Setup":        chain(p),
	}
}

func questionFor(ctx context.Context) sdktrace.SamplingParameters {
	r := request("/orders/{id}")
	return sdktrace.SamplingParameters{ParentContext: ctx, TraceID: dropped, Name: r.name, Kind: r.kind, Attributes: r.attributes}
}

func TestDropDoesNotAllocate(t *testing.T) {
	for name, s := range droppers() {
		t.Run(name, func(t *testing.T) {
			for where, ctx := range map[string]context.Context{
				"root":     context.Background(),
				"deferred": parent{tracestate: "ot=rv:00000000000001,v=1"}.contextOn(t, asked(intent.Defer, dropped), dropped),
				"child":    parent{tracestate: "ot=rv:00000000000001,v=1"}.context(t, dropped),
			} {
				p := questionFor(ctx)
				assert.NotEqual(t, sdktrace.RecordAndSample, s.ShouldSample(p).Decision)
				assert.Zero(t, testing.AllocsPerRun(1000, func() { s.ShouldSample(p) }), where)
			}
		})
	}
}

func TestKeepAllocatesTheTracestateAndNothingElse(t *testing.T) {
	on := samplers.Probability(1)
	for name, s := range map[string]sdktrace.Sampler{
		"Probability": on,
		"Hashed":      samplers.Hashed(1),
		"Adjustable":  samplers.Adjustable(1),
		"RateLimited": samplers.RateLimited(1e9),
		"AtMost":      samplers.AtMost(1e9, samplers.RateLimited(1e9)),
		"Rules":       manyRules(on),
		"Setup":       chain(on),
	} {
		t.Run(name, func(t *testing.T) {
			for where, tc := range map[string]struct {
				ctx  context.Context
				most float64
			}{
				"root":                    {context.Background(), 0},
				"sampled parent":          {parent{sampled: true, tracestate: "v=1"}.context(t, dropped), 1},
				"sampled parent with rv":  {parent{sampled: true, tracestate: "ot=rv:ffffffffffffff,v=1"}.context(t, dropped), 1},
				"deferred parent with rv": {parent{tracestate: "ot=rv:ffffffffffffff;xx:1"}.contextOn(t, asked(intent.Defer, dropped), dropped), 1},
			} {
				if name == "Hashed" {
					tc.most = 1 // even a root's differs from trace to trace
				}
				p := questionFor(tc.ctx)
				assert.Equal(t, sdktrace.RecordAndSample, s.ShouldSample(p).Decision)
				allocs := testing.AllocsPerRun(1000, func() { s.ShouldSample(p) })
				if !raceEnabled { // a pool throws away at random under the race detector
					assert.LessOrEqual(t, allocs, tc.most, where)
				}
			}
		})
	}
}

func BenchmarkDrop(b *testing.B) {
	for name, s := range droppers() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			p := questionFor(context.Background())
			for b.Loop() {
				s.ShouldSample(p)
			}
		})
	}
}

func BenchmarkKeep(b *testing.B) {
	on := samplers.Probability(1)
	for name, s := range map[string]sdktrace.Sampler{
		"Probability": on, "Hashed": samplers.Hashed(1), "RateLimited": samplers.RateLimited(1e9), "Setup": chain(on),
	} {
		for where, state := range map[string]string{"root": "", "vendor": "v=1", "rv": "ot=rv:ffffffffffffff"} {
			b.Run(name+"/"+where, func(b *testing.B) {
				b.ReportAllocs()
				p := questionFor(context.Background())
				if state != "" {
					p.ParentContext = parent{sampled: true, tracestate: state}.context(b, dropped)
				}
				for b.Loop() {
					s.ShouldSample(p)
				}
			})
		}
	}
}

func BenchmarkRateLimitedContended(b *testing.B) {
	s := samplers.RateLimited(100)
	p := questionFor(context.Background())
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.ShouldSample(p)
		}
	})
}
