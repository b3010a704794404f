// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// series is one metric with its tags: the frame of its lines, and where its
// values gather until they are sent. Timers gather in the queue instead.
type series struct {
	frame
	core *core
	kind kind
	hash uint64
	rate float64 // the share of values that is kept; 1 where values are summed

	// A dead series takes nothing: it stands for a name too long to send, or
	// one that came after Close. What it is given is counted in lost.
	dead bool
	lost *atomic.Uint64

	sum sum // counters

	mu      sync.Mutex // guards what follows, never held during input or output
	closed  bool
	part    float64 // of a counter: what has not made a whole
	gauge   gauge
	members members
	sampled reservoir

	// Of a series that is not aggregated: the same frame around other values,
	// the changes of a gauge or the fractions of a counter.
	twin *series
}

// count adds delta to a counter.
func (s *series) count(delta int64) {
	if s.core.unaggregated {
		s.sample(uint64(delta))
		return
	}
	if delta == 0 {
		s.sum.touched.Store(true)
	}
	if -maxStep <= delta && delta <= maxStep {
		if n := s.sum.small.Add(delta); -spill <= n && n <= spill {
			return
		}
		delta = 0 // it is in
	}
	s.settle(delta)
}

// countFloat adds delta to a counter. What does not make a whole stays behind,
// except where the receiver takes it.
func (s *series) countFloat(delta float64) {
	delta, ok := s.number(delta)
	if !ok {
		return
	}
	if s.twin != nil {
		s.twin.sample(math.Float64bits(delta))
		return
	}
	s.mu.Lock()
	closed := s.closed
	whole, part := math.Modf(s.part + delta)
	s.part = part
	s.mu.Unlock()
	switch {
	case closed:
		s.lost.Add(1)
	case whole != 0:
		s.count(int64(whole))
	case !s.core.dialect.wholeCounters():
		s.sum.touched.Store(true)
	}
}

// time records a duration.
func (s *series) time(d time.Duration) {
	if d < 0 {
		d = 0
		s.core.stats.clamped.Add(1)
	}
	s.sample(uint64(d))
}

// observe records a value of a histogram.
func (s *series) observe(v float64) {
	v, ok := s.number(v)
	if !ok {
		return
	}
	if v < 0 && !s.core.dialect.signedTimers() {
		v = 0
		s.core.stats.clamped.Add(1)
	}
	s.sample(math.Float64bits(v))
}

// sample records one value that is to be a line of its own.
func (s *series) sample(bits uint64) {
	if s.rate < 1 && rand.Float64() >= s.rate {
		return
	}
	switch {
	case s.dead:
		s.lost.Add(1)
	case s.core.reservoir > 0 && (s.kind == kindTiming || s.kind == kindHistogram):
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.closed {
			s.lost.Add(1)
			return
		}
		s.sampled.add(bits, s.core.reservoir)
	default:
		s.core.queue.add(s, bits)
	}
}

// number returns v within the bounds of a line, and false if v is no number.
func (s *series) number(v float64) (float64, bool) {
	if !finite(v) {
		s.core.stats.droppedInvalid.Add(1)
		return 0, false
	}
	v, clamped := clamp(v)
	if clamped {
		s.core.stats.clamped.Add(1)
	}
	return v, true
}

// set sets a gauge to v.
func (s *series) set(v float64) {
	v, ok := s.number(v)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		s.lost.Add(1)
	case s.core.unaggregated:
		s.gauge.level = v
		s.core.queue.addInOrder(s, math.Float64bits(v))
	default:
		s.gauge.set(v)
	}
}

// change adds delta to a gauge.
func (s *series) change(delta float64) {
	delta, ok := s.number(delta)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	relative := s.core.dialect.relativeGauges()
	switch {
	case s.closed:
		s.lost.Add(1)
	case !s.core.unaggregated:
		s.gauge.change(delta, relative)
	case relative:
		s.core.queue.addInOrder(s.twin, math.Float64bits(delta))
	default:
		s.gauge.level, _ = clamp(s.gauge.level + delta)
		s.core.queue.addInOrder(s, math.Float64bits(s.gauge.level))
	}
}

// insert adds a member to a set.
func (s *series) insert(member string) {
	member = sanitizeSetValue(member)
	if member == "" {
		s.core.stats.droppedInvalid.Add(1)
		return
	}
	if len(member) > s.core.packetBytes {
		s.core.stats.droppedOversize.Add(1)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		s.lost.Add(1)
		return
	}
	if !s.members.insert(member, &s.core.memberBytes, !s.core.unaggregated) {
		s.core.stats.droppedQueue.Add(1)
	}
}

// append appends the lines of one queued value.
func (s *series) append(dst []byte, bits uint64) []byte {
	switch s.kind {
	case kindCounter:
		return s.appendCount(dst, int64(bits))
	case kindGauge:
		return s.appendGauge(dst, math.Float64frombits(bits), s.core.dialect.relativeGauges())
	case kindGaugeDelta:
		return s.appendGaugeDelta(dst, math.Float64frombits(bits))
	case kindHistogram, kindCounterFloat:
		return s.appendValue(dst, math.Float64frombits(bits))
	}
	return s.appendTiming(dst, time.Duration(bits))
}
