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
	q := question{parent: trace.SpanContextFromContext(p.ParentContext)}
	s.answer(&p, &q)
	return q.result
}

func (s *parentBased) answer(p *sdktrace.SamplingParameters, q *question) {
	switch {
	case !q.parent.IsValid():
		q.ask(s.root, p)
	case q.parent.IsSampled():
		q.answered(sdktrace.RecordAndSample, q.parent.TraceState())
	case q.parent.IsRemote() && intent.FromContext(p.ParentContext).For(p.TraceID) == intent.Defer:
		q.ask(s.root, p)
	default:
		q.answered(sdktrace.Drop, q.parent.TraceState())
	}
	if q.result.Tracestate.Len() > 0 && q.result.Tracestate.Get(otKey) != "" {
		eraseUntruth(p.TraceID, q)
	}
}

func (s *parentBased) Description() string {
	return "ParentBased{root:" + s.root.Description() +
		",remoteParentSampled:AlwaysOnSampler,remoteParentNotSampled:AlwaysOffSampler" +
		",localParentSampled:AlwaysOnSampler,localParentNotSampled:AlwaysOffSampler}"
}

// eraseUntruth erases a threshold that does not explain the decision.
func eraseUntruth(id trace.TraceID, q *question) {
	e := readOT(q.result.Tracestate)
	explains := q.result.Decision == sdktrace.RecordAndSample && e.hasThreshold &&
		e.randomnessFor(id) >= e.threshold
	if !explains {
		q.result.Tracestate = withoutThreshold(q.result.Tracestate, &e)
	}
}
