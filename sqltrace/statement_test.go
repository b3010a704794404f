// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

func TestStatementIsRemembered(t *testing.T) {
	s := newStatements(64)
	query := "SELECT a FROM t WHERE b = 'x'"
	first := s.get(query)
	want := statement{summary: "SELECT t", sanitized: "SELECT a FROM t WHERE b = ?", described: first.described}
	assert.Equal(t, want, *first)
	assert.Same(t, first, s.get(strings.Clone(query)))
}

func TestStatementHitAllocatesNothing(t *testing.T) {
	s := newStatements(64)
	query := "SELECT a FROM t WHERE b = 'x'"
	s.get(query)
	assert.Zero(t, testing.AllocsPerRun(1000, func() { s.get(query) }))
}

func TestManyStatementsStayBounded(t *testing.T) {
	const limit = 1000
	s := newStatements(limit)
	for i := range 10_000 {
		s.get(fmt.Sprintf("SELECT a FROM t%d WHERE b = '%s'", i, strings.Repeat("x", i%4000)))
	}
	entries, bytes := contents(s)
	assert.LessOrEqual(t, entries, limit)
	assert.Greater(t, entries, limit/4)
	assert.LessOrEqual(t, bytes, int64(limit*bytesPerStatement))
	assert.Equal(t, bytes, s.bytes.Load())
}

// contents counts what a cache holds.
func contents(s *statements) (entries int, bytes int64) {
	for i := range s.places {
		if r := s.places[i].Load(); r != nil {
			entries++
			bytes += int64(len(r.query) + len(r.summary) + len(r.sanitized))
		}
	}
	return entries, bytes
}

func TestStatementInUseOutlivesAStorm(t *testing.T) {
	s := newStatements(64)
	hot := s.get("SELECT a FROM hot")
	lost := 0
	for i := range 10_000 {
		if s.get("SELECT a FROM hot") != hot {
			hot = s.get("SELECT a FROM hot")
			lost++
		}
		s.get(fmt.Sprintf("SELECT a FROM t%d", i))
	}
	assert.Less(t, lost, 10)
}

func TestLongStatementIsNotRemembered(t *testing.T) {
	s := newStatements(64)
	query := "SELECT a FROM t WHERE b = '" + strings.Repeat("x", maxCachedBytes) + "'"
	assert.Equal(t, "SELECT t", s.get(query).summary)
	entries, _ := contents(s)
	assert.Zero(t, entries)
}

func TestCacheOfNothingStillAnswers(t *testing.T) {
	for _, limit := range []int{-1, 0, 1, 3} {
		assert.Equal(t, "SELECT t", newStatements(limit).get("SELECT a FROM t").summary)
	}
}

// TestStatementDoesNotHoldTheCallersText: a query may be a part of a text that
// would stay in memory with it.
func TestStatementDoesNotHoldTheCallersText(t *testing.T) {
	text := strings.Repeat("x", 1<<10) + "-- name: Get :one\nSELECT a FROM t"
	query := text[1<<10:]
	s := newStatements(64)
	got := s.get(query)
	assert.Equal(t, "Get", got.summary)
	from := uintptr(unsafe.Pointer(unsafe.StringData(text)))
	for _, kept := range []string{got.summary, got.sanitized, s.places[place(t, s)].Load().query} {
		at := uintptr(unsafe.Pointer(unsafe.StringData(kept)))
		assert.False(t, at >= from && at < from+uintptr(len(text)), "%q is the caller's", kept)
	}
}

// place returns the one place that is taken.
func place(t *testing.T, s *statements) int {
	for i := range s.places {
		if s.places[i].Load() != nil {
			return i
		}
	}
	t.Fatal("nothing is remembered")
	return 0
}

func TestConcurrentStatementsAreBounded(t *testing.T) {
	const limit, workers = 64, 8
	s := newStatements(limit)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range 2000 {
				n := (i*7 + w) % 200
				if got, want := s.get(fmt.Sprintf("SELECT a FROM t%d", n)).summary, fmt.Sprintf("SELECT t%d", n); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
	wg.Wait()
	entries, bytes := contents(s)
	assert.LessOrEqual(t, entries, limit)
	assert.Equal(t, bytes, s.bytes.Load())
}

func BenchmarkStatementHit(b *testing.B) {
	s := newStatements(1024)
	for name, query := range map[string]string{
		"short": "SELECT id, name FROM users WHERE id = $1",
		"long":  "SELECT id FROM users WHERE id IN (" + strings.Repeat("$1, ", 500) + "$1)",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.get(query)
			}
		})
	}
}
