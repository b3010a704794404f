// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	"encoding/binary"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Hashed is [Probability] for producers whose trace ids are not random and
// carry no rv, such as counters and clocks: the randomness is a hash of all 16
// bytes of the id, the same in every process and version. A span that is kept
// carries that hash as rv beside th, so that services behind it decide alike
// with plain [Probability]. An rv that is there already is used as it is.
//
// For ids that are random it is no better than Probability, and services that
// use one do not agree with services that use the other. The range of p and
// the rest are as for Probability.
func Hashed(p float64) sdktrace.Sampler {
	r := ratioOf(p)
	return &hashed{r, "Hashed{" + r.text() + "}"}
}

type hashed struct {
	ratio
	description string
}

var _ sdktrace.Sampler = (*hashed)(nil)

func (s *hashed) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	q := question{parent: trace.SpanContextFromContext(p.ParentContext)}
	s.answer(&p, &q)
	return q.result
}

func (s *hashed) Description() string { return s.description }

func (s *hashed) answer(p *sdktrace.SamplingParameters, q *question) {
	ts := q.parent.TraceState()
	if ts.Len() == 0 && hashOf(p.TraceID) < s.threshold {
		return
	}
	e := readOT(ts)
	if e.hasRandomness {
		s.decide(p, q)
		return
	}
	r := hashOf(p.TraceID)
	if r < s.threshold {
		q.answered(sdktrace.Drop, withoutThreshold(ts, &e))
		return
	}
	q.answered(sdktrace.RecordAndSample, withThresholdAndRandomness(ts, &e, s.th, r))
}

// hashOf spreads a trace id over 56 bits: the upper 56 of SplitMix64 (Steele,
// Lea, Flood 2014) seeded with the second half of the id, to which a first
// half that is not zero is added after going through SplitMix64 itself. For
// 64-bit ids that is the rv which the X-Trace-Info propagator writes.
func hashOf(id trace.TraceID) uint64 {
	seed := binary.BigEndian.Uint64(id[8:])
	if high := binary.BigEndian.Uint64(id[:8]); high != 0 {
		seed ^= mix(high)
	}
	return mix(seed) >> (64 - randomBits)
}

func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
