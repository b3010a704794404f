// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const secretText = "duplicate key value (secret@example.com)"

type (
	// pgError has the shape of pgconn's and pq's.
	pgError struct{ Code, Message string }
	// mysqlError has the shape of go-sql-driver's.
	mysqlError struct {
		Number   uint16
		SQLState [5]byte
		Message  string
	}
	// mssqlError has the shape of go-mssqldb's, which is a value.
	mssqlError struct{ Number int32 }
	// sqliteError has the shape of modernc's.
	sqliteError struct{ code int }
	// mattnError has the shape of go-sqlite3's.
	mattnError struct{ Code, ExtendedCode int }
	// OraErr has the shape of godror's.
	OraErr struct{ code int }
	// OracleError has the shape of go-ora's.
	OracleError struct{ ErrCode int }
	// snowflakeError has the shape of gosnowflake's.
	snowflakeError struct {
		Number   int
		SQLState string
	}
	stateAndNumber  struct{ state string }
	codeError       struct{ code string }
	typeError       struct{ name string }
	panickingError  struct{}
	endlessError    struct{}
	uncomparable    struct{ parts []string }
	generic[T any]  struct{ _ T }
	selfConsciously struct{ error }
)

func (e *pgError) Error() string           { return secretText + e.Message }
func (e *pgError) SQLState() string        { return e.Code }
func (e *mysqlError) Error() string        { return secretText + e.Message }
func (e mssqlError) Error() string         { return secretText }
func (e mssqlError) SQLErrorNumber() int32 { return e.Number }
func (e *sqliteError) Error() string       { return secretText }
func (e *sqliteError) Code() int           { return e.code }
func (e mattnError) Error() string         { return secretText }
func (e *OraErr) Error() string            { return secretText }
func (e *OraErr) Code() int                { return e.code }
func (e *OracleError) Error() string       { return secretText }
func (e *snowflakeError) Error() string    { return secretText }
func (e *stateAndNumber) Error() string    { return secretText }
func (e *stateAndNumber) SQLState() string { return e.state }
func (e *stateAndNumber) Number() int      { return 1071 }
func (e *codeError) Error() string         { return secretText }
func (e *codeError) Code() string          { return e.code }
func (e *typeError) Error() string         { return secretText }
func (e *typeError) ErrorType() string     { return e.name }
func (panickingError) Error() string       { return secretText }
func (panickingError) SQLState() string    { panic("no state") }
func (panickingError) Unwrap() error       { panic("nothing wrapped") }
func (panickingError) Timeout() bool       { panic("no time") }
func (e endlessError) Error() string       { return secretText }
func (e endlessError) Unwrap() []error     { return []error{e, e} }
func (uncomparable) Error() string         { return secretText }
func (generic[T]) Error() string           { return secretText }
func (e *selfConsciously) Unwrap() error   { return e.error }

func TestFailureIsClassified(t *testing.T) {
	state := func(code string) [5]byte { return [5]byte([]byte(code)) }
	for name, tc := range map[string]struct {
		err             error
		errorType, code string
	}{
		"none":                     {nil, "", ""},
		"PostgreSQL":               {&pgError{Code: "23505"}, "23505", "23505"},
		"MySQL":                    {&mysqlError{Number: 1146, SQLState: state("42S02")}, "1146", "1146"},
		"SQL Server":               {mssqlError{2627}, "2627", "2627"},
		"SQLite":                   {&sqliteError{2067}, "2067", "2067"},
		"SQLite, extended":         {mattnError{19, 2067}, "2067", "2067"},
		"SQLite, not extended":     {mattnError{19, 0}, "19", "19"},
		"Oracle":                   {&OraErr{1}, "ORA-00001", "ORA-00001"},
		"Oracle's other driver":    {&OracleError{12514}, "ORA-12514", "ORA-12514"},
		"Snowflake":                {&snowflakeError{2003, "02000"}, "02000/2003", "02000/2003"},
		"state and number":         {&stateAndNumber{"42000"}, "42000/1071", "42000/1071"},
		"code by name":             {&codeError{"ResourceNotFoundException"}, "ResourceNotFoundException", "ResourceNotFoundException"},
		"wrapped":                  {fmt.Errorf("query: %w", &pgError{Code: "42P01"}), "42P01", "42P01"},
		"joined":                   {errors.Join(io.EOF, fmt.Errorf("%w and %w", io.EOF, &pgError{Code: "57014"})), "57014", "57014"},
		"code beats what wraps it": {&net.OpError{Op: "read", Err: &pgError{Code: "57P01"}}, "57P01", "57P01"},
		"canceled":                 {context.Canceled, "context.Canceled", ""},
		"deadline":                 {fmt.Errorf("query: %w", context.DeadlineExceeded), "context.DeadlineExceeded", ""},
		"bad connection":           {driver.ErrBadConn, "driver.ErrBadConn", ""},
		"connection done":          {sql.ErrConnDone, "sql.ErrConnDone", ""},
		"timeout":                  {&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, "timeout", ""},
		"type":                     {&net.OpError{Op: "dial", Err: errors.New(secretText)}, "*net.OpError", ""},
		"its own type":             {&typeError{"lock_timeout"}, "lock_timeout", ""},
		"text":                     {errors.New(secretText), "_OTHER", ""},
		"text, wrapped":            {fmt.Errorf("a: %w", errors.Join(errors.New(secretText))), "_OTHER", ""},
		"nil pointer":              {(*pgError)(nil), "*sqltrace.pgError", ""},
		"nil pointer inside":       {fmt.Errorf("a: %w", (*mysqlError)(nil)), "*sqltrace.mysqlError", ""},
		"nil pointer that wraps":   {(*selfConsciously)(nil), "*sqltrace.selfConsciously", ""},
		"panics":                   {panickingError{}, "sqltrace.panickingError", ""},
		"endless":                  {endlessError{}, "sqltrace.endlessError", ""},
		"not comparable":           {uncomparable{[]string{"a"}}, "sqltrace.uncomparable", ""},
		"success":                  {&pgError{Code: "00000"}, "*sqltrace.pgError", ""},
		"zero":                     {&sqliteError{0}, "*sqltrace.sqliteError", ""},
		"text for a state":         {&pgError{Code: secretText}, "*sqltrace.pgError", ""},
		"text for a code":          {&codeError{secretText}, "*sqltrace.codeError", ""},
		"text for a type":          {&typeError{secretText}, "*sqltrace.typeError", ""},
		"long code":                {&codeError{strings.Repeat("a", 129)}, "*sqltrace.codeError", ""},
		"long type":                {generic[struct{ AVeryLongNameOfAFieldOfAStructureInATypeParameter, AnotherVeryLongNameOfAFieldOfAStructureInATypeParameter int }]{}, "_OTHER", ""},
	} {
		t.Run(name, func(t *testing.T) {
			errorType, code := classify(tc.err)
			assert.Equal(t, tc.errorType, errorType)
			assert.Equal(t, tc.code, code)
		})
	}
}

func BenchmarkClassify(b *testing.B) {
	err := fmt.Errorf("query: %w", &pgError{Code: "42P01"})
	b.ReportAllocs()
	for b.Loop() {
		classify(err)
	}
}
