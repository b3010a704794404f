// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// AlwaysRecord lets span processors see every span: what next drops is
// recorded without being sampled, so that span metrics count all of them and
// [KeepErrors] can change its mind, while exporters go on seeing the sampled
// ones alone. The tracestate stays as next left it; the SDK's sampler of this
// name puts the parent's back, and with it a threshold that next had erased.
//
// Recording has a price, paid for every span: see docs/samplers.md. A nil
// next samples nothing. It may be used from several goroutines.
func AlwaysRecord(next sdktrace.Sampler) sdktrace.Sampler {
	return &alwaysRecord{orNever(next)}
}

type alwaysRecord struct{ next sdktrace.Sampler }

var _ sdktrace.Sampler = (*alwaysRecord)(nil)

func (s *alwaysRecord) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	q := question{parent: trace.SpanContextFromContext(p.ParentContext)}
	q.ask(s.next, &p)
	if q.result.Decision == sdktrace.Drop {
		q.result.Decision = sdktrace.RecordOnly
	}
	return q.result
}

func (s *alwaysRecord) Description() string {
	return "AlwaysRecord{root:" + s.next.Description() + "}"
}
