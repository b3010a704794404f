// SPDX-License-Identifier: Apache-2.0

package sqltrace_test

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

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

func TestPanicEndsTheSpanAndGoesOn(t *testing.T) {
	for _, call := range []string{"conn.Exec", "conn.Prepare", "stmt.Exec"} {
		for after, hook := range map[string]func(string) error{"": nil, " after ErrSkip": skipping} {
			t.Run(call+after, func(t *testing.T) {
				mine := &struct{ error }{}
				panics := func(name string) error {
					if name == call {
						panic(mine)
					}
					if hook != nil {
						return hook(name)
					}
					return nil
				}
				if call != "conn.Exec" && hook == nil {
					return // it is not called
				}
				o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: panics})
				func() {
					defer func() { assert.Same(t, mine, recover(), "the same value goes on") }()
					_, _ = o.ExecContext(withParent(), selectSongs)
				}()
				s := o.only()
				assert.Equal(t, codes.Error, s.Status().Code)
				assert.Equal(t, "panic", attr(s, "error.type"))
				require.Len(t, s.Events(), 1)
				assert.Contains(t, value(s.Events()[0].Attributes, "exception.stacktrace"), "sqltracetest")
				assert.Equal(t, 1, o.statements())
			})
		}
	}
}

func TestGoexitEndsTheSpan(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: func(call string) error {
		if call == "conn.Exec" {
			runtime.Goexit()
		}
		return nil
	}})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = o.ExecContext(withParent(), selectSongs)
	}()
	<-done
	assert.Equal(t, codes.Error, o.only().Status().Code)
}

func TestStatementThatCannotBePreparedFails(t *testing.T) {
	syntax := &pgError{"42601", "syntax error"}
	for _, shape := range sqltracetest.Shapes() {
		for after, hook := range map[string]func(string) error{"": nil, " after ErrSkip": skipping} {
			t.Run(string(shape)+after, func(t *testing.T) {
				o := observe(t, &sqltracetest.Fake{Shape: shape, Hook: func(call string) error {
					if call == "conn.Prepare" {
						return syntax
					}
					if hook != nil {
						return hook(call)
					}
					return nil
				}})
				_, err := o.ExecContext(withParent(), selectSongs)
				if err == nil {
					assert.Equal(t, codes.Unset, o.only().Status().Code)
					return
				}
				require.Equal(t, syntax, err)
				assert.Equal(t, "42601", attr(o.only(), "error.type"))
				assert.Equal(t, 1, o.statements())
				_, err = o.PrepareContext(withParent(), selectSongs)
				require.Equal(t, syntax, err)
				o.only() // one that is prepared for later is no statement yet
			})
		}
	}
}

func TestStatementPreparedAnewThatFailsIsAFailure(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: failNth("conn.Prepare", &pgError{"42P01", "no such table"}, 2)})
	stmt, err := o.PrepareContext(withParent(), selectSongs)
	require.NoError(t, err)
	conn, err := o.Conn(context.Background()) // takes the connection it is prepared on
	require.NoError(t, err)
	defer conn.Close()
	_, err = stmt.ExecContext(withParent())
	require.Error(t, err)
	assert.Equal(t, "42P01", attr(o.only(), "error.type"))
}

func TestArgumentsThatAreRefusedAfterErrSkipAreAFailure(t *testing.T) {
	for name, fake := range map[string]*sqltracetest.Fake{
		"by number": {Shape: sqltracetest.Full, Inputs: func() int { return 3 }, Hook: skipping},
		"by the statement": {Shape: sqltracetest.Full, Hook: skipping, CheckStmt: func(*driver.NamedValue) error {
			return &pgError{"42804", "no such type"}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(t, fake)
			_, err := o.ExecContext(withParent(), selectSongs, 1)
			require.Error(t, err)
			assert.Equal(t, codes.Error, o.only().Status().Code)
			assert.Equal(t, map[bool]string{true: "42804"}[fake.CheckStmt != nil], attr(o.only(), "db.response.status_code"))
		})
	}
}

func TestDeclinedStatementsDoNotMixUp(t *testing.T) {
	// Goroutines that share a transaction take turns on its connection between
	// the call that is declined and the one that prepares.
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: skipping})
	conn, err := o.Conn(context.Background())
	require.NoError(t, err)
	defer conn.Close()
	ctx, root := o.root()
	other, otherRoot := o.root()
	require.NoError(t, conn.Raw(func(v any) error {
		c := v.(interface {
			driver.ExecerContext
			driver.ConnPrepareContext
		})
		turns := []struct {
			ctx   context.Context
			query string
		}{{ctx, "DELETE FROM a"}, {ctx, "DELETE FROM b"}, {other, "DELETE FROM a"}}
		for _, turn := range turns {
			_, err := c.ExecContext(turn.ctx, turn.query, nil)
			require.Equal(t, driver.ErrSkip, err)
		}
		for _, i := range []int{1, 2, 0} {
			stmt, err := c.PrepareContext(turns[i].ctx, turns[i].query)
			require.NoError(t, err)
			_, err = stmt.(driver.StmtExecContext).ExecContext(turns[i].ctx, nil)
			require.NoError(t, err)
			require.NoError(t, stmt.Close())
		}
		return nil
	}))
	assert.Equal(t, []string{"DELETE b", "DELETE a", "DELETE a"}, o.names())
	for i, parent := range []trace.Span{root, otherRoot, root} {
		assert.Equal(t, parent.SpanContext().SpanID(), o.spans.Ended()[i].Parent().SpanID())
	}
	root.End()
	otherRoot.End()
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

func TestStatementDeclinedAndNeverPreparedEnds(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: skipping})
	conn, err := o.Conn(context.Background())
	require.NoError(t, err)
	require.NoError(t, conn.Raw(func(c any) error {
		_, err := c.(driver.ExecerContext).ExecContext(withParent(), selectSongs, nil)
		assert.Equal(t, driver.ErrSkip, err)
		return nil
	}))
	assert.Empty(t, o.names())
	require.NoError(t, conn.Close())
	assert.Equal(t, codes.Unset, o.only().Status().Code)
}
