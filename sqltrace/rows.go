// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"database/sql/driver"
	"io"
	"reflect"
	"time"
)

// returnedRows ends the operation, or leaves that to the rows where they are
// watched.
func (op *operation) returnedRows(c *conn, rows driver.Rows, err error) (driver.Rows, error) {
	if err != nil || rows == nil || !op.o.rows {
		op.returned(c, err)
		return rows, err
	}
	op.done = true // from here on the rows'
	w := &watchedRows{raw: rows, op: *op, at: time.Now()}
	w.op.done = false
	return shapeRows(w), nil
}

// watchedRows are rows whose end is the end of the statement. How long they
// are read is the reader's doing: the statement took as long as it took to
// return them.
type watchedRows struct {
	raw driver.Rows
	op  operation
	at  time.Time // when they were returned
	n   int64
	err error

	calling  bool // the driver's rows were called and have not returned
	panicked bool // nor will they
}

var (
	_ driver.RowsNextResultSet              = (*watchedRows)(nil)
	_ driver.RowsColumnTypeScanType         = (*watchedRows)(nil)
	_ driver.RowsColumnTypeDatabaseTypeName = (*watchedRows)(nil)
	_ driver.RowsColumnTypeLength           = (*watchedRows)(nil)
	_ driver.RowsColumnTypeNullable         = (*watchedRows)(nil)
	_ driver.RowsColumnTypePrecisionScale   = (*watchedRows)(nil)
)

func (r *watchedRows) Columns() []string { return r.raw.Columns() }

func (r *watchedRows) Next(dest []driver.Value) error {
	r.calling = true
	err := r.raw.Next(dest)
	r.calling = false
	if err == nil {
		r.n++
		return nil
	}
	r.failed(err)
	return err
}

// failed keeps the first error of the iteration; io.EOF is the end of a result
// set.
func (r *watchedRows) failed(err error) {
	if err != io.EOF && r.err == nil { //nolint:errorlint // as database/sql compares it
		r.err = err
	}
}

func (r *watchedRows) Close() error {
	defer r.end()
	r.panicked = r.panicked || r.calling
	if r.err == nil && r.op.parent.Err() != nil && closedByContext() {
		r.err = r.op.parent.Err() // which is what the program is told
	}
	r.calling = true
	err := r.raw.Close()
	r.calling = false
	if err != nil {
		r.failed(err)
	}
	return err
}

func (r *watchedRows) end() {
	if r.op.done {
		return
	}
	r.op.rows = r.n
	if r.panicked || r.calling {
		r.op.done = true
		r.op.finish(outcome{failed: true, errorType: errorTypePanic, at: r.at, passed: true})
		return
	}
	r.op.endAt(r.err, r.at)
}

func (r *watchedRows) HasNextResultSet() bool {
	if next, ok := r.raw.(driver.RowsNextResultSet); ok {
		return next.HasNextResultSet()
	}
	return false
}

func (r *watchedRows) NextResultSet() error {
	next, ok := r.raw.(driver.RowsNextResultSet)
	if !ok {
		return io.EOF
	}
	r.calling = true
	err := next.NextResultSet()
	r.calling = false
	if err != nil {
		r.failed(err)
	}
	return err
}

func (r *watchedRows) ColumnTypeScanType(i int) reflect.Type {
	if rows, ok := r.raw.(driver.RowsColumnTypeScanType); ok {
		return rows.ColumnTypeScanType(i)
	}
	return reflect.TypeFor[any]()
}

func (r *watchedRows) ColumnTypeDatabaseTypeName(i int) string {
	if rows, ok := r.raw.(driver.RowsColumnTypeDatabaseTypeName); ok {
		return rows.ColumnTypeDatabaseTypeName(i)
	}
	return ""
}

func (r *watchedRows) ColumnTypeLength(i int) (length int64, ok bool) {
	if rows, is := r.raw.(driver.RowsColumnTypeLength); is {
		return rows.ColumnTypeLength(i)
	}
	return 0, false
}

func (r *watchedRows) ColumnTypeNullable(i int) (nullable, ok bool) {
	if rows, is := r.raw.(driver.RowsColumnTypeNullable); is {
		return rows.ColumnTypeNullable(i)
	}
	return false, false
}

func (r *watchedRows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	if rows, is := r.raw.(driver.RowsColumnTypePrecisionScale); is {
		return rows.ColumnTypePrecisionScale(i)
	}
	return 0, 0, false
}
