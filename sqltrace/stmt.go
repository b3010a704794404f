// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"context"
	"database/sql/driver"
	"errors"
)

// stmt is an observed prepared statement.
type stmt struct {
	raw   driver.Stmt
	c     *conn
	query string

	execer  driver.StmtExecContext
	queryer driver.StmtQueryContext
	checker driver.NamedValueChecker // the statement's, else the connection's

	// op is the statement that the connection's fast path declined, until it
	// is executed.
	op      operation
	refused error // what the checker said last, if no
}

// converts is for statements with a ColumnConverter: without one, arguments
// are converted even where the number of them is not known.
type converts struct{ *stmt }

var (
	_ driver.StmtExecContext   = (*stmt)(nil)
	_ driver.StmtQueryContext  = (*stmt)(nil)
	_ driver.NamedValueChecker = (*stmt)(nil)
	_ converter                = converts{}
)

func (s converts) ColumnConverter(i int) driver.ValueConverter {
	if !s.op.open() {
		return s.raw.(converter).ColumnConverter(i)
	}
	returned := false
	defer s.escaped(&returned)
	c := s.raw.(converter).ColumnConverter(i)
	returned = true
	return converting{c, s.stmt}
}

// converting is a driver's converter of an argument of a statement that is
// observed already.
type converting struct {
	driver.ValueConverter
	s *stmt
}

func (c converting) ConvertValue(v any) (value driver.Value, err error) {
	returned := false
	defer c.s.escaped(&returned)
	value, err = c.ValueConverter.ConvertValue(v)
	returned = true
	return value, err
}

// wrapStmt returns raw observed; without a statement there is nothing to wrap.
func (c *conn) wrapStmt(raw driver.Stmt, query string) driver.Stmt {
	if raw == nil {
		return nil
	}
	return c.newStmt(raw, query).shaped()
}

func (c *conn) newStmt(raw driver.Stmt, query string) *stmt {
	s := &stmt{raw: raw, c: c, query: query}
	s.execer, _ = raw.(driver.StmtExecContext)
	s.queryer, _ = raw.(driver.StmtQueryContext)
	if s.checker, _ = raw.(driver.NamedValueChecker); s.checker == nil {
		s.checker = c.checker
	}
	return s
}

func (s *stmt) shaped() driver.Stmt {
	if _, ok := s.raw.(converter); ok {
		return converts{s}
	}
	return s
}

// escaped ends a statement that is observed already, and whose driver did not
// return from looking at its arguments: database/sql does not always close such
// a statement.
func (s *stmt) escaped(returned *bool) {
	if !*returned && s.op.open() {
		s.op.escaped()
	}
}

func (s *stmt) NumInput() int {
	if !s.op.open() {
		return s.raw.NumInput()
	}
	returned := false
	defer s.escaped(&returned)
	n := s.raw.NumInput()
	returned = true
	return n
}

func (s *stmt) CheckNamedValue(nv *driver.NamedValue) error {
	if s.checker == nil {
		return driver.ErrSkip
	}
	if !s.op.open() {
		return s.checker.CheckNamedValue(nv)
	}
	returned := false
	defer s.escaped(&returned)
	err := s.checker.CheckNamedValue(nv)
	returned = true
	if err != nil {
		s.refused = err
	}
	return err
}

// errRefused is the end of a statement that was prepared, and then not
// executed since its arguments were not as it wants them.
var errRefused = errors.New("sqltrace: arguments refused")

func (s *stmt) Close() error {
	if s.op.open() {
		err := s.refused
		//nolint:errorlint // as database/sql compares them
		if err == nil || err == driver.ErrSkip || err == driver.ErrRemoveArgument {
			err = errRefused
		}
		s.op.end(err)
	}
	return s.raw.Close()
}

// begin continues what the connection's fast path declined, or begins.
func (s *stmt) begin(op *operation, ctx context.Context) bool {
	if s.op.open() {
		*op = s.op
		s.op = operation{}
		return true
	}
	return s.c.o.begin(op, ctx, s.query)
}

func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	var op operation
	if !s.begin(&op, ctx) {
		return s.exec(ctx, args)
	}
	defer op.escaped()
	res, err := s.exec(op.ctx, args)
	op.returned(s.c, err)
	return res, err
}

func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	var op operation
	if !s.begin(&op, ctx) {
		return s.queryRows(ctx, args)
	}
	defer op.escaped()
	rows, err := s.queryRows(op.ctx, args)
	return op.returnedRows(s.c, rows, err)
}

func (s *stmt) exec(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if s.execer != nil {
		return s.execer.ExecContext(ctx, args)
	}
	values, err := positional(ctx, args)
	if err != nil {
		return nil, err
	}
	return stmtExecer(s.raw).Exec(values)
}

func (s *stmt) queryRows(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if s.queryer != nil {
		return s.queryer.QueryContext(ctx, args)
	}
	values, err := positional(ctx, args)
	if err != nil {
		return nil, err
	}
	return stmtQueryer(s.raw).Query(values)
}

// Exec is never called by database/sql, which finds ExecContext.
func (s *stmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), named(args))
}

// Query is never called by database/sql, which finds QueryContext.
func (s *stmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), named(args))
}

func named(args []driver.Value) []driver.NamedValue {
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
	}
	return values
}
