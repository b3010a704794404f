// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	"strconv"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// RateLimited keeps at most perSecond traces a second, the first ones to come:
// a token bucket that starts full and holds one second's worth, and at least
// one. A rate below one is one trace in that many seconds. Zero keeps nothing;
// so do NaN, infinities and negative numbers.
//
// Its spans carry no threshold: nobody can tell how many others they stand
// for. It decides every span it is asked about; under [ParentBased] it is
// asked about roots alone. No lock is taken; it may be used from several
// goroutines.
func RateLimited(perSecond float64) sdktrace.Sampler {
	return &rateLimited{bucket: newBucket(perSecond), perSecond: usableRate(perSecond)}
}

type rateLimited struct {
	bucket    *bucket
	perSecond float64
}

var _ sdktrace.Sampler = (*rateLimited)(nil)

func (s *rateLimited) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	// Reading the clock, most of the cost, waits for every store before it:
	// it comes first, and the question is not built up in memory.
	d := s.decide()
	return sdktrace.SamplingResult{
		Decision:   d,
		Tracestate: withoutTh(trace.SpanContextFromContext(p.ParentContext).TraceState()),
	}
}

func (s *rateLimited) answer(_ *sdktrace.SamplingParameters, q *question) {
	q.answeredWithoutThreshold(s.decide())
}

func (s *rateLimited) decide() sdktrace.SamplingDecision {
	if s.bucket.take() {
		return sdktrace.RecordAndSample
	}
	return sdktrace.Drop
}

func (s *rateLimited) Description() string {
	return "RateLimited{" + strconv.FormatFloat(s.perSecond, 'g', -1, 64) + "}"
}

// AtMost bounds what next keeps to perSecond traces a second, with the bucket
// of [RateLimited]. What it lets through carries no threshold any more, since
// next's no longer tells how many spans one stands for. A nil next samples
// nothing.
func AtMost(perSecond float64, next sdktrace.Sampler) sdktrace.Sampler {
	return &atMost{bucket: newBucket(perSecond), perSecond: usableRate(perSecond), next: orNever(next)}
}

type atMost struct {
	bucket    *bucket
	perSecond float64
	next      sdktrace.Sampler
}

var _ sdktrace.Sampler = (*atMost)(nil)

func (s *atMost) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	q := question{parent: trace.SpanContextFromContext(p.ParentContext)}
	s.answer(&p, &q)
	return q.result
}

func (s *atMost) answer(p *sdktrace.SamplingParameters, q *question) {
	q.ask(s.next, p)
	if q.result.Decision != sdktrace.RecordAndSample {
		return
	}
	if !s.bucket.take() {
		q.result.Decision = sdktrace.Drop
	}
	q.result.Tracestate = withoutTh(q.result.Tracestate)
}

func (s *atMost) Description() string {
	return "AtMost{" + strconv.FormatFloat(s.perSecond, 'g', -1, 64) + "," + s.next.Description() + "}"
}
