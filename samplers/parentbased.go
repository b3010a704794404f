// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
)

// ParentBased follows the parent and asks root where there is none. It is the
// SDK's sampler of that name with two faults put right:
//
//   - A B3 caller that sent ids and no sampling state left the decision to
//     the receiver. It is sent to root; the SDK takes it for a drop.
//   - The threshold th in the "ot" tracestate entry is passed on only where
//     it is true: not by a dropped span, and not by a sampled one whose
//     randomness is below it (ComposableParentThreshold in OpenTelemetry's
//     specification).
//
// A nil root samples nothing. It may be used from several goroutines.
func ParentBased(root sdktrace.Sampler) sdktrace.Sampler {
	return &parentBased{orNever(root)}
}

type parentBased struct{ root sdktrace.Sampler }

var _ sdktrace.Sampler = (*parentBased)(nil)

func (s *parentBased) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	parent := trace.SpanContextFromContext(p.ParentContext)
	if !parent.IsValid() {
		return truthful(s.root.ShouldSample(p), p.TraceID)
	}
	if parent.IsSampled() {
		return truthful(sdktrace.SamplingResult{
			Decision:   sdktrace.RecordAndSample,
			Tracestate: parent.TraceState(),
		}, p.TraceID)
	}
	if parent.IsRemote() && intent.FromContext(p.ParentContext).For(p.TraceID) == intent.Defer {
		return truthful(s.root.ShouldSample(p), p.TraceID)
	}
	return sdktrace.SamplingResult{Decision: sdktrace.Drop, Tracestate: withoutTh(parent.TraceState())}
}

func (s *parentBased) Description() string {
	return "ParentBased{root:" + s.root.Description() +
		",remoteParentSampled:AlwaysOnSampler,remoteParentNotSampled:AlwaysOffSampler" +
		",localParentSampled:AlwaysOnSampler,localParentNotSampled:AlwaysOffSampler}"
}

// truthful erases a threshold that does not explain the decision.
func truthful(r sdktrace.SamplingResult, id trace.TraceID) sdktrace.SamplingResult {
	if r.Tracestate.Len() == 0 {
		return r
	}
	e := readOT(r.Tracestate)
	explained := r.Decision == sdktrace.RecordAndSample && e.hasThreshold && e.randomnessFor(id) >= e.threshold
	if e.carriesTh && !explained {
		r.Tracestate = withoutThreshold(r.Tracestate, &e)
	}
	return r
}

// orNever stands in for a sampler that was left out: nothing asked for, nothing
// sampled.
func orNever(s sdktrace.Sampler) sdktrace.Sampler {
	if s == nil {
		return Probability(0)
	}
	return s
}
