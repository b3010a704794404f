// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// fate is what was decided for a local trace.
type fate uint8

const (
	undecided fate = iota
	discarded
	keep
)

// localTrace is one local root, a span without a parent or with one in another
// process, and what is known of the unsampled spans under it.
type localTrace struct {
	in   *sharedTrace
	root trace.SpanID

	fate  fate
	why   string                  // the first reason to keep it
	spans []sdktrace.ReadOnlySpan // ended, while it is undecided
	sent  int                     // spans handed on, once it is kept
	open  int                     // spans that have started and not ended
	since uint32                  // the tick its age counts from

	list             *localTraces // where it is remembered; nil once forgotten
	previous, behind *localTrace
}

// sharedTrace is all that is known of one trace id: a local root, and the
// others that a trace has which enters this process more than once. Each of
// them has a fate of its own.
type sharedTrace struct {
	hash   uint64
	id     trace.TraceID
	behind *sharedTrace // in its chain of the index
	first  localTrace
	// outside is the parent of the first root when it looks local but is no
	// span that a processor sees; its other children are roots too.
	outside trace.SpanID
	// others holds, by span id, the spans that belong to another than the
	// first. It is nil as long as there is one, so that in nearly every trace
	// no span has to be looked up by its id.
	others     map[trace.SpanID]*localTrace
	remembered int // local traces that are
}

// of returns the local trace of a span that ends or is a parent. A span that
// started while there was but one belongs to that.
func (t *sharedTrace) of(id trace.SpanID) *localTrace {
	if t.others != nil {
		if l := t.others[id]; l != nil {
			return l
		}
	}
	return &t.first
}

// start puts a span into the local trace of its parent.
func (t *sharedTrace) start(id, parent trace.SpanID) {
	l := t.of(parent)
	l.open++
	if l != &t.first {
		t.others[id] = l
	}
}

// add makes the local trace of another root.
func (t *sharedTrace) add(root trace.SpanID) *localTrace {
	l := &localTrace{in: t, root: root}
	if t.others == nil {
		t.others = make(map[trace.SpanID]*localTrace)
	}
	t.others[root] = l
	return l
}

// localTraces is a list, oldest first.
type localTraces struct {
	oldest, newest *localTrace
	count          int
}

func (ls *localTraces) push(l *localTrace) {
	l.list, l.previous, l.behind = ls, ls.newest, nil
	if ls.newest == nil {
		ls.oldest = l
	} else {
		ls.newest.behind = l
	}
	ls.newest = l
	ls.count++
}

func (ls *localTraces) remove(l *localTrace) {
	if l.previous == nil {
		ls.oldest = l.behind
	} else {
		l.previous.behind = l.behind
	}
	if l.behind == nil {
		ls.newest = l.previous
	} else {
		l.behind.previous = l.previous
	}
	l.list, l.previous, l.behind = nil, nil, nil
	ls.count--
}
