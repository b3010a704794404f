// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"context"
	"database/sql/driver"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxWait is how long a statement is kept for a retry that nothing shows to
// have been given up. A retry first makes a connection, which takes its time.
const maxWait = time.Minute

// waiting keeps the statements that failed with driver.ErrBadConn and that
// database/sql runs again, on another connection, in the same goroutine and
// with the same context. Nothing but the context, the text and that order
// tells a retry from the next statement.
type waiting struct {
	count atomic.Int32 // of ops: nearly always 0, and then the lock is not taken
	mu    sync.Mutex
	ops   []*waitingOperation
}

// waitingOperation is one of them. Whoever takes it out of the list owns it.
type waitingOperation struct {
	operation
	conn *conn
	err  error
	at   time.Time

	expiry  *time.Timer
	unwatch func() bool
}

// keep holds op if it will be tried again.
func (w *waiting) keep(op *operation, c *conn, err error) bool {
	switch retryStage() {
	case stageMore:
	case stageUnknown:
		if op.attempts+1 >= maxAttempts {
			return false
		}
	default:
		return false
	}
	o := &waitingOperation{operation: *op, conn: c, err: err, at: time.Now()}
	give := func() {
		if w.remove(o) {
			o.giveUp(err)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ops = append(w.ops, o)
	w.count.Add(1)
	// database/sql does not try again for a caller who has gone.
	o.unwatch = context.AfterFunc(op.parent, give)
	o.expiry = time.AfterFunc(maxWait, give)
	return true
}

// giveUp ends what was not tried again, as of when it failed.
func (o *waitingOperation) giveUp(err error) {
	o.expiry.Stop()
	o.unwatch()
	o.endAt(err, o.at)
}

// take continues the operation that failed before, if this is it.
func (w *waiting) take(op *operation, ctx context.Context, query string, fixed *described) bool {
	if w.count.Load() == 0 {
		return false
	}
	o := w.find(func(o *waitingOperation) bool {
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
func (w *waiting) find(wanted func(*waitingOperation) bool) *waitingOperation {
	if w.count.Load() == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.ops, wanted)
	if i < 0 {
		return nil
	}
	o := w.ops[i]
	w.ops = slices.Delete(w.ops, i, i+1)
	w.count.Add(-1)
	return o
}

func (w *waiting) remove(o *waitingOperation) bool {
	return w.find(func(other *waitingOperation) bool { return other == o }) != nil
}

// connectFailed ends what waited for a connection that could not be made.
func (w *waiting) connectFailed(ctx context.Context, err error) {
	if w.count.Load() == 0 || is(err, driver.ErrBadConn) && retryStage() == stageMore {
		return
	}
	if o := w.of(ctx); o != nil {
		o.giveUp(err)
	}
}

// resetFailed ends what waited for a connection that went bad in the pool, if
// it was the last to be tried.
func (w *waiting) resetFailed(ctx context.Context, err error) {
	if w.count.Load() == 0 || !is(err, driver.ErrBadConn) || retryStage() != stageLast {
		return
	}
	if o := w.of(ctx); o != nil {
		o.giveUp(err)
	}
}

// prepareFailed ends a statement that was to be tried again and could not be
// prepared for it.
func (w *waiting) prepareFailed(ctx context.Context, query string, err error) bool {
	var op operation
	if !w.take(&op, ctx, query, nil) {
		return false
	}
	op.returned(nil, err)
	return true
}

func (w *waiting) of(ctx context.Context) *waitingOperation {
	return w.find(func(o *waitingOperation) bool { return sameContext(o.parent, ctx) })
}

// closed is called before the connection c is closed. When that is since a
// caller's own sql.Conn went bad, nothing is tried again.
func (w *waiting) closed(c *conn) {
	if w.count.Load() == 0 || !closesOwnConn() {
		return
	}
	for {
		o := w.find(func(o *waitingOperation) bool { return o.conn == c })
		if o == nil {
			return
		}
		o.giveUp(o.err)
	}
}

// endAll ends everything: the pool is closed.
func (w *waiting) endAll() {
	for {
		o := w.find(func(*waitingOperation) bool { return true })
		if o == nil {
			return
		}
		o.giveUp(o.err)
	}
}
