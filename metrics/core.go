// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// core is what a client shares with its children and handles.
type core struct {
	config
	root  *scope
	stats counters
	table table
	queue queue

	memberBytes atomic.Int64 // room left for members of sets
	full        atomic.Bool  // no new series

	mu        sync.Mutex
	closed    bool
	byKey     map[string]*series // by frame.key
	summed    []*series          // those that gather values; append only
	others    [kinds]atomic.Pointer[series]
	oversized *series // dead
	late      *series // dead

	sender sender
}

func newCore(cfg config, t transport) *core {
	c := &core{config: cfg, byKey: make(map[string]*series)}
	c.root = newScope(cfg.prefix, cfg.tags, 1)
	c.table.init()
	c.queue.init(cfg.shards, cfg.queueBytes, &c.stats)
	c.memberBytes.Store(int64(cfg.queueBytes))
	c.oversized = c.deadSeries(&c.stats.droppedOversize)
	c.late = c.deadSeries(&c.stats.droppedClosed)
	c.sender.init(c, t)
	return c
}

func (c *core) deadSeries(lost *atomic.Uint64) *series {
	s := &series{core: c, dead: true, closed: true, lost: lost, rate: 1}
	s.sum.small.Store(closedSmall)
	return s
}

// find returns the series that a call means. It does not allocate when there
// was one like it before.
func (c *core) find(k kind, sc *scope, name string, tags []Tag) *series {
	h := hashName(sc.hash+uint64(k), name, tags)
	if s := c.table.find(h, k, sc, name, tags); s != nil {
		return s
	}
	s, overflow := c.meet(h, k, sc, name, tags)
	if overflow {
		c.stats.overflow.Add(1)
	}
	return s
}

// bind is find for a handle, which counts its own overflow: it reports whether
// values for the series are beyond the bound.
func (c *core) bind(k kind, sc *scope, name string, tags []Tag) (s *series, overflow bool) {
	h := hashName(sc.hash+uint64(k), name, tags)
	if s := c.table.find(h, k, sc, name, tags); s != nil {
		return s, false
	}
	return c.meet(h, k, sc, name, tags)
}

// meet makes the series of a call that is the first of its kind, and reports
// whether it is beyond the bound.
func (c *core) meet(h uint64, k kind, sc *scope, name string, tags []Tag) (s *series, overflow bool) {
	size := len(sc.prefix) + len(name)
	for _, list := range [][]Tag{sc.tags, tags} {
		for _, t := range list {
			size += len(t.Key) + len(t.Value)
		}
	}
	if size > c.packetBytes { // too long to send is too long to remember
		return c.oversized, false
	}
	if !c.full.Load() {
		if s = c.register(h, k, sc, name, tags); s != nil {
			return s, false
		}
	}
	return c.other(k), true
}

// register makes the series of a call, or returns nil if there are too many.
func (c *core) register(h uint64, k kind, sc *scope, name string, tags []Tag) *series {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s := c.table.find(h, k, sc, name, tags); {
	case s != nil: // somebody was faster
		return s
	case c.closed:
		return c.late
	case c.table.entries >= c.maxSeries:
		c.full.Store(true)
		return nil
	}

	f := c.dialect.frame(k, sc.prefix, name, c.rateOf(k, sc), slices.Concat(sc.tags, tags))
	if f.sanitized {
		c.stats.sanitized.Add(1)
	}
	s := c.byKey[f.key]
	if s == nil {
		s = c.newSeries(f, k, h, c.rateOf(k, sc))
		c.byKey[f.key] = s
	}
	c.table.insert(&entry{hash: h, kind: k, scope: sc, name: strings.Clone(name), tags: cloneTags(tags), series: s})
	return s
}

// rateOf returns the share of values of kind k that sc keeps. What is summed
// here is exact at no cost on the wire, and half of a gauge or a set is no
// smaller gauge or set.
func (c *core) rateOf(k kind, sc *scope) float64 {
	if k == kindTiming || k == kindHistogram || k == kindCounter && c.unaggregated {
		return sc.rate
	}
	return 1
}

// newSeries registers a series. c.mu is held.
func (c *core) newSeries(f frame, k kind, h uint64, rate float64) *series {
	s := &series{frame: f, core: c, kind: k, hash: h, rate: rate, lost: &c.stats.droppedClosed}
	switch {
	case c.unaggregated && k == kindGauge:
		s.twin = &series{frame: f, core: c, kind: kindGaugeDelta, hash: h, rate: 1, lost: s.lost}
	case c.unaggregated && k == kindCounter && !c.dialect.wholeCounters():
		s.twin = &series{frame: f, core: c, kind: kindCounterFloat, hash: h, rate: rate, lost: s.lost}
	}
	queued := k == kindTiming || k == kindHistogram
	if c.reservoir > 0 && queued {
		queued = false
	}
	if c.unaggregated && (k == kindCounter || k == kindGauge) {
		queued = true
	}
	if !queued {
		c.summed = append(c.summed, s)
	}
	return s
}

// other returns the series for what is beyond the bound. Values of each type
// meet in one; a sample rate does not apply.
func (c *core) other(k kind) *series {
	if s := c.others[k].Load(); s != nil {
		return s
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.late
	}
	f := c.dialect.frame(k, c.root.prefix, "other", 1, c.root.tags)
	s := c.byKey[f.key]
	if s == nil {
		s = c.newSeries(f, k, 0, 1)
		c.byKey[f.key] = s
	}
	c.others[k].Store(s)
	return s
}

// gathering returns the series that gather values.
func (c *core) gathering() []*series {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.summed
}

// shut ends the taking in. What was recorded before can still be sent, what
// comes is counted: were it left to the sender, producers as fast as it could
// keep it busy for ever, and a writer that hangs could keep it from it.
func (c *core) shut() {
	c.mu.Lock()
	c.closed = true
	all := c.summed
	c.mu.Unlock()
	c.queue.close()
	for _, s := range all {
		s.shut()
	}
}

func (c *core) seriesCount() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.byKey)
}
