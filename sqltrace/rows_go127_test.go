// SPDX-License-Identifier: Apache-2.0

//go:build go1.27

package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"

	"github.com/waymark-otel/waymark/sqltrace"
	"github.com/waymark-otel/waymark/sqltrace/sqltracetest"
)

// scanning are rows that scan by themselves, and refuse to be asked otherwise.
type scanning struct {
	left int
	err  error
}

func (*scanning) Columns() []string         { return []string{"n"} }
func (*scanning) Close() error              { return nil }
func (*scanning) Next([]driver.Value) error { return errors.New("Next is not called any more") }
func (s *scanning) NextRow() error {
	if s.left == 0 {
		return s.err
	}
	s.left--
	return nil
}

func (s *scanning) ScanColumn(ctx driver.ScanContext, _ int, dest any) error {
	return sql.ConvertAssign(ctx, dest, int64(40+s.left))
}

func TestRowsThatScanThemselvesKeepDoingSo(t *testing.T) {
	for name, end := range map[string]error{"to the end": io.EOF, "to a failure": errors.New("lost")} {
		for with, opts := range map[string][]sqltrace.Option{"": nil, " watched": {sqltrace.WithRows()}} {
			t.Run(name+with, func(t *testing.T) {
				o := observe(t, &sqltracetest.Fake{Rows: func() driver.Rows { return &scanning{left: 2, err: end} }}, opts...)
				rows, err := o.QueryContext(context.Background(), selectSongs)
				require.NoError(t, err)
				var got []int
				for rows.Next() {
					var n int
					require.NoError(t, rows.Scan(&n))
					got = append(got, n)
				}
				assert.Equal(t, []int{41, 40}, got)
				if end == io.EOF {
					require.NoError(t, rows.Err())
				} else {
					require.Equal(t, end, rows.Err())
				}
				require.NoError(t, rows.Close())
				if with != "" {
					assert.Equal(t, "2", attr(o.only(), "db.response.returned_rows"))
					assert.Equal(t, end != io.EOF, o.only().Status().Code == codes.Error)
				}
			})
		}
	}
}
