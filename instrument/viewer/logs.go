// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"container/list"
	"slices"
	"sync"
	"time"
	"unsafe"
)

// logLine is a record of a trace. Its texts are bounded, not yet cleaned.
type logLine struct {
	trace, span string // keys; span may be empty
	at          time.Time
	level       string
	message     string
	attrs       [][2]string
	correlation string
}

// What a line costs beyond its strings: its places in the list and among the
// lines of its trace, and that of a trace of its own.
const lineOverhead = int64(unsafe.Sizeof(logLine{})) + 64 + 160

// size estimates the memory that l occupies once held, and errs upwards.
func (l *logLine) size() int64 {
	n := lineOverhead + int64(len(l.trace)+len(l.span)+len(l.level)+len(l.correlation)) + textSize(l.message)
	n += int64(cap(l.attrs)) * int64(unsafe.Sizeof([2]string{}))
	for _, a := range l.attrs {
		n += textSize(a[0]) + textSize(a[1])
	}
	return n
}

// textSize is a string's length as the runtime rounds it up: by an eighth at
// most, beyond a few bytes.
func textSize(s string) int64 { return int64(len(s)+len(s)/8) + stringOverhead }

// logs holds lines up to a number of bytes. The oldest leave first.
type logs struct {
	max int64

	mu      sync.Mutex
	order   list.List // of *logLine, the oldest first
	byTrace map[string][]*logLine
	bytes   int64
	evicted uint64
}

func newLogs(maxBytes int64) *logs {
	return &logs{max: maxBytes, byTrace: make(map[string][]*logLine)}
}

func (g *logs) add(l *logLine) {
	size := l.size()
	g.mu.Lock()
	defer g.mu.Unlock()
	if size > g.max {
		g.evicted++
		return
	}
	for g.bytes+size > g.max {
		g.evict()
	}
	g.order.PushBack(l)
	g.byTrace[l.trace] = append(g.byTrace[l.trace], l)
	g.bytes += size
}

// evict forgets the oldest line, which is the first one of its trace.
func (g *logs) evict() {
	l := g.order.Remove(g.order.Front()).(*logLine)
	lines := g.byTrace[l.trace]
	lines[0] = nil // the array stays for some time, the line need not
	if rest := lines[1:]; len(rest) > 0 {
		g.byTrace[l.trace] = rest
	} else {
		delete(g.byTrace, l.trace)
	}
	g.bytes -= l.size()
	g.evicted++
}

// of returns the lines of a trace in the order of their times.
func (g *logs) of(trace string) []*logLine {
	g.mu.Lock()
	lines := slices.Clone(g.byTrace[trace])
	g.mu.Unlock()
	slices.SortStableFunc(lines, func(a, b *logLine) int { return a.at.Compare(b.at) })
	return lines
}

// correlated returns the traces with a line that has the correlation id.
func (g *logs) correlated(id string) map[string]bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make(map[string]bool)
	for trace, lines := range g.byTrace {
		if slices.ContainsFunc(lines, func(l *logLine) bool { return l.correlation == id }) {
			out[trace] = true
		}
	}
	return out
}

func (g *logs) read() (held int, evicted uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.order.Len(), g.evicted
}
