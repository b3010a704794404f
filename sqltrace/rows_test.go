// SPDX-License-Identifier: Apache-2.0

package sqltrace_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"

	"github.com/waymark-otel/waymark/sqltrace"
	"github.com/waymark-otel/waymark/sqltrace/sqltracetest"
)

func TestErrorOfIterationFailsTheSpanWhenRowsAreWatched(t *testing.T) {
	lost := &pgError{"57P01", "terminating connection"}
	for call, want := range map[string]string{"rows.Next": "57P01", "rows.NextResultSet": "57P01", "rows.Close": "57P01"} {
		for _, shape := range []sqltracetest.Shape{sqltracetest.Bare, sqltracetest.Full} {
			if call == "rows.NextResultSet" && shape == sqltracetest.Bare {
				continue
			}
			t.Run(call+" "+string(shape), func(t *testing.T) {
				o := observe(t, &sqltracetest.Fake{Shape: shape, Hook: failNth(call, lost, 1)}, sqltrace.WithRows())
				rows, err := o.QueryContext(withParent(), selectSongs)
				require.NoError(t, err)
				for rows.Next() { //nolint:revive // until the end
				}
				for rows.NextResultSet() {
				}
				_ = rows.Close()
				require.Equal(t, lost, rows.Err())
				s := o.only()
				assert.Equal(t, codes.Error, s.Status().Code)
				assert.Equal(t, want, attr(s, "error.type"))
				points := o.histogram(duration)
				require.Len(t, points, 1)
				assert.Equal(t, want, value(points[0].Attributes.ToSlice(), "error.type"))
			})
		}
	}
}

func TestErrorOfIterationIsNotSeenWhenRowsAreNotWatched(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Hook: failNth("rows.Next", errors.New("lost"))})
	rows, err := o.QueryContext(withParent(), selectSongs)
	require.NoError(t, err)
	assert.Equal(t, codes.Unset, o.only().Status().Code, "the span has ended")
	require.NoError(t, rows.Close())
}

func TestRowsAreCountedWhenWatched(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full}, sqltrace.WithRows())
	rows, err := o.QueryContext(withParent(), selectSongs)
	require.NoError(t, err)
	require.True(t, rows.Next())
	require.True(t, rows.Next())
	require.False(t, rows.Next())
	require.True(t, rows.NextResultSet())
	require.True(t, rows.Next())
	assert.Empty(t, o.names(), "not before they are closed")
	require.NoError(t, rows.Close())
	assert.Equal(t, "3", attr(o.only(), "db.response.returned_rows"))
}

func TestSlowReaderDoesNotStretchTheSpan(t *testing.T) {
	for name, opts := range map[string][]sqltrace.Option{"not watched": nil, "watched": {sqltrace.WithRows()}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: func(call string) error {
					if call == "conn.Query" {
						time.Sleep(time.Second)
					}
					return nil
				}}, opts...)
				rows, err := o.QueryContext(withParent(), selectSongs)
				require.NoError(t, err)
				for rows.Next() {
					time.Sleep(time.Hour)
				}
				require.NoError(t, rows.Close())
				assert.Equal(t, time.Second, o.only().EndTime().Sub(o.only().StartTime()))
				assert.InDelta(t, 1, o.histogram(duration)[0].Sum, 1e-9)
				require.NoError(t, o.Close())
			})
		})
	}
}

func TestRowsThatAreAbandonedEndWithTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full}, sqltrace.WithRows())
		ctx, cancel := context.WithCancel(withParent())
		_, err := o.QueryContext(ctx, selectSongs) //nolint:sqlclosecheck,rowserrcheck // the point
		require.NoError(t, err)
		cancel()
		synctest.Wait()
		o.only()
		require.NoError(t, o.Close())
	})
}

func TestDeadlineThatClosesRowsFailsTheSpanWhenTheyAreWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full}, sqltrace.WithRows())
		ctx, cancel := context.WithTimeout(withParent(), time.Second)
		defer cancel()
		rows, err := o.QueryContext(ctx, selectSongs)
		require.NoError(t, err)
		require.True(t, rows.Next())
		time.Sleep(time.Minute)
		synctest.Wait()
		require.False(t, rows.Next())
		require.Equal(t, context.DeadlineExceeded, rows.Err())
		assert.Equal(t, codes.Error, o.only().Status().Code)
		assert.Equal(t, "context.DeadlineExceeded", attr(o.only(), "error.type"))
		require.NoError(t, o.Close())
	})
}

func TestRowsThatTheProgramClosesLateAreNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full}, sqltrace.WithRows())
		tx, err := o.BeginTx(withParent(), nil)
		require.NoError(t, err)
		rows, err := tx.QueryContext(withParent(), selectSongs)
		require.NoError(t, err)
		require.NoError(t, rows.Close())
		require.NoError(t, tx.Rollback())
		for _, s := range o.spans.Ended() {
			assert.Equal(t, codes.Unset, s.Status().Code, s.Name())
		}
		require.NoError(t, o.Close())
	})
}

func TestPanicOfWatchedRowsFailsTheSpan(t *testing.T) {
	for _, call := range []string{"rows.Next", "rows.NextResultSet", "rows.Close"} {
		t.Run(call, func(t *testing.T) {
			o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: func(name string) error {
				if name == call {
					panic(call)
				}
				return nil
			}}, sqltrace.WithRows())
			rows, err := o.QueryContext(withParent(), selectSongs)
			require.NoError(t, err)
			assert.PanicsWithValue(t, call, func() {
				defer rows.Close()
				for rows.Next() { //nolint:revive // until the end
				}
				rows.NextResultSet()
			})
			assert.Equal(t, "panic", attr(o.only(), "error.type"))
			assert.Equal(t, 1, o.statements())
		})
	}
}

// touchy is an error that cannot be asked what it is.
type touchy struct{ code *int }

func (touchy) Error() string   { return "touchy" }
func (e touchy) Is(error) bool { return *e.code == 1 }

func TestErrorThatPanicsIsAFailureLikeAnyOther(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Hook: failNth("rows.Next", touchy{}, 1)}, sqltrace.WithRows())
	require.Equal(t, touchy{}, func() error {
		rows, err := o.QueryContext(withParent(), selectSongs)
		return drain(t, rows, err)
	}())
	assert.Equal(t, "sqltrace_test.touchy", attr(o.only(), "error.type"))
}

func BenchmarkRow(b *testing.B) {
	for name, opts := range map[string][]sqltrace.Option{"not watched": nil, "watched": {sqltrace.WithRows()}} {
		b.Run(name, func(b *testing.B) {
			o := recording(b)
			db := sqltrace.OpenDB(lean{endless: true}, o.options(opts...)...)
			defer db.Close()
			rows, err := db.QueryContext(withParent(), selectSongs)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				rows.Next()
			}
			require.NoError(b, rows.Close())
		})
	}
}
