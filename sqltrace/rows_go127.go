// SPDX-License-Identifier: Apache-2.0

//go:build go1.27

package sqltrace

import "database/sql/driver"

// scannedRows are rows that scan into the caller's variables themselves:
// database/sql does not call Next of those.
type scannedRows struct {
	*watchedRows
	scanner driver.RowsColumnScanner
}

var _ driver.RowsColumnScanner = scannedRows{}

func (r scannedRows) NextRow() error {
	r.calling = true
	err := r.scanner.NextRow()
	r.calling = false
	if err == nil {
		r.n++
		return nil
	}
	r.failed(err)
	return err
}

func (r scannedRows) ScanColumn(ctx driver.ScanContext, i int, dest any) error {
	return r.scanner.ScanColumn(ctx, i, dest)
}

func shapeRows(r *watchedRows) driver.Rows {
	if scanner, ok := r.raw.(driver.RowsColumnScanner); ok {
		return scannedRows{r, scanner}
	}
	return r
}
