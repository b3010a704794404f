// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	"sync"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// maxAgeTicks is how many ticks of the clock a maximum age has.
const maxAgeTicks = 8

// batch is what was decided to be kept, to be handed on once the lock is
// released.
type batch struct {
	spans []sdktrace.ReadOnlySpan
	why   string
}

// shard is the part of a Tail that holds some of the trace ids. What
// stands below mu is guarded by it, and nobody else's code is called under it.
type shard struct {
	limits *tailConfig
	bucket *bucket

	mu        sync.Mutex
	traces    traceIndex
	undecided localTraces
	decided   localTraces // remembered for the spans still to come
	buffered  int
	counts    counts
	tick      uint32
	closed    bool
	spare     []*sharedTrace

	_ [64]byte // the next shard's lock is on another cache line
}

// What a shard keeps for reuse is bounded, in traces and in the spans of one.
const spareTraces, spareSpans = 64, 64

// startRoot remembers a local root, and returns what had to be decided to make
// room for it.
func (s *shard) startRoot(hash uint64, id trace.TraceID, span, outside trace.SpanID) (kept []batch) {
	if s.closed {
		return nil
	}
	for s.remembered() >= s.limits.maxTraces {
		if l := s.decided.oldest; l != nil {
			s.forget(l)
			continue
		}
		l := s.undecided.oldest
		if b, ok := s.settle(l, overTraces); ok {
			kept = append(kept, b)
		}
		l.fate = max(l.fate, discarded)
		s.forget(l)
	}
	var l *localTrace
	if t := s.traces.get(hash, &id); t != nil {
		l = t.add(span)
	} else {
		t = s.newTrace()
		t.hash, t.id, t.outside = hash, id, outside
		s.traces.put(t)
		l = &t.first
		l.root = span
	}
	l.in.remembered++
	l.open = 1
	l.since = s.tick
	s.undecided.push(l)
	return kept
}

func (s *shard) remembered() int { return s.undecided.count + s.decided.count }

func (s *shard) newTrace() (t *sharedTrace) {
	if n := len(s.spare); n > 0 {
		t, s.spare = s.spare[n-1], s.spare[:n-1]
	} else {
		t = new(sharedTrace)
	}
	t.first.in = t
	return t
}

// end takes a span of the local trace l and returns what is to be handed on
// now: nothing, the span, or the whole trace.
func (s *shard) end(l *localTrace, id trace.SpanID, span sdktrace.ReadOnlySpan, why string, slow bool) (b batch) {
	s.counts.ended++
	l.open--
	switch {
	case l.fate == keep && l.sent >= s.limits.maxSpans:
		s.counts.discarded[overSpans]++
	case l.fate == keep:
		l.sent++
		s.counts.kept++
		b = batch{[]sdktrace.ReadOnlySpan{span}, l.why}
	case l.fate == discarded:
		s.counts.discarded[late]++
		if l.open <= 0 && l.list != nil {
			s.forget(l)
		}
	case id == l.root:
		if l.why == "" {
			l.why = why
		}
		if l.why == "" && slow {
			l.why = reasonSlow
		}
		b = s.endRoot(l, span)
	default:
		s.buffer(l, span, why)
	}
	return b
}

// endRoot decides.
func (s *shard) endRoot(l *localTrace, root sdktrace.ReadOnlySpan) (b batch) {
	if l.why != "" {
		l.spans = append(l.spans, root)
		s.buffered++
		b, _ = s.settle(l, unremarkable)
	} else {
		s.counts.discarded[unremarkable]++
		s.discard(l, unremarkable)
		l.fate = discarded
	}
	switch {
	case l.fate == discarded && l.open <= 0:
		s.forget(l)
	case l.list == &s.undecided:
		s.decide(l, discarded)
	}
	return b
}

// endUnknown reports whether a span is kept whose local trace is not
// remembered. A root is decided by itself. A span under a root follows it: it
// was discarded, or it would be remembered.
func (s *shard) endUnknown(isRoot bool, why string) (keep bool) {
	s.counts.ended++
	switch {
	case s.closed:
		s.counts.discarded[flushed]++
	case !isRoot || why == "":
		s.counts.discarded[late]++
	case !s.bucket.take():
		s.counts.discarded[overRate]++
		s.counts.overRateTraces++
	default:
		s.counts.kept++
		s.counts.keptTraces++
		return true
	}
	return false
}

// buffer lets a span wait for its root, which has a place reserved.
func (s *shard) buffer(l *localTrace, span sdktrace.ReadOnlySpan, why string) {
	first := l.why == "" && why != ""
	if first {
		l.why = why
	}
	if n := len(l.spans); n >= s.limits.maxSpans-1 {
		s.counts.discarded[overSpans]++
		if first && n > 0 {
			l.spans[n-1] = span
		}
		return
	}
	l.spans = append(l.spans, span)
	s.buffered++
}

// overflow decides the oldest traces with waiting spans until there is room.
func (s *shard) overflow() (kept []batch) {
	for s.buffered > s.limits.maxBuffered {
		l := s.undecided.oldest
		if len(l.spans) == 0 {
			s.refresh(l) // nothing to gain; not to be met again soon
			continue
		}
		if b, ok := s.settle(l, overBuffer); ok {
			kept = append(kept, b)
		}
	}
	return kept
}

// expire settles what is older than the maximum age.
func (s *shard) expire() (kept []batch) {
	s.tick++
	for l := s.decided.oldest; l != nil && s.isOld(l); l = s.decided.oldest {
		if l.fate == keep && l.open > 0 {
			s.refresh(l) // its last spans are not lost
			continue
		}
		s.forget(l)
	}
	for l := s.undecided.oldest; l != nil && s.isOld(l); l = s.undecided.oldest {
		if b, ok := s.settle(l, aged); ok {
			kept = append(kept, b)
		}
	}
	return kept
}

func (s *shard) isOld(l *localTrace) bool { return s.tick-l.since > maxAgeTicks }

// settleAll settles everything, and forgets it if the shard closes.
func (s *shard) settleAll(closing bool) (kept []batch) {
	for range s.undecided.count {
		if b, ok := s.settle(s.undecided.oldest, flushed); ok {
			kept = append(kept, b)
		}
	}
	if closing {
		s.closed = true
		s.traces, s.spare = traceIndex{}, nil
		s.undecided, s.decided = localTraces{}, localTraces{}
	}
	return kept
}

// settle keeps the spans of an undecided trace if there is a reason to, and
// the rate allows it. With a reason its fate is decided. Without, its spans are
// discarded for the reason why, it is young again, and those that follow may
// yet call for keeping it.
func (s *shard) settle(l *localTrace, without loss) (b batch, ok bool) {
	if l.why == "" {
		s.discard(l, without)
		s.refresh(l)
		return b, false
	}
	if !s.bucket.take() {
		s.counts.overRateTraces++
		s.discard(l, overRate)
		s.decide(l, discarded)
		return b, false
	}
	b = batch{l.spans, l.why}
	l.sent = len(l.spans)
	s.counts.kept += uint64(len(l.spans))
	s.counts.keptTraces++
	s.buffered -= len(l.spans)
	l.spans = nil
	s.decide(l, keep)
	return b, true
}

// discard drops the waiting spans and keeps their place.
func (s *shard) discard(l *localTrace, why loss) {
	s.counts.discarded[why] += uint64(len(l.spans))
	s.buffered -= len(l.spans)
	clear(l.spans)
	l.spans = l.spans[:0]
	if cap(l.spans) > spareSpans {
		l.spans = nil
	}
}

// refresh makes l the youngest of its list.
func (s *shard) refresh(l *localTrace) {
	list := l.list
	list.remove(l)
	l.since = s.tick
	list.push(l)
}

func (s *shard) decide(l *localTrace, f fate) {
	s.undecided.remove(l)
	l.fate, l.since = f, s.tick
	s.decided.push(l)
}

// forget removes l. Of a trace with several local roots the fate of the first
// is remembered as long as any of them.
func (s *shard) forget(l *localTrace) {
	l.list.remove(l)
	t := l.in
	if t.remembered--; t.remembered > 0 {
		for id, of := range t.others {
			if of == l {
				delete(t.others, id)
			}
		}
		return
	}
	s.traces.remove(t)
	if len(s.spare) < spareTraces {
		spans := t.first.spans[:0]
		*t = sharedTrace{first: localTrace{spans: spans}}
		s.spare = append(s.spare, t)
	}
}
