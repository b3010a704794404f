// SPDX-License-Identifier: Apache-2.0

package sqltrace

import "database/sql/driver"

// What the driver package has deprecated, and database/sql still calls where a
// driver has nothing newer.
type (
	execer interface {
		Exec(query string, args []driver.Value) (driver.Result, error)
	}
	queryer interface {
		Query(query string, args []driver.Value) (driver.Rows, error)
	}
	beginner  interface{ Begin() (driver.Tx, error) }
	converter interface {
		ColumnConverter(i int) driver.ValueConverter
	}
	stmtExecer interface {
		Exec(args []driver.Value) (driver.Result, error)
	}
	stmtQueryer interface {
		Query(args []driver.Value) (driver.Rows, error)
	}
)
