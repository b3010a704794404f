// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 who holds a driver.Conn may call what database/sql no longer does

package sqltrace

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// part is what optional methods of a connection are made of; it notes which
// was called last.
type part struct{ called *string }

func (p part) note(s string) error { *p.called = s; return nil }

type (
	rawConn  struct{ part }
	rawExec  struct{ part }
	rawQuery struct{ part }
	rawReset struct{ part }
	rawValid struct{ part }
)

func (rawConn) Prepare(string) (driver.Stmt, error) { return nil, nil }
func (rawConn) Close() error                        { return nil }
func (rawConn) Begin() (driver.Tx, error)           { return nil, nil }

func (r rawExec) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return nil, r.note("exec")
}

func (r rawQuery) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return nil, r.note("query")
}

func (r rawReset) ResetSession(context.Context) error { return r.note("reset") }
func (r rawValid) IsValid() bool                      { _ = r.note("valid"); return false }

// rawShapes returns a connection for each set of what database/sql takes for
// facts.
func rawShapes(p part) map[string]driver.Conn {
	c, e, q, r, v := rawConn{p}, rawExec{p}, rawQuery{p}, rawReset{p}, rawValid{p}
	return map[string]driver.Conn{
		"": c,
		"e": struct {
			rawConn
			rawExec
		}{c, e},
		"q": struct {
			rawConn
			rawQuery
		}{c, q},
		"eq": struct {
			rawConn
			rawExec
			rawQuery
		}{c, e, q},
		"r": struct {
			rawConn
			rawReset
		}{c, r},
		"er": struct {
			rawConn
			rawExec
			rawReset
		}{c, e, r},
		"qr": struct {
			rawConn
			rawQuery
			rawReset
		}{c, q, r},
		"v": struct {
			rawConn
			rawValid
		}{c, v},
		"ev": struct {
			rawConn
			rawExec
			rawValid
		}{c, e, v},
		"qv": struct {
			rawConn
			rawQuery
			rawValid
		}{c, q, v},
		"rv": struct {
			rawConn
			rawReset
			rawValid
		}{c, r, v},

		"eqr": struct {
			rawConn
			rawExec
			rawQuery
			rawReset
		}{c, e, q, r},
		"eqv": struct {
			rawConn
			rawExec
			rawQuery
			rawValid
		}{c, e, q, v},
		"erv": struct {
			rawConn
			rawExec
			rawReset
			rawValid
		}{c, e, r, v},
		"qrv": struct {
			rawConn
			rawQuery
			rawReset
			rawValid
		}{c, q, r, v},
		"eqrv": struct {
			rawConn
			rawExec
			rawQuery
			rawReset
			rawValid
		}{c, e, q, r, v},
	}
}

func TestConnectionClaimsWhatTheDriverHas(t *testing.T) {
	var called string
	for name, raw := range rawShapes(part{&called}) {
		t.Run(fmt.Sprintf("%q", name), func(t *testing.T) {
			c := wrapConn(raw, newObserver(target{system: "other_sql"}, nil))
			assert.Equal(t, raw, Unwrap(c))
			ctx := t.Context()

			rawExecer, want := raw.(driver.ExecerContext)
			execer, got := c.(driver.ExecerContext)
			assert.Equal(t, want, got, "Execer")
			if want {
				_, err := execer.ExecContext(ctx, "x", nil)
				require.NoError(t, err)
				assert.Equal(t, "exec", called)
				assert.NotNil(t, rawExecer)
			}

			_, want = raw.(driver.QueryerContext)
			queryer, got := c.(driver.QueryerContext)
			assert.Equal(t, want, got, "Queryer")
			if want {
				_, err := queryer.QueryContext(ctx, "x", nil) //nolint:sqlclosecheck,rowserrcheck // there are none
				require.NoError(t, err)
				assert.Equal(t, "query", called)
			}

			_, resets := raw.(driver.SessionResetter)
			_, validates := raw.(driver.Validator)
			resetter, claimsReset := c.(driver.SessionResetter)
			validator, claimsValid := c.(driver.Validator)
			assert.Equal(t, resets && validates, claimsReset && claimsValid, "keeps its connection when a transaction is canceled")
			called = ""
			if claimsReset {
				require.NoError(t, resetter.ResetSession(ctx))
				assert.Equal(t, map[bool]string{true: "reset"}[resets], called)
			} else {
				assert.False(t, resets)
			}
			if claimsValid {
				assert.Equal(t, !validates, validator.IsValid())
			} else {
				assert.False(t, validates)
			}
		})
	}
}

func TestNothingIsWrappedWhereThereIsNothing(t *testing.T) {
	o := newObserver(target{system: "other_sql"}, nil)
	assert.Nil(t, wrapConn(nil, o))
	c := wrapConn(rawConn{}, o)
	assert.Equal(t, c, wrapConn(c, o), "twice is once")
	s, err := c.Prepare("x")
	assert.Nil(t, s)
	require.NoError(t, err)
	tx, err := c.Begin()
	assert.Nil(t, tx)
	require.NoError(t, err)
}

// odd is a context that cannot be compared.
type odd struct {
	context.Context
	_ []int
}

func TestContextsAreCompared(t *testing.T) {
	a, cancel := context.WithCancel(t.Context())
	defer cancel()
	b, cancel := context.WithCancel(t.Context())
	defer cancel()
	assert.True(t, sameContext(a, a))
	assert.False(t, sameContext(a, b))
	assert.False(t, sameContext(a, odd{Context: a}))
	assert.True(t, sameContext(odd{Context: a}, odd{Context: b}), "as good as can be told")
}

func TestThisGoShowsItsRetries(t *testing.T) {
	lines := retryLines()
	assert.NotZero(t, lines.more)
	assert.NotZero(t, lines.last)
	assert.NotEqual(t, lines.more, lines.last)
	assert.Equal(t, stageNone, retryStage(), "no database/sql around")
	assert.False(t, preparesStatement())
}

func TestRetriesAreCountedWhereGoDoesNotShowThem(t *testing.T) {
	before := retryLines
	defer func() { retryLines = before }()
	retryLines = func() (none struct{ more, last int }) { return none }

	o := newObserver(target{system: "other_sql"}, nil)
	o.always = true
	tryAgain := func(attempt int) {
		var op operation
		require.True(t, o.begin(&op, t.Context(), "x"))
		assert.Equal(t, attempt, op.attempts)
		op.attempts = attempt
		fromSQL(t, func() { op.returned(nil, driver.ErrBadConn) })
	}
	for attempt := range maxAttempts {
		tryAgain(attempt)
		assert.Equal(t, attempt < maxAttempts-1, o.waiting.count.Load() == 1, "attempt %d", attempt)
	}
}

// fromSQL calls f from within database/sql.
func fromSQL(t *testing.T, f func()) {
	t.Helper()
	db := openWith(func() error { f(); return errors.New("no") })
	require.Error(t, db.Ping())
	require.NoError(t, db.Close())
}

func openWith(connect func() error) *sql.DB { return sql.OpenDB(failing{connect}) }

// failing is a connector that fails.
type failing struct{ connect func() error }

func (f failing) Connect(context.Context) (driver.Conn, error) { return nil, f.connect() }
func (failing) Driver() driver.Driver                          { return nil }
