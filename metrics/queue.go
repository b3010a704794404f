// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"sync"
	"sync/atomic"
)

// sample is one value that will be a line of its own.
type sample struct {
	series *series
	bits   uint64
}

const (
	chunkBytes   = 4096
	chunkSamples = chunkBytes/16 - 1
	wakeChunks   = 4 // full ones that are worth waking the sender for
)

// chunk is a page of samples. 255 of them make about seven packets.
type chunk struct {
	samples [chunkSamples]sample
	n       int
	next    *chunk
}

// queue holds the values of timers until the sender writes them. Callers
// append under the lock of a shard, which is never held during input or
// output. It is bounded in bytes: when it is full, the newest value is dropped
// and counted.
type queue struct {
	shards []shard // a power of two
	chunks int     // the bound
	pool   sync.Pool
	room   atomic.Int64 // chunks that may still be taken
	wake   chan struct{}
	stats  *counters
}

type shard struct {
	mu     sync.Mutex
	first  *chunk // the oldest
	last   *chunk // the one that is filled
	full   int    // chunks filled since the sender was last woken
	closed bool
	_      [64]byte // shards on cache lines of their own
}

func (q *queue) init(shards int, bytes int, stats *counters) {
	q.shards = make([]shard, shards)
	q.pool.New = func() any { return new(chunk) }
	q.chunks = max(bytes/chunkBytes, shards)
	q.room.Store(int64(q.chunks))
	q.wake = make(chan struct{}, 1)
	q.stats = stats
}

// add appends a sample. Where the shard of the series is busy it takes the
// next one, because the order of a timer's values means nothing.
func (q *queue) add(s *series, bits uint64) {
	mask := uint64(len(q.shards) - 1)
	for i := range uint64(len(q.shards)) {
		if sh := &q.shards[(s.hash+i)&mask]; sh.mu.TryLock() {
			q.push(sh, s, bits)
			return
		}
	}
	q.addInOrder(s, bits)
}

// addInOrder appends a sample after all earlier ones of the same hash.
func (q *queue) addInOrder(s *series, bits uint64) {
	sh := &q.shards[s.hash&uint64(len(q.shards)-1)]
	sh.mu.Lock()
	q.push(sh, s, bits)
}

// push appends to sh, which is locked, and unlocks it.
func (q *queue) push(sh *shard, s *series, bits uint64) {
	c := sh.last
	if c == nil || c.n == chunkSamples || sh.closed {
		if c = q.grow(sh); c == nil {
			sh.mu.Unlock()
			return
		}
	}
	c.samples[c.n] = sample{s, bits}
	c.n++
	sh.mu.Unlock()
}

// grow gives sh an empty chunk, or counts a sample that has to be dropped. Some
// full chunks wake the sender: nobody waits for the next flush when there is
// enough to do.
func (q *queue) grow(sh *shard) *chunk {
	if sh.closed {
		q.stats.droppedClosed.Add(1)
		return nil
	}
	if q.room.Add(-1) < 0 {
		q.room.Add(1)
		q.stats.droppedQueue.Add(1)
		return nil
	}
	c := q.pool.Get().(*chunk)
	if sh.last == nil {
		sh.first, sh.last = c, c
		return c
	}
	sh.last.next = c
	sh.last = c
	if sh.full++; sh.full >= wakeChunks || q.filling(1.0/2) {
		sh.full = 0
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
	return c
}

// close ends the taking in: what waits can be taken out, what comes is counted.
func (q *queue) close() {
	for i := range q.shards {
		q.shards[i].mu.Lock()
		q.shards[i].closed = true
		q.shards[i].mu.Unlock()
	}
}

// take returns the oldest chunk of a shard, or nil. Without all, one that is
// still being filled stays.
func (q *queue) take(sh *shard, all bool) *chunk {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c := sh.first
	if c == nil || !all && c.n < chunkSamples {
		return nil
	}
	sh.first = c.next
	if sh.first == nil {
		sh.last = nil
	}
	return c
}

// free gives a chunk back.
func (q *queue) free(c *chunk) {
	c.n, c.next = 0, nil
	q.pool.Put(c)
	q.room.Add(1)
}

// filling reports whether more than this part of the room is taken.
func (q *queue) filling(part float64) bool {
	return float64(q.room.Load()) < float64(q.chunks)*(1-part)
}

// speed says how many packets should go in a window, for what waits.
func (q *queue) speed() int {
	switch {
	case q.filling(1.0 / 2):
		return pacePackets
	case q.filling(1.0 / 8):
		return paceBrisk
	}
	return paceCalm
}

// waiting returns the number of samples that have not been taken.
func (q *queue) waiting() (samples int) {
	for i := range q.shards {
		sh := &q.shards[i]
		sh.mu.Lock()
		for c := sh.first; c != nil; c = c.next {
			samples += c.n
		}
		sh.mu.Unlock()
	}
	return samples
}
