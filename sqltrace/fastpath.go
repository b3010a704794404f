// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"context"
	"database/sql/driver"
	"errors"
)

// exec is the connection's own Exec, which spares a prepared statement.
func (c *conn) exec(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	var op operation
	if !c.o.begin(&op, ctx, query) {
		res, err := c.rawExec(ctx, query, args)
		c.declined(query, err)
		return res, err
	}
	defer op.escaped()
	res, err := c.rawExec(op.ctx, c.o.commented(op.ctx, query), args)
	if err == driver.ErrSkip { //nolint:errorlint // as database/sql compares it
		c.skip(&op)
		return res, err
	}
	op.returned(c, err)
	return res, err
}

// query is the connection's own Query.
func (c *conn) query(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	var op operation
	if !c.o.begin(&op, ctx, query) {
		rows, err := c.rawQuery(ctx, query, args)
		c.declined(query, err)
		return rows, err
	}
	defer op.escaped()
	rows, err := c.rawQuery(op.ctx, c.o.commented(op.ctx, query), args)
	if err == driver.ErrSkip { //nolint:errorlint // as database/sql compares it
		c.skip(&op)
		return rows, err
	}
	return op.returnedRows(c, rows, err)
}

func (c *conn) rawExec(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if c.execerCtx != nil {
		return c.execerCtx.ExecContext(ctx, query, args)
	}
	values, err := positional(ctx, args)
	if err != nil {
		return nil, err
	}
	return c.execer.Exec(query, values)
}

func (c *conn) rawQuery(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.queryerCtx != nil {
		return c.queryerCtx.QueryContext(ctx, query, args)
	}
	values, err := positional(ctx, args)
	if err != nil {
		return nil, err
	}
	return c.queryer.Query(query, values)
}

// errNamed is what database/sql says of names that a driver cannot take.
var errNamed = errors.New("sql: driver does not support the use of Named Parameters")

// positional is what database/sql does before it calls a method that takes
// neither names nor a context: the names are refused first, then a context
// that has ended.
func positional(ctx context.Context, args []driver.NamedValue) ([]driver.Value, error) {
	values := make([]driver.Value, len(args))
	for i, arg := range args {
		if arg.Name != "" {
			return nil, errNamed
		}
		values[i] = arg.Value
	}
	select {
	default:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return values, nil
}

// declined notes a statement that nobody observes and that is prepared next:
// nobody needs to hear of it then, either.
func (c *conn) declined(query string, err error) {
	if err == driver.ErrSkip { //nolint:errorlint // as database/sql compares it
		c.unseen = query
	}
}

// skip keeps what is observed until database/sql prepares the statement that
// the fast path declined.
func (c *conn) skip(op *operation) {
	op.done = true // from here on the connection's
	c.skipped = append(c.skipped, *op)
	c.skipped[len(c.skipped)-1].done = false
}

// takeSkipped returns the statement that is prepared because the fast path
// declined it.
func (c *conn) takeSkipped(ctx context.Context, query string) (op operation, ok bool) {
	for i := range c.skipped {
		s := &c.skipped[i]
		if s.query != query || !sameContext(s.parent, ctx) {
			continue
		}
		op = *s
		last := len(c.skipped) - 1
		c.skipped[i] = c.skipped[last]
		c.skipped[last] = operation{}
		c.skipped = c.skipped[:last]
		return op, true
	}
	return op, false
}

// dropSkipped ends what nobody came back for: somebody who calls the driver
// himself, through (*sql.Conn).Raw, need not prepare what was declined.
func (c *conn) dropSkipped() {
	for i := range c.skipped {
		c.skipped[i].end(nil)
		c.skipped[i] = operation{}
	}
	c.skipped = c.skipped[:0]
	c.unseen = ""
}

// sameContext compares two contexts, which are nearly always pointers; those
// that cannot be compared are taken for the same.
func sameContext(a, b context.Context) (same bool) {
	defer func() {
		if recover() != nil {
			same = true
		}
	}()
	return a == b
}
