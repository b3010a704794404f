// SPDX-License-Identifier: Apache-2.0

package samplers

import sdktrace "go.opentelemetry.io/otel/sdk/trace"

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
	r := s.next.ShouldSample(p)
	if r.Decision == sdktrace.Drop {
		r.Decision = sdktrace.RecordOnly
	}
	return r
}

func (s *alwaysRecord) Description() string {
	return "AlwaysRecord{root:" + s.next.Description() + "}"
}
