// SPDX-License-Identifier: Apache-2.0

package logbridge

import (
	"context"
	"encoding/binary"
	"log/slog"
	"sync/atomic"

	"go.opentelemetry.io/otel/trace"
)

// lineCache holds handlers that have the ids of one span formatted. Formatting
// them costs more than half a line; a span that logs one line does not pay
// for it, one that logs a third line gets it for nothing.
//
// Handlers that are not slog's own get the ids with each record: not all of
// them gain by With, and some look at records only, or forget what With gave.
//
// A logger derived for one request has one span and needs the first slot
// only; one that all requests share needs more.
type lineCache struct {
	first lineSlot
	more  atomic.Pointer[[32]lineSlot]
}

// lineSlot remembers one span: that it has logged, and then its handler. What
// another span overwrites is made again.
type lineSlot struct {
	seen atomic.Uint64 // a span id
	line atomic.Pointer[idLine]
}

type idLine struct {
	traceID     trace.TraceID
	spanID      trace.SpanID
	flags       trace.TraceFlags
	correlation string
	handler     slog.Handler
}

// handler returns a handler that has the fields of h with these ids, or nil
// when the span has not logged before.
func (c *lineCache) handler(h *rooted, found *ids) slog.Handler {
	spanID := found.span.SpanID()
	id := binary.LittleEndian.Uint64(spanID[:])
	if id == 0 {
		return nil
	}
	slot := c.slot(id)
	if slot == nil {
		return nil
	}
	l := slot.line.Load()
	if l != nil && l.spanID == spanID && l.traceID == found.span.TraceID() && l.flags == found.span.TraceFlags() && l.correlation == found.correlation {
		return l.handler
	}
	l = &idLine{traceID: found.span.TraceID(), spanID: spanID, flags: found.span.TraceFlags(), correlation: found.correlation}
	l.handler = h.derive(appendFields(context.Background(), h.fields, found, nil))
	slot.line.Store(l)
	return l.handler
}

// slot returns where a span that has logged before is kept, or nil.
func (c *lineCache) slot(id uint64) *lineSlot {
	switch seen := c.first.seen.Load(); {
	case seen == id:
		return &c.first
	case seen == 0 && c.first.seen.CompareAndSwap(0, id):
		return nil
	}
	more := c.more.Load()
	if more == nil {
		more = new([32]lineSlot)
		if !c.more.CompareAndSwap(nil, more) {
			more = c.more.Load()
		}
	}
	slot := &more[id>>56%uint64(len(more))]
	if slot.seen.Load() != id {
		slot.seen.Store(id)
		return nil
	}
	return slot
}
