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
	parent := trace.SpanContextFromContext(p.ParentContext)
	if !s.bucket.take() {
		return undisputed(sdktrace.Drop, parent)
	}
	return undisputed(sdktrace.RecordAndSample, parent)
}

func (s *rateLimited) Description() string {
	return "RateLimited{" + strconv.FormatFloat(s.perSecond, 'g', -1, 64) + "}"
}

// AtMost bounds what next keeps to perSecond traces a second, with the bucket
// of [RateLimited]. What it lets through carries no threshold any more, since
// next's no longer tells how many spans one stands for. A nil next samples
// nothing.
func AtMost(perSecond float64, next sdktrace.Sampler) sdktrace.Sampler {
	return &atMost{rateLimited{bucket: newBucket(perSecond), perSecond: usableRate(perSecond)}, orNever(next)}
}

type atMost struct {
	rateLimited
	next sdktrace.Sampler
}

var _ sdktrace.Sampler = (*atMost)(nil)

func (s *atMost) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	r := s.next.ShouldSample(p)
	if r.Decision != sdktrace.RecordAndSample {
		return r
	}
	if !s.bucket.take() {
		r.Decision = sdktrace.Drop
	}
	r.Tracestate = withoutTh(r.Tracestate)
	return r
}

func (s *atMost) Description() string {
	return "AtMost{" + strconv.FormatFloat(s.perSecond, 'g', -1, 64) + "," + s.next.Description() + "}"
}
