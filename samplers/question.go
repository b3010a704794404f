// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// question is what a chain of samplers shares: the parent, looked up once for
// all of them, and the answer, at first to drop. The parameters go beside it:
// a pointer to them in here would escape.
type question struct {
	parent trace.SpanContext
	result sdktrace.SamplingResult
}

// ask lets s answer. A method of an interface would make both pointers
// escape, two allocations a question; a call of a known type keeps them on the
// stack.
func (q *question) ask(s sdktrace.Sampler, p *sdktrace.SamplingParameters) {
	switch s := s.(type) {
	case *probability:
		s.answer(p, q)
	case *hashed:
		s.answer(p, q)
	case *AdjustableSampler:
		s.answer(p, q)
	case *rateLimited:
		s.answer(p, q)
	case *atMost:
		s.answer(p, q)
	case *rules:
		s.answer(p, q)
	case *ForcedSampler:
		s.answer(p, q)
	case *parentBased:
		s.answer(p, q)
	default:
		q.result = s.ShouldSample(*p)
	}
}

func (q *question) answered(d sdktrace.SamplingDecision, ts trace.TraceState) {
	q.result.Decision, q.result.Tracestate = d, ts
}

// answeredWithoutThreshold is for decisions that no threshold explains.
func (q *question) answeredWithoutThreshold(d sdktrace.SamplingDecision) {
	q.answered(d, withoutTh(q.parent.TraceState()))
}

// orNever stands in for a sampler that was left out: nothing asked for, nothing
// sampled.
func orNever(s sdktrace.Sampler) sdktrace.Sampler {
	if s == nil {
		return Probability(0)
	}
	return s
}
