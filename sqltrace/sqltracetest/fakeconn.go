// SPDX-License-Identifier: Apache-2.0

package sqltracetest

import (
	"context"
	"database/sql/driver"
)

// fakeConn is a connection, and what is in its parts.
type fakeConn struct {
	f     *Fake
	name  string
	stmts int
}

// shaped returns the connection with the methods of its driver's shape.
func (c *fakeConn) shaped() driver.Conn {
	var (
		exec   = fakeExecer{c}
		query  = fakeQueryer{c}
		modern = fakeModern{c}
		reset  = fakeResetter{c}
		valid  = fakeValidator{c}
	)
	switch c.f.Shape {
	case Legacy:
		return struct {
			*fakeConn
			fakeLegacy
		}{c, fakeLegacy{c}}
	case Full:
		return struct {
			*fakeConn
			fakeExecer
			fakeQueryer
			fakeModern
			fakeResetter
			fakeValidator
		}{c, exec, query, modern, reset, valid}
	case Resetting:
		return struct {
			*fakeConn
			fakeExecer
			fakeQueryer
			fakeModern
			fakeResetter
		}{c, exec, query, modern, reset}
	case Validating:
		return struct {
			*fakeConn
			fakeExecer
			fakeQueryer
			fakeModern
			fakeValidator
		}{c, exec, query, modern, valid}
	case Executing:
		return struct {
			*fakeConn
			fakeExecer
		}{c, exec}
	case Querying:
		return struct {
			*fakeConn
			fakeQueryer
		}{c, query}
	}
	return c
}

func (c *fakeConn) call(method, format string, args ...any) error {
	return c.f.call("conn."+method, c.name+"."+method+format, args...)
}

func (c *fakeConn) Prepare(query string) (driver.Stmt, error) {
	if err := c.call("Prepare", " %q", query); err != nil {
		return nil, err
	}
	return c.stmt(), nil
}

func (c *fakeConn) Close() error { return c.call("Close", "") }

func (c *fakeConn) Begin() (driver.Tx, error) {
	if err := c.call("Begin", ""); err != nil {
		return nil, err
	}
	return fakeTx{c}, nil
}

// fakeLegacy are the fast paths without a context.
type fakeLegacy struct{ c *fakeConn }

func (p fakeLegacy) Exec(query string, args []driver.Value) (driver.Result, error) {
	if err := p.c.call("Exec", " %q %v", query, args); err != nil {
		return nil, err
	}
	return p.c.f.result(), nil
}

func (p fakeLegacy) Query(query string, args []driver.Value) (driver.Rows, error) {
	if err := p.c.call("Query", " %q %v", query, args); err != nil {
		return nil, err
	}
	return p.c.f.rows(), nil
}

type fakeExecer struct{ c *fakeConn }

func (p fakeExecer) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := p.c.call("Exec", " %q %v%s", query, args, seen(ctx)); err != nil {
		return nil, err
	}
	return p.c.f.result(), nil
}

type fakeQueryer struct{ c *fakeConn }

func (p fakeQueryer) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := p.c.call("Query", " %q %v%s", query, args, seen(ctx)); err != nil {
		return nil, err
	}
	return p.c.f.rows(), nil
}

// fakeModern is what else a driver of today can do.
type fakeModern struct{ c *fakeConn }

func (p fakeModern) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if err := p.c.call("Prepare", " %q%s", query, seen(ctx)); err != nil {
		return nil, err
	}
	return p.c.stmt(), nil
}

func (p fakeModern) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if err := p.c.call("Begin", " %v%s", opts, seen(ctx)); err != nil {
		return nil, err
	}
	return fakeTx(p), nil
}

func (p fakeModern) Ping(ctx context.Context) error { return p.c.call("Ping", "%s", seen(ctx)) }

func (p fakeModern) CheckNamedValue(nv *driver.NamedValue) error {
	if err := p.c.call("CheckNamedValue", " %v", *nv); err != nil {
		return err
	}
	if p.c.f.Check == nil {
		return driver.ErrSkip
	}
	return p.c.f.Check(nv)
}

type fakeResetter struct{ c *fakeConn }

func (p fakeResetter) ResetSession(ctx context.Context) error {
	return p.c.call("ResetSession", "%s", seen(ctx))
}

type fakeValidator struct{ c *fakeConn }

func (p fakeValidator) IsValid() bool { return p.c.call("IsValid", "") == nil }

type fakeTx struct{ c *fakeConn }

func (t fakeTx) Commit() error   { return t.c.f.call("tx.Commit", "%s.Commit", t.c.name) }
func (t fakeTx) Rollback() error { return t.c.f.call("tx.Rollback", "%s.Rollback", t.c.name) }
