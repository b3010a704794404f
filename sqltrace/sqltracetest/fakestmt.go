// SPDX-License-Identifier: Apache-2.0

package sqltracetest

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"reflect"
)

type fakeStmt struct {
	c    *fakeConn
	name string
}

func (c *fakeConn) stmt() driver.Stmt {
	c.stmts++
	s := &fakeStmt{c: c, name: fmt.Sprintf("%s.stmt%d", c.name, c.stmts)}
	switch c.f.Shape {
	case Legacy:
		return fakeConverter{s}
	case Full, Resetting, Validating:
		return fakeModernStmt{s}
	case Querying:
		// A statement may check what its connection does not.
		return fakeChecker{s}
	}
	return s
}

func (s *fakeStmt) call(method, format string, args ...any) error {
	return s.c.f.call("stmt."+method, s.name+"."+method+format, args...)
}

func (s *fakeStmt) Close() error { return s.call("Close", "") }

func (s *fakeStmt) NumInput() int {
	if s.c.f.Inputs == nil {
		return -1
	}
	return s.c.f.Inputs()
}

func (s *fakeStmt) Exec(args []driver.Value) (driver.Result, error) {
	if err := s.call("Exec", " %v", args); err != nil {
		return nil, err
	}
	return s.c.f.result(), nil
}

func (s *fakeStmt) Query(args []driver.Value) (driver.Rows, error) {
	if err := s.call("Query", " %v", args); err != nil {
		return nil, err
	}
	return s.c.f.rows(), nil
}

func (s *fakeStmt) check(nv *driver.NamedValue) error {
	if err := s.call("CheckNamedValue", " %v", *nv); err != nil {
		return err
	}
	if s.c.f.CheckStmt == nil {
		return driver.ErrSkip
	}
	return s.c.f.CheckStmt(nv)
}

// fakeConverter is a statement that knows its columns.
type fakeConverter struct{ *fakeStmt }

func (s fakeConverter) ColumnConverter(i int) driver.ValueConverter {
	_ = s.call("ColumnConverter", " %d", i)
	return driver.NotNull{Converter: driver.DefaultParameterConverter}
}

type fakeChecker struct{ *fakeStmt }

func (s fakeChecker) CheckNamedValue(nv *driver.NamedValue) error { return s.check(nv) }

type fakeModernStmt struct{ *fakeStmt }

func (s fakeModernStmt) CheckNamedValue(nv *driver.NamedValue) error { return s.check(nv) }

func (s fakeModernStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.call("Exec", " %v%s", args, seen(ctx)); err != nil {
		return nil, err
	}
	return s.c.f.result(), nil
}

func (s fakeModernStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.call("Query", " %v%s", args, seen(ctx)); err != nil {
		return nil, err
	}
	return s.c.f.rows(), nil
}

func (f *Fake) result() driver.Result {
	if f.Result != nil {
		return f.Result()
	}
	return fakeResult{f}
}

type fakeResult struct{ f *Fake }

func (r fakeResult) LastInsertId() (int64, error) {
	return 7, r.f.call("result.LastInsertId", "result.LastInsertId")
}
func (r fakeResult) RowsAffected() (int64, error) {
	return 3, r.f.call("result.RowsAffected", "result.RowsAffected")
}

func (f *Fake) rows() driver.Rows {
	if f.Rows != nil {
		return f.Rows()
	}
	r := &fakeRows{f: f, left: 2}
	switch f.Shape {
	case Full, Resetting, Validating:
		return &fakeModernRows{fakeRows: r, sets: 1}
	}
	return r
}

// fakeRows are two rows of two columns.
type fakeRows struct {
	f    *Fake
	left int
}

func (r *fakeRows) Columns() []string { return []string{"id", "name"} }
func (r *fakeRows) Close() error      { return r.f.call("rows.Close", "rows.Close") }

func (r *fakeRows) Next(dest []driver.Value) error {
	if err := r.f.call("rows.Next", "rows.Next"); err != nil {
		return err
	}
	if r.left == 0 {
		return io.EOF
	}
	dest[0], dest[1] = int64(r.left), "song"
	r.left--
	return nil
}

// fakeModernRows are two result sets, and know their columns.
type fakeModernRows struct {
	*fakeRows
	sets int
}

func (r *fakeModernRows) HasNextResultSet() bool { return r.sets > 0 }

func (r *fakeModernRows) NextResultSet() error {
	if err := r.f.call("rows.NextResultSet", "rows.NextResultSet"); err != nil {
		return err
	}
	if r.sets == 0 {
		return io.EOF
	}
	r.sets--
	r.left = 1
	return nil
}

func (r *fakeModernRows) ColumnTypeScanType(i int) reflect.Type {
	return []reflect.Type{reflect.TypeFor[int64](), reflect.TypeFor[string]()}[i]
}

func (r *fakeModernRows) ColumnTypeDatabaseTypeName(i int) string {
	return []string{"BIGINT", "VARCHAR"}[i]
}

func (r *fakeModernRows) ColumnTypeLength(i int) (int64, bool)                { return 40, i == 1 }
func (r *fakeModernRows) ColumnTypeNullable(i int) (bool, bool)               { return i == 1, true }
func (r *fakeModernRows) ColumnTypePrecisionScale(i int) (int64, int64, bool) { return 19, 0, i == 0 }
