// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"container/list"
	"reflect"
	"sync"
	"time"
)

// Stats counts what the viewer holds now, and what became of every span since
// Start: Received = Spans + Duplicates + Evicted + Dropped.
type Stats struct {
	Traces   int   // held now
	Spans    int   // held now
	Bytes    int64 // estimate of the memory they occupy
	MaxBytes int64

	Received   uint64 // spans of the requests that were accepted
	Duplicates uint64 // spans that were here already: an exporter tried again
	Evicted    uint64 // spans that left, with their whole trace, to make room
	Dropped    uint64 // spans that found no room beside the rest of their own trace
	Rejected   uint64 // requests refused: malformed or too large

	Logs        int    // lines held now, of SlogHandler
	LogsEvicted uint64 // lines that left to make room
}

// store holds traces up to a number of bytes. The trace that was fed last
// leaves last.
type store struct {
	max int64
	fed chan struct{} // holds an element when a trace has grown

	mu      sync.Mutex
	traces  map[string]*entry
	order   list.List // of *entry, the one fed longest ago first
	waiting list.List // of *entry not printed yet as they are now, likewise
	watched bool      // whether anybody takes from waiting
	stats   Stats
}

type entry struct {
	id      string
	spans   []*held
	byID    map[string]*held    // the last one of each span id
	missing map[string]struct{} // parents referred to that are not here
	roots   int
	size    int64
	fed     time.Time
	printed int // how many spans were here when it was printed last
	place   *list.Element
	wait    *list.Element // nil when printed as it is
}

// held is a span and the one before it with the same id.
type held struct {
	Span
	previous *held
}

// What a trace costs beyond its spans.
const entryOverhead = 768

func newStore(maxBytes int64, watched bool) *store {
	return &store{
		max:     maxBytes,
		fed:     make(chan struct{}, 1),
		traces:  make(map[string]*entry),
		watched: watched,
		stats:   Stats{MaxBytes: maxBytes},
	}
}

// add takes the spans over.
func (st *store) add(spans []Span) {
	now := time.Now()
	st.mu.Lock()
	defer st.mu.Unlock()
	for i := range spans {
		st.addOne(spans[i], now)
	}
	select {
	case st.fed <- struct{}{}:
	default:
	}
}

func (st *store) addOne(s Span, now time.Time) {
	st.stats.Received++
	t := st.traces[s.TraceID]
	if t != nil && t.has(&s) {
		st.stats.Duplicates++
		return
	}
	size, beside := s.size(), int64(0)
	if t == nil {
		size += entryOverhead
	} else {
		beside = t.size
		st.order.MoveToBack(t.place) // not to be evicted for its own sake
	}
	if beside+size > st.max {
		st.stats.Dropped++
		return
	}
	for st.stats.Bytes+size > st.max {
		st.evict(st.order.Front().Value.(*entry))
	}
	if t == nil {
		t = &entry{id: s.TraceID, byID: make(map[string]*held, 1)}
		t.place = st.order.PushBack(t)
		st.traces[t.id] = t
		st.stats.Traces++
	}
	s.TraceID = t.id // one string for the whole trace
	t.add(s)
	t.size += size
	t.fed = now
	st.stats.Spans++
	st.stats.Bytes += size
	switch {
	case !st.watched:
	case t.wait == nil:
		t.wait = st.waiting.PushBack(t)
	default:
		st.waiting.MoveToBack(t.wait)
	}
}

func (st *store) evict(t *entry) {
	delete(st.traces, t.id)
	st.order.Remove(t.place)
	if t.wait != nil {
		st.waiting.Remove(t.wait)
	}
	st.stats.Traces--
	st.stats.Spans -= len(t.spans)
	st.stats.Evicted += uint64(len(t.spans))
	st.stats.Bytes -= t.size
}

func (t *entry) add(s Span) {
	h := &held{Span: s, previous: t.byID[s.ID]}
	t.spans = append(t.spans, h)
	t.byID[s.ID] = h
	delete(t.missing, s.ID)
	if s.ParentID == "" {
		t.roots++
	} else if t.byID[s.ParentID] == nil {
		if t.missing == nil {
			t.missing = make(map[string]struct{})
		}
		t.missing[s.ParentID] = struct{}{}
	}
}

// has tells whether the very same span is here. An id has one span, or two
// halves; a stranger's thousand are not all compared.
func (t *entry) has(s *Span) bool {
	h := t.byID[s.ID]
	for range 4 {
		if h == nil {
			return false
		}
		if reflect.DeepEqual(&h.Span, s) {
			return true
		}
		h = h.previous
	}
	return false
}

func (t *entry) complete() bool { return t.roots > 0 && len(t.missing) == 0 }

// picture is a trace as it was at one moment.
type picture struct {
	id      string
	spans   []*held
	roots   int
	missing int
	more    int // spans that arrived since it was printed, zero the first time
}

// due takes up to a few traces whose time to be printed has come: quiet after
// the last span of a complete one, patience after that of any other. When it
// returns none, it also returns when to ask again, or the zero time.
func (st *store) due(now time.Time, quiet, patience time.Duration, all bool) (out []picture, again time.Time) {
	const few = 16 // they are copied; the rest can wait where they are
	st.mu.Lock()
	defer st.mu.Unlock()
	sooner := func(t time.Time) {
		if again.IsZero() || t.Before(again) {
			again = t
		}
	}
	var next *list.Element
	for e := st.waiting.Front(); e != nil && len(out) < few; e = next {
		next = e.Next()
		t := e.Value.(*entry)
		if !all {
			if ready := t.fed.Add(quiet); ready.After(now) {
				sooner(ready)
				break // those behind were fed later still
			}
			if ready := t.fed.Add(patience); !t.complete() && ready.After(now) {
				sooner(ready)
				continue
			}
		}
		p := picture{id: t.id, spans: t.spans[:len(t.spans):len(t.spans)], roots: t.roots, missing: len(t.missing)}
		if t.printed > 0 {
			p.more = len(t.spans) - t.printed
		}
		out = append(out, p)
		t.printed = len(t.spans)
		st.waiting.Remove(e)
		t.wait = nil
	}
	return out, again
}

// trace returns the spans held under a key, or nil.
func (st *store) trace(key string) []*held {
	st.mu.Lock()
	defer st.mu.Unlock()
	t := st.traces[key]
	if t == nil {
		return nil
	}
	return t.spans[:len(t.spans):len(t.spans)]
}

// all returns every trace, in no order.
func (st *store) all() [][]*held {
	st.mu.Lock()
	defer st.mu.Unlock()
	out := make([][]*held, 0, len(st.traces))
	for _, t := range st.traces {
		out = append(out, t.spans[:len(t.spans):len(t.spans)])
	}
	return out
}

func (st *store) reject() {
	st.mu.Lock()
	st.stats.Rejected++
	st.mu.Unlock()
}

func (st *store) read() Stats {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.stats
}
