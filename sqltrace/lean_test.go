// SPDX-License-Identifier: Apache-2.0

package sqltrace_test

import (
	"context"
	"database/sql/driver"
	"io"
)

// lean is a driver that costs next to nothing, so that what is measured is
// what is around it: one connection, one row of one number.
type lean struct {
	skip    bool // the fast path is declined
	endless bool // there is no last row
}

func (l lean) Connect(context.Context) (driver.Conn, error) {
	return &leanConn{skip: l.skip, rows: leanRows{endless: l.endless}}, nil
}
func (lean) Driver() driver.Driver { return nil }

type leanConn struct {
	skip bool
	rows leanRows
	stmt leanStmt
}

func (c *leanConn) Prepare(string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), "")
}
func (c *leanConn) PrepareContext(context.Context, string) (driver.Stmt, error) {
	c.stmt.c = c
	return &c.stmt, nil
}
func (*leanConn) Close() error                { return nil }
func (c *leanConn) Begin() (driver.Tx, error) { return leanTx{}, nil }
func (c *leanConn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	return leanTx{}, nil
}
func (*leanConn) ResetSession(context.Context) error { return nil }
func (*leanConn) IsValid() bool                      { return true }

func (c *leanConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	if c.skip {
		return nil, driver.ErrSkip
	}
	return driver.ResultNoRows, nil
}

func (c *leanConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	if c.skip {
		return nil, driver.ErrSkip
	}
	c.rows.done = false
	return &c.rows, nil
}

type leanStmt struct{ c *leanConn }

func (*leanStmt) Close() error                               { return nil }
func (*leanStmt) NumInput() int                              { return -1 }
func (*leanStmt) Exec([]driver.Value) (driver.Result, error) { return driver.ResultNoRows, nil }
func (s *leanStmt) Query([]driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), nil)
}
func (*leanStmt) ExecContext(context.Context, []driver.NamedValue) (driver.Result, error) {
	return driver.ResultNoRows, nil
}

func (s *leanStmt) QueryContext(context.Context, []driver.NamedValue) (driver.Rows, error) {
	s.c.rows.done = false
	return &s.c.rows, nil
}

type leanTx struct{}

func (leanTx) Commit() error   { return nil }
func (leanTx) Rollback() error { return nil }

var leanColumns = []string{"n"}

type leanRows struct{ done, endless bool }

func (*leanRows) Columns() []string { return leanColumns }
func (*leanRows) Close() error      { return nil }
func (r *leanRows) Next(dest []driver.Value) error {
	if r.done {
		return io.EOF
	}
	r.done = !r.endless
	dest[0] = int64(1)
	return nil
}

// spy is a connector whose statements show their context.
type spy struct {
	lean
	see func(context.Context)
}

func (s spy) Connect(context.Context) (driver.Conn, error) {
	return &spyConn{leanConn{}, s.see}, nil
}

type spyConn struct {
	leanConn
	see func(context.Context)
}

func (c *spyConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.see(ctx)
	return c.leanConn.ExecContext(ctx, query, args)
}
