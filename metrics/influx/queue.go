// SPDX-License-Identifier: Apache-2.0

package influx

import "sync"

// batch is what one request carries.
type batch struct {
	lines []byte
	ends  []int // where each point ends; texts hold line breaks too
}

func (b *batch) points() int { return len(b.ends) }

// split parts a batch of at least two points in the middle.
func (b *batch) split() (first, second *batch) {
	half := len(b.ends) / 2
	end := b.ends[half-1]
	second = &batch{lines: b.lines[end:]}
	for _, e := range b.ends[half:] {
		second.ends = append(second.ends, e-end)
	}
	return &batch{lines: b.lines[:end:end], ends: b.ends[:half:half]}, second
}

// queue gathers lines into batches. It is bounded in bytes.
type queue struct {
	batchBytes int
	queueBytes int

	mu      sync.Mutex
	batches []*batch // the oldest first; the last one is filled
	bytes   int
	count   int
	closed  bool
}

// verdict is what became of a line.
type verdict int

const (
	added  verdict = iota
	filled         // and there is enough for a request
	full
	closed
)

func (q *queue) add(line []byte) verdict {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return closed
	case q.bytes+len(line) > q.queueBytes:
		return full
	}
	result := added
	var last *batch
	if n := len(q.batches); n > 0 {
		last = q.batches[n-1]
	}
	if last == nil || len(last.lines)+len(line) > q.batchBytes {
		if last != nil {
			result = filled
		}
		last = new(batch)
		q.batches = append(q.batches, last)
	}
	last.lines = append(last.lines, line...)
	last.ends = append(last.ends, len(last.lines))
	q.bytes += len(line)
	q.count++
	return result
}

// take removes the oldest batch; without all, only if another follows it. Its
// bytes count until done.
func (q *queue) take(all bool) *batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.batches) == 0 || !all && len(q.batches) == 1 {
		return nil
	}
	b := q.batches[0]
	q.batches[0] = nil
	q.batches = q.batches[1:]
	return b
}

// done makes room for what b held.
func (q *queue) done(b *batch) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bytes -= len(b.lines)
	q.count -= b.points()
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}

// points returns how many wait or are on their way.
func (q *queue) points() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count
}
