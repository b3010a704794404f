// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync/atomic"
)

// scope is what a client adds to every metric: a prefix, tags, a sample rate.
// It never changes once made.
type scope struct {
	prefix string
	tags   []Tag
	rate   float64
	hash   uint64
}

var seed = maphash.MakeSeed()

// newScope keeps copies of what it is given.
func newScope(prefix string, tags []Tag, rate float64) *scope {
	sc := &scope{prefix: strings.Clone(prefix), tags: cloneTags(tags), rate: rate}
	sc.hash = hashName(maphash.Comparable(seed, rate), prefix, tags)
	return sc
}

// cloneTags copies tags and their strings, which may be slices of something
// large, or of memory that is used again.
func cloneTags(tags []Tag) []Tag {
	clones := make([]Tag, len(tags))
	for i, t := range tags {
		clones[i] = Tag{Key: strings.Clone(t.Key), Value: strings.Clone(t.Value)}
	}
	return clones
}

// same reports whether two scopes add the same.
func (sc *scope) same(other *scope) bool {
	return sc == other ||
		sc.prefix == other.prefix && sc.rate == other.rate && slices.Equal(sc.tags, other.tags)
}

// hashName mixes a name and tags into h. The seed is the process's own, so
// nobody outside can choose names that collide.
func hashName(h uint64, name string, tags []Tag) uint64 {
	const odd = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio
	h = (h ^ maphash.String(seed, name)) * odd
	for i := range tags {
		h = (h>>29 ^ h ^ maphash.String(seed, tags[i].Key)) * odd
		h = (h>>31 ^ h ^ maphash.String(seed, tags[i].Value)) * odd
	}
	return h>>32 ^ h
}

// entry remembers which series a call means, by what the caller wrote.
type entry struct {
	hash   uint64
	kind   kind
	scope  *scope
	name   string
	tags   []Tag
	series *series
	next   *entry
}

// table finds entries without a lock. One goroutine at a time may insert.
type table struct {
	buckets atomic.Pointer[[]atomic.Pointer[entry]] // a power of two of them
	entries int
}

func (t *table) init() {
	buckets := make([]atomic.Pointer[entry], 64)
	t.buckets.Store(&buckets)
}

// find returns the series of a call, or nil if it is the first of its kind.
func (t *table) find(h uint64, k kind, sc *scope, name string, tags []Tag) *series {
	buckets := *t.buckets.Load()
	e := buckets[h&uint64(len(buckets)-1)].Load()
next:
	for ; e != nil; e = e.next {
		if e.hash != h || e.kind != k || e.name != name || len(e.tags) != len(tags) || !e.scope.same(sc) {
			continue
		}
		for i := range tags {
			if e.tags[i] != tags[i] {
				continue next
			}
		}
		return e.series
	}
	return nil
}

// insert adds e. Readers see it at once or a moment later.
func (t *table) insert(e *entry) {
	buckets := *t.buckets.Load()
	if t.entries >= len(buckets) {
		buckets = t.grow(buckets)
	}
	t.entries++
	b := &buckets[e.hash&uint64(len(buckets)-1)]
	e.next = b.Load()
	b.Store(e)
}

// grow doubles the buckets. Entries are copied, because readers still walk the
// old chains.
func (t *table) grow(old []atomic.Pointer[entry]) []atomic.Pointer[entry] {
	buckets := make([]atomic.Pointer[entry], 2*len(old))
	for i := range old {
		for e := old[i].Load(); e != nil; e = e.next {
			moved := *e
			b := &buckets[e.hash&uint64(len(buckets)-1)]
			moved.next = b.Load()
			b.Store(&moved)
		}
	}
	t.buckets.Store(&buckets)
	return buckets
}
