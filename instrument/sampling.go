// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"math"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
	"github.com/waymark-otel/waymark/samplers"
)

// WithSampleRatio samples the share p of the traces that begin here and
// follows the caller's decision for the others. By default, 1. Zero samples
// none. Outside 0 and [2^-56, 1] it is an error. It replaces WithSampler.
func WithSampleRatio(p float64) Option {
	return optionFunc(func(c *config) {
		if math.IsNaN(p) || p < 0 || p > 1 || p > 0 && p < 0x1p-56 {
			c.fail("sample ratio %v is outside 0 and [2^-56, 1]", p)
			return
		}
		c.sampler = samplers.Probability(p)
	})
}

// WithSampler lets s decide for the traces that begin here, and for those
// whose caller left the decision to us. The decision of any other caller is
// followed, and so are B3 debug, accept and deny, and Sampled and Unsampled.
// A trace about which s panics is dropped and reported. It replaces
// WithSampleRatio.
func WithSampler(s sdktrace.Sampler) Option {
	return optionFunc(func(c *config) {
		if isNil(s) {
			c.fail("sampler is nil")
			return
		}
		c.sampler = guardedSampler{s, c.report}
	})
}

// WithForcedPerSecond bounds how many new traces a second can be forced, by
// Sampled and by B3 debug and accept without ids. By default,
// samplers.DefaultForcedPerSecond. Beyond it the sampler decides, and the
// trace is counted in Stats. Zero lets nothing be forced. A caller that sends
// ids and says that their trace is sampled is followed in any case; see
// httpwrap.WithPublicEndpoint for callers that are not trusted.
func WithForcedPerSecond(n float64) Option {
	return optionFunc(func(c *config) {
		if math.IsNaN(n) || math.IsInf(n, 0) || n < 0 {
			c.fail("forced traces per second %v is not a number of at least 0", n)
			return
		}
		c.forced = &n
	})
}

// WithKeepErrors exports every local trace that failed or was slow, whatever
// the ratio says: see samplers.WithSlow and samplers.WithReason for what that
// means by default, samplers.KeepErrors for its bounds and docs/samplers.md for its price. Every span is recorded then.
// Processors of WithSpanProcessor see each span once, as the sampler decided.
// Called twice, the options add.
func WithKeepErrors(opts ...samplers.TailOption) Option {
	return optionFunc(func(c *config) {
		c.keepErrors = true
		c.tail = append(c.tail, opts...)
	})
}

// Sampled returns a context whose first new trace is sampled, whatever the
// ratio says. It changes nothing for spans of a trace that has begun, nor for
// the second trace begun from the same context. WithForcedPerSecond bounds how
// many a second are.
func Sampled(ctx context.Context) context.Context {
	return intent.ContextWith(ctx, intent.Accept, trace.TraceID{})
}

// Unsampled returns a context whose first new trace is not sampled: health
// checks, polling loops. It changes nothing for spans of a trace that has
// begun.
func Unsampled(ctx context.Context) context.Context {
	return intent.ContextWith(ctx, intent.Deny, trace.TraceID{})
}

// forcedBy puts what somebody asked for before what the sampler says.
func (c *config) forcedBy(next sdktrace.Sampler) *samplers.ForcedSampler {
	perSecond := float64(samplers.DefaultForcedPerSecond)
	if c.forced != nil {
		perSecond = *c.forced
	}
	return samplers.ForcedAtMost(perSecond, next)
}

// forward hands spans on to several processors, which their owner flushes and
// shuts down by itself.
type forward []sdktrace.SpanProcessor

func (f forward) OnStart(ctx context.Context, s sdktrace.ReadWriteSpan) {
	for _, p := range f {
		p.OnStart(ctx, s)
	}
}

func (f forward) OnEnd(s sdktrace.ReadOnlySpan) {
	for _, p := range f {
		p.OnEnd(s)
	}
}

func (f forward) ForceFlush(context.Context) error { return nil }
func (f forward) Shutdown(context.Context) error   { return nil }
