// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	"strconv"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
)

// DefaultForcedPerSecond is how many traces a second [Forced] lets callers
// force.
const DefaultForcedPerSecond = 100

// Forced obeys what was asked for a trace, and leaves the rest to next: B3
// debug, and accept or deny without ids; instrument.Sampled and
// instrument.Unsampled. (Accept and deny with ids are the caller's sampled
// flag, which [ParentBased] follows.) What was asked without ids holds for the first root
// started from that context and for no other. At most
// [DefaultForcedPerSecond] traces a second are forced; [ForcedAtMost] sets
// another number.
//
// It belongs under [ParentBased], where it is asked about roots alone and
// looks nothing up for their children. Its spans carry no threshold: nobody knows how many others they stand for. A
// nil next samples nothing that is not forced. It may be used from several
// goroutines.
func Forced(next sdktrace.Sampler) sdktrace.Sampler {
	return ForcedAtMost(DefaultForcedPerSecond, next)
}

// ForcedAtMost is [Forced] with a bound of its own. Beyond perSecond traces a
// second (a bucket that starts full and holds one second's worth) next
// decides, and the trace is counted as capped. Zero, a negative number and
// NaN let nothing be forced; to deny is always free.
func ForcedAtMost(perSecond float64, next sdktrace.Sampler) *ForcedSampler {
	return &ForcedSampler{next: orNever(next), bucket: newBucket(perSecond), perSecond: usableRate(perSecond)}
}

// ForcedSampler is what [ForcedAtMost] returns.
type ForcedSampler struct {
	next      sdktrace.Sampler
	bucket    *bucket
	perSecond float64

	forced, denied, capped atomic.Uint64
}

var _ sdktrace.Sampler = (*ForcedSampler)(nil)

// ForcedStats counts traces since the sampler was made.
type ForcedStats struct {
	Forced uint64 `json:"forced"` // sampled because it was asked for
	Denied uint64 `json:"denied"` // dropped because it was asked for
	Capped uint64 `json:"capped"` // asked for, beyond the bound, and decided by next
}

// Stats returns the counts so far.
func (s *ForcedSampler) Stats() ForcedStats {
	return ForcedStats{Forced: s.forced.Load(), Denied: s.denied.Load(), Capped: s.capped.Load()}
}

// ShouldSample implements [sdktrace.Sampler].
func (s *ForcedSampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	q := question{parent: trace.SpanContextFromContext(p.ParentContext)}
	s.answer(&p, &q)
	return q.result
}

func (s *ForcedSampler) answer(p *sdktrace.SamplingParameters, q *question) {
	asked := intent.FromContext(p.ParentContext)
	if asked == nil {
		q.ask(s.next, p)
		return
	}
	var d intent.Decision
	switch {
	case !q.parent.IsValid():
		d = asked.Claim(p.TraceID)
	case q.parent.IsRemote():
		// Accept and deny came with ids and are in the sampled flag already,
		// which is for next to follow or not.
		if d = asked.For(p.TraceID); d != intent.Debug {
			d = intent.None
		}
	default:
		s.follow(asked.For(p.TraceID), p, q)
		return
	}
	switch d {
	case intent.Accept, intent.Debug:
		if s.bucket.take() {
			s.forced.Add(1)
			q.answeredWithoutThreshold(sdktrace.RecordAndSample)
			return
		}
		s.capped.Add(1)
	case intent.Deny:
		s.denied.Add(1)
		q.answeredWithoutThreshold(sdktrace.Drop)
		return
	}
	q.ask(s.next, p)
}

// follow keeps the children of a root that was forced or denied with it, where
// nothing parent-based does. They were counted with their root, and a root that
// was capped has no forced children.
func (s *ForcedSampler) follow(d intent.Decision, p *sdktrace.SamplingParameters, q *question) {
	switch sampled := q.parent.IsSampled(); {
	case sampled && (d == intent.Accept || d == intent.Debug):
		q.answered(sdktrace.RecordAndSample, q.parent.TraceState())
	case !sampled && d == intent.Deny:
		q.answeredWithoutThreshold(sdktrace.Drop)
	default:
		q.ask(s.next, p)
	}
}

// Description implements [sdktrace.Sampler].
func (s *ForcedSampler) Description() string {
	return "Forced{" + strconv.FormatFloat(s.perSecond, 'g', -1, 64) + "," + s.next.Description() + "}"
}
