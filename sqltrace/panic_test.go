// SPDX-License-Identifier: Apache-2.0

package sqltrace_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"

	"github.com/waymark-otel/waymark/sqltrace/sqltracetest"
)

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

func TestPanicOverArgumentsEndsTheSpan(t *testing.T) {
	for call, shape := range map[string]sqltracetest.Shape{
		"stmt.CheckNamedValue": sqltracetest.Full, "stmt.NumInput": sqltracetest.Full, "stmt.ColumnConverter": sqltracetest.Legacy,
	} {
		t.Run(call, func(t *testing.T) {
			fake := &sqltracetest.Fake{Shape: shape, Inputs: inputs(call), Hook: func(name string) error {
				if name == call {
					panic(call)
				}
				return skipping(name)
			}}
			o := observe(t, fake)
			assert.PanicsWithValue(t, call, func() {
				_, _ = o.QueryContext(withParent(), selectSongs, 1) //nolint:sqlclosecheck,rowserrcheck // there are none
			})
			assert.Equal(t, "panic", attr(o.only(), "error.type"))
			assert.Equal(t, 1, o.statements())
		})
	}
}

// inputs returns one placeholder, or panics where that is asked for.
func inputs(call string) func() int {
	return func() int {
		if call == "stmt.NumInput" {
			panic(call)
		}
		return 1
	}
}

func TestPanicOfPreparingWhatIsRunNowIsItsFailure(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Hook: func(call string) error {
		if call == "conn.Prepare" {
			panic(call)
		}
		return nil
	}})
	assert.Panics(t, func() { _, _ = o.ExecContext(withParent(), selectSongs) })
	assert.Equal(t, "panic", attr(o.only(), "error.type"))
	assert.Equal(t, 1, o.statements())
	assert.Panics(t, func() { _, _ = o.PrepareContext(withParent(), selectSongs) })
	o.only() // what is prepared for later is no statement yet
}

func TestPanicThatEndsATransactionIsMeasured(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Hook: func(call string) error {
		if call == "tx.Commit" {
			panic(call)
		}
		return nil
	}})
	tx, err := o.BeginTx(withParent(), nil)
	require.NoError(t, err)
	assert.Panics(t, func() { _ = tx.Commit() })
	assert.Equal(t, []string{"BEGIN", "COMMIT"}, o.names())
	points := o.histogram("waymark.db.transaction.duration")
	require.Len(t, points, 1)
	assert.Equal(t, "failed", value(points[0].Attributes.ToSlice(), "waymark.db.transaction.outcome"))
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
