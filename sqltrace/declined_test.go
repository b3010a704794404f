// SPDX-License-Identifier: Apache-2.0

package sqltrace_test

import (
	"context"
	"database/sql/driver"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/sqltrace/sqltracetest"
)

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
