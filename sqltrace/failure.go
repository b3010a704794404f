// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
)

const (
	// maxUnwrapped is how many errors of a tree are looked at.
	maxUnwrapped = 64
	// maxErrorType is the longest name of a kind of error, in bytes.
	maxErrorType = 128
)

// classify returns what error.type and db.response.status_code say of an error.
// The status code is the database's own, found by the methods and fields that
// drivers give their errors: SQLState, Number, Code. Without one it is empty,
// and the error's type is the name of a known error, what its ErrorType method
// says, or the name of its Go type. Neither ever holds an error's text. Drivers'
// methods may panic; classify does not.
func classify(err error) (errorType, statusCode string) {
	if err == nil {
		return "", ""
	}
	defer func() {
		if recover() != nil {
			errorType, statusCode = "_OTHER", ""
		}
	}()
	var named, typed string
	left := maxUnwrapped
	walk(err, &left, func(err error) bool {
		if statusCode = statusOf(err); statusCode != "" {
			return false
		}
		if named == "" {
			named = nameOf(err)
		}
		if typed == "" {
			typed = typeOf(err)
		}
		return true
	})
	switch {
	case statusCode != "":
		return statusCode, statusCode
	case named != "":
		return named, ""
	case typed != "":
		return typed, ""
	}
	return "_OTHER", ""
}

// statusOf returns the status code of one error, or nothing.
func statusOf(err error) (code string) {
	defer func() {
		if recover() != nil {
			code = ""
		}
	}()
	v := reflect.ValueOf(err)
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	state := ""
	if err, ok := err.(interface{ SQLState() string }); ok {
		state = err.SQLState()
	}
	vendor := vendorCode(err, v)
	if state == "" && v.Kind() == reflect.Struct {
		if f := v.FieldByName("SQLState"); f.IsValid() && f.Kind() == reflect.String {
			state = f.String()
		}
	}
	switch isState := isSQLState(state); {
	case isState && vendor != "":
		// https://opentelemetry.io/docs/specs/semconv/db/sql/: both, where it is not
		// clear which of them says more.
		return state + "/" + vendor
	case isState:
		return state
	}
	return vendor
}

// vendorCode returns the code that a database gives an error besides SQLSTATE.
func vendorCode(err error, v reflect.Value) string {
	switch err := err.(type) {
	case interface{ SQLErrorNumber() int32 }: // SQL Server
		return number(int64(err.SQLErrorNumber()))
	case interface{ Number() int }:
		return number(int64(err.Number()))
	case interface{ Number() int32 }:
		return number(int64(err.Number()))
	case interface{ Number() uint16 }:
		return number(int64(err.Number()))
	case interface{ Code() string }:
		if code := err.Code(); isName(code) && !isSQLStateOf(err, code) {
			return code
		}
		return ""
	case interface{ Code() int }:
		if v.IsValid() && v.Type().Name() == "OraErr" {
			return oracleCode(int64(err.Code()))
		}
		return number(int64(err.Code()))
	case interface{ Code() int32 }:
		return number(int64(err.Code()))
	case interface{ Code() uint32 }:
		return number(int64(err.Code()))
	}
	if v.Kind() != reflect.Struct {
		return ""
	}
	// ExtendedCode is go-sqlite3's, and says more than its Code.
	for _, name := range [...]string{"Number", "ExtendedCode", "Code", "ErrCode"} {
		f := v.FieldByName(name)
		var n int64
		switch {
		case !f.IsValid():
			continue
		case f.CanInt():
			n = f.Int()
		case f.CanUint():
			n = int64(f.Uint())
		}
		if v.Type().Name() == "OracleError" {
			return oracleCode(n)
		}
		if code := number(n); code != "" {
			return code
		}
	}
	return ""
}

// number returns a code as text. Zero is success everywhere.
func number(code int64) string {
	if code == 0 {
		return ""
	}
	return strconv.FormatInt(code, 10)
}

// oracleCode returns a code as Oracle writes it.
func oracleCode(code int64) string {
	if code <= 0 {
		return ""
	}
	return fmt.Sprintf("ORA-%05d", code)
}

// isSQLState reports whether a text is a SQLSTATE of a failure.
func isSQLState(s string) bool {
	if len(s) != 5 || s == "00000" {
		return false
	}
	for i := range len(s) {
		if !isDigit(s[i]) && (s[i] < 'A' || s[i] > 'Z') {
			return false
		}
	}
	return true
}

// isSQLStateOf reports whether a code is the error's SQLSTATE once more.
func isSQLStateOf(err any, code string) bool {
	s, ok := err.(interface{ SQLState() string })
	return ok && s.SQLState() == code
}

// isName reports whether a text is the name of a kind of error and cannot be
// its message.
func isName(s string) bool {
	if s == "" || len(s) > maxErrorType {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c|0x20 >= 'a' && c|0x20 <= 'z', isDigit(c), c == '_', c == '-', c == '.', c == ':', c == '/':
		default:
			return false
		}
	}
	return true
}

// known are errors that have a name of their own.
var known = []struct {
	err  error
	name string
}{
	{context.Canceled, "context.Canceled"},
	{context.DeadlineExceeded, "context.DeadlineExceeded"},
	{driver.ErrBadConn, "driver.ErrBadConn"},
	{sql.ErrConnDone, "sql.ErrConnDone"},
	{sql.ErrTxDone, "sql.ErrTxDone"},
	{sql.ErrNoRows, "sql.ErrNoRows"},
	{io.EOF, "io.EOF"},
	{io.ErrUnexpectedEOF, "io.ErrUnexpectedEOF"},
	{io.ErrClosedPipe, "io.ErrClosedPipe"},
}

// nameOf returns the name of a known error, or what the error calls itself.
func nameOf(err error) (name string) {
	defer func() {
		if recover() != nil {
			name = ""
		}
	}()
	if reflect.TypeOf(err).Comparable() {
		for _, k := range known {
			if err == k.err {
				return k.name
			}
		}
	}
	if err, ok := err.(interface{ ErrorType() string }); ok {
		if name := err.ErrorType(); isName(name) {
			return name
		}
	}
	if err, ok := err.(interface{ Timeout() bool }); ok && err.Timeout() {
		return "timeout"
	}
	return ""
}

// plain are the types of errors that say nothing of what went wrong.
var plain = map[reflect.Type]bool{
	reflect.TypeOf(errors.New("")):                     true,
	reflect.TypeOf(errors.Join(io.EOF)):                true,
	reflect.TypeOf(fmt.Errorf("%w", io.EOF)):           true,
	reflect.TypeOf(fmt.Errorf("%w%w", io.EOF, io.EOF)): true,
	reflect.TypeOf(fmt.Errorf("%v", io.EOF)):           true,
}

// typeOf returns the name of the error's type, or nothing when that says
// nothing.
func typeOf(err error) string {
	t := reflect.TypeOf(err)
	if plain[t] {
		return ""
	}
	name := t.String()
	if len(name) > maxErrorType {
		return ""
	}
	return name
}
