// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

const (
	// maxAnalyzedBytes bounds what is read of a query. What follows is in
	// neither the summary nor the sanitized text.
	maxAnalyzedBytes = 64 << 10
	// maxSanitizedBytes bounds the sanitized text, cut at a token.
	maxSanitizedBytes = 16 << 10
	// maxCachedBytes is the longest query that is remembered.
	maxCachedBytes = 16 << 10
	// bytesPerStatement bounds the memory of a cache, together with the number of
	// its statements.
	bytesPerStatement = 2 << 10
	// ways is how many places of the cache a query may be in.
	ways = 4
)

// statement is what is known about the text of one query.
type statement struct {
	summary       string // "" if there is nothing to say
	sanitized     string // without literals and comments
	parameterized bool   // the text has placeholders, and no literals but small numbers

	// described is what the observer of the cache makes of it. It is nil in a
	// query that is not remembered.
	described *atomic.Pointer[described]
}

// statements remembers what is known about queries: at most so many of them,
// and so many bytes. Hits take no lock and allocate nothing.
type statements struct {
	readings []reading
	seed     maphash.Seed
	mask     uint64
	places   []atomic.Pointer[remembered]
	bytes    atomic.Int64
	room     int64
	hand     atomic.Uint64
}

// remembered is one query in the cache.
type remembered struct {
	statement
	query string
	size  int64
	used  atomic.Bool // since the last look for a place to free
}

// newStatements returns a cache of at most limit queries of any database. It
// remembers none when limit is less than 4.
func newStatements(limit int) *statements { return newStatementsOf("", limit) }

// newStatementsOf returns a cache of at most limit queries of a database, by
// db.system.name. A database that is known leaves more of a text readable: its
// "…" need not be taken for strings.
func newStatementsOf(system string, limit int) *statements {
	s := &statements{readings: readingsOf(system), seed: maphash.MakeSeed()}
	sets := limit / ways
	if sets < 1 {
		return s
	}
	for sets&(sets-1) != 0 {
		sets &= sets - 1
	}
	s.places = make([]atomic.Pointer[remembered], sets*ways)
	s.mask = uint64(sets - 1)
	s.room = int64(limit) * bytesPerStatement
	return s
}

// get returns what is known about a query. It may be called concurrently.
func (s *statements) get(query string) *statement {
	if len(query) > maxCachedBytes || len(s.places) == 0 {
		st := analyze(query, s.readings)
		return &st
	}
	first := (maphash.String(s.seed, query) & s.mask) * ways
	set := s.places[first : first+ways]
	for i := range set {
		if r := set[i].Load(); r != nil && r.query == query {
			if !r.used.Load() {
				r.used.Store(true)
			}
			return &r.statement
		}
	}
	query = strings.Clone(query) // which may be a part of something large
	r := &remembered{statement: analyze(query, s.readings), query: query}
	r.described = new(atomic.Pointer[described])
	r.size = int64(len(r.query) + len(r.summary) + len(r.sanitized))
	s.remember(set, r)
	return &r.statement
}

// remember puts r in a place of the set that is free, or was not used of late.
func (s *statements) remember(set []atomic.Pointer[remembered], r *remembered) {
	place := &set[0]
	for i := range set {
		if place = &set[i]; place.Load() == nil {
			break
		}
	}
	if from := s.hand.Add(1); place.Load() != nil {
		for i := range uint64(ways) {
			place = &set[(from+i)%ways]
			if old := place.Load(); old == nil || !old.used.Swap(false) {
				break
			}
		}
	}
	for s.bytes.Load()+r.size > s.room {
		if !s.forget() {
			return
		}
	}
	if old := place.Swap(r); old != nil {
		s.bytes.Add(-old.size)
	}
	s.bytes.Add(r.size)
}

// forget frees one place in use, and reports whether it found one soon.
func (s *statements) forget() bool {
	for range 4 * ways {
		place := &s.places[s.hand.Add(1)&uint64(len(s.places)-1)]
		if old := place.Load(); old != nil && !old.used.Swap(false) && place.CompareAndSwap(old, nil) {
			s.bytes.Add(-old.size)
			return true
		}
	}
	return false
}
