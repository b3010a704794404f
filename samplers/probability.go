// SPDX-License-Identifier: Apache-2.0

// Package samplers decides which traces are kept, and says so truthfully: a
// kept span tells how many others it stands for, or tells nothing.
//
//	which traces                   sampler
//	a fraction                     Probability; Hashed where ids are not random
//	so many a second               RateLimited; AtMost around another
//	by route, name, kind, value    Rules
//	a fraction, set while running  Adjustable
//	those somebody asked for       Forced
//	as the caller decided          ParentBased, around any of the above
//	the failed and the slow        KeepErrors, a span processor, with AlwaysRecord
//
// Every sampler passes the parent's tracestate on, may be used from several
// goroutines and never locks. A ratio or a rate that makes no sense means
// none, and a sampler left out (nil) samples nothing.
package samplers

import (
	"strconv"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Probability keeps the fraction p of all traces, the same ones in every
// service that keeps at least as many: a trace is kept when its randomness
// (rv in the "ot" tracestate entry, else the low 56 bits of the trace id) is
// not below the threshold of p. A span that is kept carries that threshold as
// th, from which a backend knows that it stands for 1/p spans; a dropped one
// carries none. This is consistent probability sampling as OpenTelemetry's
// specification describes it (OTEP 235), with thresholds of four significant
// digits.
//
// p is from 2^-56 to 1; 0 keeps nothing. Anything else (NaN, an infinity, a
// negative number, more than 1) keeps nothing either; [Parse] and
// [AdjustableSampler.Set] return an error for it.
//
// It decides every span it is asked about. Under [ParentBased] it is asked
// about roots alone. It may be used from several goroutines.
func Probability(p float64) sdktrace.Sampler {
	r := ratioOf(p)
	return &probability{r, "ProbabilitySampler{" + r.text() + "}"}
}

type probability struct {
	ratio
	description string
}

var _ sdktrace.Sampler = (*probability)(nil)

func (s *probability) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	q := question{parent: trace.SpanContextFromContext(p.ParentContext)}
	s.answer(&p, &q)
	return q.result
}

func (s *probability) answer(p *sdktrace.SamplingParameters, q *question) {
	s.decide(p, q)
}

func (s *probability) Description() string { return s.description }

// ratio is a probability, ready to decide with. It does not change.
type ratio struct {
	value     float64
	threshold uint64
	th        string           // sub-key of a kept span
	alone     trace.TraceState // of a kept span whose parent had none
}

func ratioOf(p float64) ratio {
	r := ratio{value: usableRatio(p), threshold: thresholdOf(p)}
	if r.value > 0 {
		r.th = thSubKey + formatThreshold(r.threshold)
		r.alone = insertOT(trace.TraceState{}, &otEntry{}, r.th)
	}
	return r
}

// text is the shortest decimal that reads back as the ratio.
func (r *ratio) text() string { return strconv.FormatFloat(r.value, 'g', -1, 64) }

// decide answers for the trace id and the parent's tracestate.
func (r *ratio) decide(p *sdktrace.SamplingParameters, q *question) {
	ts := q.parent.TraceState()
	if ts.Len() == 0 {
		if randomnessOf(p.TraceID) >= r.threshold {
			q.answered(sdktrace.RecordAndSample, r.alone)
		}
		return
	}
	e := readOT(ts)
	if e.randomnessFor(p.TraceID) < r.threshold {
		q.answered(sdktrace.Drop, withoutThreshold(ts, &e))
		return
	}
	q.answered(sdktrace.RecordAndSample, withThreshold(ts, &e, r.th))
}
