// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"context"
	"database/sql/driver"
	"errors"
	"time"
)

// conn is an observed connection. database/sql calls it from one goroutine at
// a time. What the driver can do is asked once, when the connection is made.
type conn struct {
	raw driver.Conn
	o   *observer

	pinger     driver.Pinger
	preparer   driver.ConnPrepareContext
	beginner   driver.ConnBeginTx
	checker    driver.NamedValueChecker
	resetter   driver.SessionResetter
	validator  driver.Validator
	execerCtx  driver.ExecerContext
	execer     execer
	queryerCtx driver.QueryerContext
	queryer    queryer

	// skipped are the statements that the driver's fast path declined, and
	// that database/sql prepares next: at most one, unless goroutines share a
	// transaction.
	skipped []operation
	unseen  string // likewise, of a statement that nobody observes

	borrowed time.Time // zero while it is in the pool
}

// wrapConn returns raw observed, claiming exactly what raw can do where
// database/sql takes that for a fact (see shape).
func wrapConn(raw driver.Conn, o *observer) driver.Conn {
	if raw == nil || baseConn(raw) != nil {
		return raw
	}
	c := &conn{raw: raw, o: o}
	c.pinger, _ = raw.(driver.Pinger)
	c.preparer, _ = raw.(driver.ConnPrepareContext)
	c.beginner, _ = raw.(driver.ConnBeginTx)
	c.checker, _ = raw.(driver.NamedValueChecker)
	c.resetter, _ = raw.(driver.SessionResetter)
	c.validator, _ = raw.(driver.Validator)
	if c.execerCtx, _ = raw.(driver.ExecerContext); c.execerCtx == nil {
		c.execer, _ = raw.(execer)
	}
	if c.queryerCtx, _ = raw.(driver.QueryerContext); c.queryerCtx == nil {
		c.queryer, _ = raw.(queryer)
	}
	c.borrow()
	return shape(c)
}

func (c *conn) base() *conn { return c }

// baseConn returns the wrapper that v is, nil when it is none.
func baseConn(v any) *conn {
	if c, ok := v.(interface{ base() *conn }); ok {
		return c.base()
	}
	return nil
}

// Ping says that all is well where the driver has no opinion, as database/sql
// does.
func (c *conn) Ping(ctx context.Context) (err error) {
	if c.pinger == nil {
		return nil
	}
	var op operation
	if !c.o.ping || !c.o.beginFixed(&op, ctx, c.o.fixed.ping) {
		return c.pinger.Ping(ctx)
	}
	defer op.escaped()
	err = c.pinger.Ping(op.ctx)
	op.returned(c, err)
	return err
}

// CheckNamedValue leaves arguments to the default where the driver does not
// check them.
func (c *conn) CheckNamedValue(nv *driver.NamedValue) error {
	if c.checker == nil {
		return driver.ErrSkip
	}
	return c.checker.CheckNamedValue(nv)
}

func (c *conn) resetSession(ctx context.Context) error {
	c.dropSkipped()
	c.borrow()
	if c.resetter == nil {
		return nil
	}
	err := c.resetter.ResetSession(ctx)
	if err != nil {
		c.o.waiting.resetFailed(ctx, err)
	}
	return err
}

func (c *conn) isValid() bool {
	c.dropSkipped()
	c.giveBack()
	return c.validator == nil || c.validator.IsValid()
}

func (c *conn) Close() error {
	c.dropSkipped()
	c.giveBack()
	c.o.waiting.closed(c)
	return c.raw.Close()
}

// Prepare is never called by database/sql, which finds PrepareContext.
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// PrepareContext makes no span of its own, unless asked to: it is part of the
// statement that the fast path declined, or happens before any statement.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if op, ok := c.takeSkipped(ctx, query); ok {
		return c.prepareSkipped(op, query)
	}
	if c.unseen != "" && c.unseen == query {
		c.unseen = ""
		return c.prepare(ctx, query)
	}
	if c.o.prepare && !preparesStatement() {
		return c.prepareObserved(ctx, query)
	}
	began := c.o.now()
	returned := false
	defer func() {
		if !returned {
			c.prepareEscaped(ctx, query, began)
		}
	}()
	raw, err := c.prepare(ctx, query)
	returned = true
	if err != nil {
		c.prepareFailed(ctx, query, began, err)
		return raw, err
	}
	return c.wrapStmt(raw, query), nil
}

// prepareFailed notes a statement that is run now and cannot be prepared. One
// that is prepared for later is no statement yet.
func (c *conn) prepareFailed(ctx context.Context, query string, began time.Time, err error) {
	if c.o.waiting.prepareFailed(ctx, query, err) || !preparesStatement() {
		return
	}
	var op operation
	if c.o.beginAt(&op, ctx, query, began) {
		op.returned(c, err)
	}
}

// prepareEscaped notes a statement that is run now and whose driver did not
// return from preparing it.
func (c *conn) prepareEscaped(ctx context.Context, query string, began time.Time) {
	if !preparesStatement() {
		return
	}
	var op operation
	if c.o.waiting.take(&op, ctx, query, nil) || c.o.beginAt(&op, ctx, query, began) {
		op.escaped()
	}
}

func (c *conn) prepareObserved(ctx context.Context, query string) (driver.Stmt, error) {
	var op operation
	if !c.o.beginPrepare(&op, ctx, query) {
		raw, err := c.prepare(ctx, query)
		if err != nil {
			return raw, err
		}
		return c.wrapStmt(raw, query), nil
	}
	defer op.escaped()
	raw, err := c.prepare(op.ctx, query)
	op.returned(c, err)
	if err != nil {
		return raw, err
	}
	return c.wrapStmt(raw, query), nil
}

// prepareSkipped prepares a statement whose observation has begun.
func (c *conn) prepareSkipped(op operation, query string) (driver.Stmt, error) {
	defer op.escaped()
	raw, err := c.prepare(op.ctx, query)
	if err != nil || raw == nil {
		op.returned(c, err)
		return raw, err
	}
	op.done = true // from here on the statement's
	s := c.newStmt(raw, query)
	s.op = op
	s.op.done = false
	return s.shaped(), nil
}

func (c *conn) prepare(ctx context.Context, query string) (driver.Stmt, error) {
	if c.preparer != nil {
		return c.preparer.PrepareContext(ctx, query)
	}
	raw, err := c.raw.Prepare(query)
	if err == nil {
		select {
		default:
		case <-ctx.Done():
			_ = raw.Close()
			return nil, ctx.Err()
		}
	}
	return raw, err
}

// Begin is never called by database/sql, which finds BeginTx.
func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	var op operation
	if !c.o.beginFixed(&op, ctx, c.o.fixed.begin) {
		return c.begin(ctx, opts) // what nobody sees begin, nobody sees end
	}
	defer op.escaped()
	raw, err := c.begin(op.ctx, opts)
	op.returned(c, err)
	if err != nil {
		return raw, err
	}
	return c.wrapTx(ctx, raw), nil
}

// What database/sql says of options that a driver without BeginTx lacks.
var (
	errIsolation = errors.New("sql: driver does not support non-default isolation level")
	errReadOnly  = errors.New("sql: driver does not support read-only transactions")
)

func (c *conn) begin(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if c.beginner != nil {
		return c.beginner.BeginTx(ctx, opts)
	}
	switch {
	case opts.Isolation != 0:
		return nil, errIsolation
	case opts.ReadOnly:
		return nil, errReadOnly
	}
	raw, err := beginner(c.raw).Begin()
	if err == nil {
		select {
		default:
		case <-ctx.Done():
			_ = raw.Rollback()
			return nil, ctx.Err()
		}
	}
	return raw, err
}
