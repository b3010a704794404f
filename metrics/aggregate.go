// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"math"
	"math/rand/v2"
	"strings"
	"sync/atomic"
)

// sum is the total of a counter since it was last sent. Almost every addition
// is one atomic instruction on small; what could overflow there is settled
// under the lock of the series.
type sum struct {
	small   atomic.Int64 // within ±spill, give or take a step; far below when closed
	touched atomic.Bool  // zero was added: the counter exists, though it stands still
	spilled atomic.Bool  // large is not zero
	large   int64        // saturates
}

const (
	maxStep     = 1 << 31            // a larger step goes to large at once
	spill       = 1 << 40            // what small may hold before it moves to large
	closedSmall = math.MinInt64 >> 1 // marks small as closed; no sum of steps comes near
)

// settle adds delta to a counter the slow way, moves a large sum out of small,
// and finds out whether the series is closed.
func (s *series) settle(delta int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		s.sum.small.Store(closedSmall)
		s.lost.Add(1)
		return
	}
	if v := s.sum.small.Load(); (v > spill || v < -spill) && s.sum.small.CompareAndSwap(v, 0) {
		s.sum.large = addSaturated(s.sum.large, v)
	}
	s.sum.large = addSaturated(s.sum.large, delta)
	s.sum.spilled.Store(true)
}

// shut leaves the mark that tells later additions that they are lost.
func (s *sum) shut() {
	s.large = addSaturated(s.large, s.small.Swap(closedSmall))
}

// take returns the total and starts again from zero.
func (s *sum) take(closed bool) (total int64, any bool) {
	any = s.touched.Swap(false)
	total = s.large
	if !closed {
		total = addSaturated(total, s.small.Swap(0))
	}
	s.large = 0
	s.spilled.Store(false)
	return total, any || total != 0
}

// idle reports that there is nothing to take.
func (s *sum) idle() bool {
	return s.small.Load() == 0 && !s.spilled.Load() && !s.touched.Load()
}

// gauge is what became of a gauge since it was last sent.
type gauge struct {
	level   float64 // the last absolute value
	delta   float64 // the sum of changes since then
	isSet   bool    // level is to be sent
	changed bool    // delta is to be sent
}

func (g *gauge) set(v float64) {
	*g = gauge{level: v, isSet: true}
}

// change adds delta to what is to be sent; to the last level, if the receiver
// knows absolute gauges only.
func (g *gauge) change(delta float64, relative bool) {
	if relative && !g.isSet {
		g.delta, _ = clamp(g.delta + delta)
		g.changed = true
		return
	}
	g.level, _ = clamp(g.level + delta)
	g.isSet = true
}

// members are those of a set since it was last sent.
type members struct {
	list []string
	seen map[string]struct{} // nil where every insertion is sent
	size int64
}

// insert adds member, once if distinct. It reports false when there is no room
// left in the budget, which all sets of a client share.
func (m *members) insert(member string, budget *atomic.Int64, distinct bool) bool {
	const overhead = 64 // string headers and the entry of the map, roughly
	if distinct {
		if _, ok := m.seen[member]; ok {
			return true
		}
	}
	cost := int64(len(member) + overhead)
	if budget.Add(-cost) < 0 {
		budget.Add(cost)
		return false
	}
	member = strings.Clone(member)
	m.size += cost
	m.list = append(m.list, member)
	if distinct {
		if m.seen == nil {
			m.seen = make(map[string]struct{})
		}
		m.seen[member] = struct{}{}
	}
	return true
}

// reservoir is a fair choice of at most n of the values of a timer (Vitter's
// algorithm R).
type reservoir struct {
	values []uint64
	seen   uint64
}

func (r *reservoir) add(bits uint64, n int) {
	r.seen++
	if len(r.values) < n {
		r.values = append(r.values, bits)
		return
	}
	if i := rand.Uint64N(r.seen); i < uint64(n) {
		r.values[i] = bits
	}
}

// shut makes s take nothing any more. What it has gathered stays.
func (s *series) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.kind == kindCounter {
		s.sum.shut()
	}
}

// collect moves what s has gathered into o.
func (s *series) collect(o *outbox) {
	if s.kind == kindCounter && s.sum.idle() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.kind {
	case kindCounter:
		s.collectCounter(o)
	case kindGauge:
		s.collectGauge(o)
	case kindSet:
		for _, member := range s.members.list {
			o.add(s.appendMember(o.buf, member))
		}
		s.core.memberBytes.Add(s.members.size)
		s.members = members{}
	default:
		s.collectReservoir(o)
	}
}

func (s *series) collectCounter(o *outbox) {
	total, any := s.sum.take(s.closed)
	switch {
	case !s.core.dialect.wholeCounters() && s.part != 0:
		v, _ := clamp(float64(total) + s.part)
		s.part = 0
		o.add(s.appendValue(o.buf, v))
	case any:
		o.add(s.appendCount(o.buf, total))
	}
}

func (s *series) collectGauge(o *outbox) {
	g := &s.gauge
	switch {
	case g.isSet:
		o.add(s.appendGauge(o.buf, g.level, s.core.dialect.relativeGauges()))
	case g.changed:
		delta, _ := clamp(g.delta)
		o.add(s.appendGaugeDelta(o.buf, delta))
	}
	*g = gauge{level: g.level}
}

// collectReservoir writes the values that were kept with the share of all that
// they stand for.
func (s *series) collectReservoir(o *outbox) {
	r := &s.sampled
	if r.seen == 0 {
		return
	}
	f := s.frame
	if rate := s.rate * float64(len(r.values)) / float64(r.seen); rate < 1 {
		f.tail = f.tail[:f.rateAt] + "|@" + string(appendRate(nil, rate)) + f.tail[f.rateEnd:]
	}
	rated := series{frame: f, core: s.core, kind: s.kind}
	for _, bits := range r.values {
		o.add(rated.append(o.buf, bits))
	}
	r.values, r.seen = r.values[:0], 0
}
