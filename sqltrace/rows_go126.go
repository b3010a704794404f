// SPDX-License-Identifier: Apache-2.0

//go:build !go1.27

package sqltrace

import "database/sql/driver"

func shapeRows(r *watchedRows) driver.Rows { return r }
