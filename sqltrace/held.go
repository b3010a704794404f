// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxHeld is how long a statement is kept for a retry that nothing shows to
// have been given up. A retry first makes a connection, which takes its time.
const maxHeld = time.Minute

// held keeps the statements that failed with driver.ErrBadConn and that
// database/sql runs again, on another connection, in the same goroutine and
// with the same context. Nothing but the context, the text and that order
// tells a retry from the next statement.
type held struct {
	count atomic.Int32 // of ops: nearly always 0, and then the lock is not taken
	mu    sync.Mutex
	ops   []*heldOperation
}

// heldOperation is one of them. Whoever takes it out of the list owns it.
type heldOperation struct {
	operation
	conn *conn
	err  error
	at   time.Time

	expiry  *time.Timer
	unwatch func() bool
}

// keep holds op if it will be tried again.
func (h *held) keep(op *operation, c *conn, err error) bool {
	switch retryStage() {
	case stageMore:
	case stageUnknown:
		if op.attempts+1 >= maxAttempts {
			return false
		}
	default:
		return false
	}
	o := &heldOperation{operation: *op, conn: c, err: err, at: time.Now()}
	give := func() {
		if h.remove(o) {
			o.giveUp(err)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, o)
	h.count.Add(1)
	// database/sql does not try again for a caller who has gone.
	o.unwatch = context.AfterFunc(op.parent, give)
	o.expiry = time.AfterFunc(maxHeld, give)
	return true
}

// giveUp ends what was not tried again, as of when it failed.
func (o *heldOperation) giveUp(err error) {
	o.expiry.Stop()
	o.unwatch()
	o.endAt(err, o.at)
}

// take continues the operation that failed before, if this is it.
func (h *held) take(op *operation, ctx context.Context, query string, fixed *described) bool {
	if h.count.Load() == 0 {
		return false
	}
	o := h.find(func(o *heldOperation) bool {
		return o.query == query && (fixed == nil && o.query != "" || o.d == fixed) && sameContext(o.parent, ctx)
	})
	if o == nil {
		return false
	}
	o.expiry.Stop()
	o.unwatch()
	*op = o.operation
	op.done = false
	op.attempts++
	return true
}

// find takes the first operation that is wanted out of the list.
func (h *held) find(wanted func(*heldOperation) bool) *heldOperation {
	if h.count.Load() == 0 {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.ops, wanted)
	if i < 0 {
		return nil
	}
	o := h.ops[i]
	h.ops = slices.Delete(h.ops, i, i+1)
	h.count.Add(-1)
	return o
}

func (h *held) remove(o *heldOperation) bool {
	return h.find(func(other *heldOperation) bool { return other == o }) != nil
}

// connectFailed ends what waited for a connection that could not be made.
func (h *held) connectFailed(ctx context.Context, err error) {
	if h.count.Load() == 0 || errors.Is(err, driver.ErrBadConn) && retryStage() == stageMore {
		return
	}
	if o := h.of(ctx); o != nil {
		o.giveUp(err)
	}
}

// resetFailed ends what waited for a connection that went bad in the pool, if
// it was the last to be tried.
func (h *held) resetFailed(ctx context.Context, err error) {
	if h.count.Load() == 0 || !errors.Is(err, driver.ErrBadConn) || retryStage() != stageLast {
		return
	}
	if o := h.of(ctx); o != nil {
		o.giveUp(err)
	}
}

// prepareFailed ends a statement that was to be tried again and could not be
// prepared for it.
func (h *held) prepareFailed(ctx context.Context, query string, err error) bool {
	var op operation
	if !h.take(&op, ctx, query, nil) {
		return false
	}
	op.returned(nil, err)
	return true
}

func (h *held) of(ctx context.Context) *heldOperation {
	return h.find(func(o *heldOperation) bool { return sameContext(o.parent, ctx) })
}

// closed is called before the connection c is closed. When that is since a
// caller's own sql.Conn went bad, nothing is tried again.
func (h *held) closed(c *conn) {
	if h.count.Load() == 0 || !closesOwnConn() {
		return
	}
	for {
		o := h.find(func(o *heldOperation) bool { return o.conn == c })
		if o == nil {
			return
		}
		o.giveUp(o.err)
	}
}

// endAll ends everything: the pool is closed.
func (h *held) endAll() {
	for {
		o := h.find(func(*heldOperation) bool { return true })
		if o == nil {
			return
		}
		o.giveUp(o.err)
	}
}
