// SPDX-License-Identifier: Apache-2.0

package sqltrace_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"

	"github.com/waymark-otel/waymark/sqltrace"
	"github.com/waymark-otel/waymark/sqltrace/sqltracetest"
)

// pgError is what PostgreSQL's drivers return.
type pgError struct{ state, text string }

func (e *pgError) Error() string    { return e.text }
func (e *pgError) SQLState() string { return e.state }

func TestFailureSaysWhatTheDatabaseSaid(t *testing.T) {
	unique := fmt.Errorf("insert: %w", &pgError{"23505", "Key (email)=(eve@example.org) already exists"})
	for name, tc := range map[string]struct {
		opts []sqltrace.Option
		text string
	}{
		"by default":     {text: "23505"},
		"with its words": {opts: []sqltrace.Option{sqltrace.WithErrorText()}, text: unique.Error()},
	} {
		for _, shape := range sqltracetest.Shapes() {
			t.Run(name+" "+string(shape), func(t *testing.T) {
				o := observe(t, &sqltracetest.Fake{Shape: shape, Hook: func(call string) error {
					if call == "conn.Exec" || call == "stmt.Exec" {
						return unique
					}
					return nil
				}}, tc.opts...)
				_, err := o.ExecContext(withParent(), selectSongs)
				require.Equal(t, unique, err, "the very error")
				s := o.only()
				assert.Equal(t, codes.Error, s.Status().Code)
				assert.Equal(t, tc.text, s.Status().Description)
				assert.Equal(t, "23505", attr(s, "error.type"))
				assert.Equal(t, "23505", attr(s, "db.response.status_code"))
				assert.Empty(t, s.Events())

				points := o.histogram(duration)
				require.Len(t, points, 1)
				assert.Equal(t, "23505", value(points[0].Attributes.ToSlice(), "error.type"))
				assert.Equal(t, "23505", value(points[0].Attributes.ToSlice(), "db.response.status_code"))
				assert.NotContains(t, fmt.Sprint(points[0].Attributes.ToSlice()), "eve@")
			})
		}
	}
}

func TestWhatIsNoFailureIsNone(t *testing.T) {
	for _, err := range []error{sql.ErrNoRows, io.EOF, fmt.Errorf("wrapped: %w", sql.ErrNoRows)} {
		t.Run(err.Error(), func(t *testing.T) {
			o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: failNth("conn.Exec", err)})
			_, got := o.ExecContext(withParent(), selectSongs)
			require.Equal(t, err, got)
			assert.Equal(t, codes.Unset, o.only().Status().Code)
			assert.Empty(t, attr(o.only(), "error.type"))
		})
	}
}

func TestCancellationIsNoFailureUnlessAskedFor(t *testing.T) {
	for name, tc := range map[string]struct {
		opts   []sqltrace.Option
		err    error
		failed bool
	}{
		"the caller's own":            {err: context.Canceled},
		"as the database says it":     {err: &pgError{"57014", "canceling statement due to user request"}},
		"as drivers say it":           {err: errors.New("timeout: interrupted")},
		"another failure meanwhile":   {err: &pgError{"42601", "syntax error"}, failed: true},
		"when it counts":              {err: context.Canceled, opts: []sqltrace.Option{sqltrace.WithCancellations()}, failed: true},
		"a filter is not asked of it": {err: context.Canceled, opts: []sqltrace.Option{sqltrace.WithErrorFilter(func(error) bool { return true })}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(withParent())
			o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: func(call string) error {
				if call == "conn.Exec" {
					cancel()
					return tc.err
				}
				return nil
			}}, tc.opts...)
			_, err := o.ExecContext(ctx, selectSongs)
			require.Equal(t, tc.err, err)
			assert.Equal(t, tc.failed, o.only().Status().Code == codes.Error)
		})
	}
}

func TestDeadlineIsAFailure(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: failNth("conn.Exec", context.DeadlineExceeded)})
	_, err := o.ExecContext(withParent(), selectSongs)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, "context.DeadlineExceeded", attr(o.only(), "error.type"))
}

func TestCanceledByTheDriverAloneIsAFailure(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: failNth("conn.Exec", context.Canceled)})
	_, err := o.ExecContext(withParent(), selectSongs)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, codes.Error, o.only().Status().Code, "the caller has canceled nothing")
}

func TestErrorFilterDecides(t *testing.T) {
	unique := &pgError{"23505", "exists"}
	isFailure := func(err error) bool { return !errors.Is(err, unique) }
	for err, failed := range map[error]bool{unique: false, errors.New("other"): true} {
		o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: failNth("conn.Exec", err)}, sqltrace.WithErrorFilter(isFailure))
		_, got := o.ExecContext(withParent(), selectSongs)
		require.Equal(t, err, got)
		assert.Equal(t, failed, o.only().Status().Code == codes.Error)
		assert.Equal(t, failed, attr(o.only(), "error.type") != "")
	}
}

func TestErrorFilterThatPanicsIsContained(t *testing.T) {
	var reported []string
	before := otel.GetErrorHandler()
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { reported = append(reported, err.Error()) }))
	defer otel.SetErrorHandler(before)
	o := observe(t, &sqltracetest.Fake{Hook: failNth("stmt.Exec", errors.New("no"))},
		sqltrace.WithErrorFilter(func(error) bool { panic("filter") }))
	_, err := o.ExecContext(withParent(), selectSongs)
	require.EqualError(t, err, "no")
	assert.Equal(t, codes.Error, o.only().Status().Code)
	assert.Equal(t, []string{"sqltrace: the callback of WithErrorFilter panicked: filter"}, reported)
}

func TestNoSecretOfAStatementIsRecorded(t *testing.T) {
	const secret = "hunter2"
	var log bytes.Buffer
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: func(call string) error {
		if call == "conn.Exec" {
			return fmt.Errorf("near '%s': syntax error", secret)
		}
		return nil
	}}, sqltrace.WithSlowQuery(0, textLogger(&log)), sqltrace.WithRows())
	text := "SELECT * FROM users WHERE password = '" + secret + "'"
	_, err := o.ExecContext(withParent(), text, secret)
	require.Error(t, err)
	rows, err := o.QueryContext(withParent(), text, secret)
	require.NoError(t, drain(t, rows, err))
	var seen strings.Builder
	for _, s := range o.spans.Ended() {
		fmt.Fprint(&seen, s.Name(), s.Attributes(), s.Events(), s.Status())
	}
	for _, p := range o.histogram(duration) {
		fmt.Fprint(&seen, p.Attributes.ToSlice())
	}
	assert.Contains(t, seen.String(), "SELECT users")
	assert.NotContains(t, seen.String()+log.String(), secret)
}
