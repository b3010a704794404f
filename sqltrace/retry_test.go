// SPDX-License-Identifier: Apache-2.0

package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
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

// bad is a hook that finds the connections bad at the calls by those numbers.
func bad(call string, numbers ...int64) func(string) error {
	return failNth(call, driver.ErrBadConn, numbers...)
}

// retried are the calls that database/sql makes again, and what makes them.
var retried = map[string]func(context.Context, *sql.DB) error{
	"conn.Exec": func(ctx context.Context, db *sql.DB) error {
		_, err := db.ExecContext(ctx, selectSongs)
		return err
	},
	"conn.Query": func(ctx context.Context, db *sql.DB) error {
		rows, err := db.QueryContext(ctx, selectSongs)
		if err == nil {
			err = rows.Close()
		}
		return err
	},
	"stmt.Exec": func(ctx context.Context, db *sql.DB) error {
		stmt, err := db.PrepareContext(ctx, selectSongs)
		if err == nil {
			_, err = stmt.ExecContext(ctx)
		}
		return err
	},
	"stmt.Query": func(ctx context.Context, db *sql.DB) error {
		stmt, err := db.PrepareContext(ctx, selectSongs)
		if err != nil {
			return err
		}
		rows, err := stmt.QueryContext(ctx)
		if err == nil {
			err = rows.Close()
		}
		return err
	},
	"conn.Begin": func(ctx context.Context, db *sql.DB) error {
		_, err := db.BeginTx(ctx, nil)
		return err
	},
}

func TestRetryThatSucceedsIsNoError(t *testing.T) {
	for call, do := range retried {
		for name, numbers := range map[string][]int64{"2": {1}, "3": {1, 2}} {
			t.Run(call+" after "+name, func(t *testing.T) {
				o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: bad(call, numbers...)})
				require.NoError(t, do(withParent(), o.DB))
				s := o.only()
				assert.Equal(t, codes.Unset, s.Status().Code)
				assert.Empty(t, attr(s, "error.type"))
				assert.Equal(t, name, attr(s, "waymark.db.attempts"))
				assert.Equal(t, 1, o.statements())
			})
		}
	}
}

func TestRetriesThatFailAreOneFailure(t *testing.T) {
	for call, do := range retried {
		t.Run(call, func(t *testing.T) {
			o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: bad(call)})
			require.ErrorIs(t, do(withParent(), o.DB), driver.ErrBadConn)
			s := o.only()
			assert.Equal(t, codes.Error, s.Status().Code)
			assert.Equal(t, "driver.ErrBadConn", attr(s, "error.type"))
			assert.Equal(t, "3", attr(s, "waymark.db.attempts"))
			assert.Equal(t, 1, o.statements())
		})
	}
}

func TestAttemptThatNeverReachedTheDriverDoesNotHideTheFailure(t *testing.T) {
	// The first attempt ends in ResetSession, so the second that the driver
	// sees is the last one.
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: func(call string) error {
		switch call {
		case "conn.ResetSession", "conn.Query":
			return driver.ErrBadConn
		}
		return nil
	}})
	_, err := o.ExecContext(context.Background(), "INSERT INTO songs VALUES (?)", 1)
	require.NoError(t, err)
	_, err = o.QueryContext(withParent(), selectSongs) //nolint:sqlclosecheck,rowserrcheck // it fails
	require.ErrorIs(t, err, driver.ErrBadConn)
	require.Len(t, o.spans.Ended(), 2)
	assert.Equal(t, codes.Error, o.spans.Ended()[1].Status().Code)
	assert.Equal(t, "2", attr(o.spans.Ended()[1], "waymark.db.attempts"))
}

func TestBareDriverIsRetriedToo(t *testing.T) {
	for _, call := range []string{"conn.Prepare", "stmt.Query"} {
		t.Run(call, func(t *testing.T) {
			o := observe(t, &sqltracetest.Fake{Hook: bad(call, 1)})
			rows, err := o.QueryContext(withParent(), selectSongs)
			require.NoError(t, drain(t, rows, err))
			assert.Equal(t, codes.Unset, o.only().Status().Code)
			assert.Equal(t, "2", attr(o.only(), "waymark.db.attempts"))
		})
	}
}

func TestBadConnectionIsFinalWhereNothingIsRetried(t *testing.T) {
	for name, do := range map[string]func(context.Context, *sql.DB) error{
		"in a transaction": func(ctx context.Context, db *sql.DB) error {
			tx, err := db.BeginTx(context.Background(), nil)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, selectSongs)
			return errors.Join(err, tx.Rollback())
		},
		"on a connection of one's own": func(ctx context.Context, db *sql.DB) error {
			conn, err := db.Conn(context.Background())
			if err != nil {
				return err
			}
			_, err = conn.ExecContext(ctx, selectSongs)
			return err
		},
		"prepared on a connection of one's own": func(ctx context.Context, db *sql.DB) error {
			conn, err := db.Conn(context.Background())
			if err != nil {
				return err
			}
			stmt, err := conn.PrepareContext(context.Background(), selectSongs)
			if err != nil {
				return err
			}
			_, err = stmt.ExecContext(ctx)
			if !errors.Is(err, sql.ErrConnDone) {
				return err
			}
			return driver.ErrBadConn // of which database/sql does not tell
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: func(call string) error {
				if call == "conn.Exec" || call == "stmt.Exec" {
					return driver.ErrBadConn
				}
				return nil
			}})
			require.ErrorIs(t, do(withParent(), o.DB), driver.ErrBadConn)
			var failed int
			for _, s := range o.spans.Ended() {
				if s.Name() == "SELECT songs" {
					failed++
					assert.Equal(t, codes.Error, s.Status().Code)
				}
			}
			assert.Equal(t, 1, failed, "at once")
		})
	}
}

func TestStatementPreparedInATransactionIsTriedAgain(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: bad("stmt.Exec", 1)})
	tx, err := o.BeginTx(withParent(), nil)
	require.NoError(t, err)
	stmt, err := tx.PrepareContext(withParent(), selectSongs)
	require.NoError(t, err)
	_, err = stmt.ExecContext(withParent())
	require.NoError(t, err)
	require.NoError(t, tx.Commit())
	assert.Equal(t, []string{"BEGIN", "SELECT songs", "COMMIT"}, o.names())
	assert.Equal(t, "2", attr(o.spans.Ended()[1], "waymark.db.attempts"))
}

func TestRetryThatGetsNoConnectionIsAFailure(t *testing.T) {
	refused := errors.New("connection refused")
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: func(string) error { return nil }})
	exec, connect := bad("conn.Exec", 1), failNth("connector.Connect", refused, 2)
	o.fake.Hook = func(call string) error { return errors.Join(exec(call), connect(call)) }
	_, err := o.ExecContext(withParent(), selectSongs)
	require.ErrorIs(t, err, refused)
	s := o.only()
	assert.Equal(t, codes.Error, s.Status().Code)
	assert.NotEqual(t, "driver.ErrBadConn", attr(s, "error.type"), "what the caller was told")
}

func TestRetryThatIsGivenUpEnds(t *testing.T) {
	for name, giveUp := range map[string]func(context.CancelFunc, *sql.DB){
		"since the caller has gone":  func(cancel context.CancelFunc, _ *sql.DB) { cancel() },
		"since the pool is closed":   func(_ context.CancelFunc, db *sql.DB) { _ = db.Close() },
		"since nobody came for long": func(context.CancelFunc, *sql.DB) { time.Sleep(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				connects := 0
				o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: func(call string) error {
					switch call {
					case "conn.Exec":
						time.Sleep(time.Second)
						return driver.ErrBadConn
					case "connector.Connect":
						if connects++; connects > 1 {
							time.Sleep(3 * time.Hour)
							return errors.New("connection refused")
						}
					}
					return nil
				}})
				ctx, cancel := context.WithCancel(withParent())
				defer cancel()
				done := make(chan error, 1)
				go func() {
					_, err := o.ExecContext(ctx, selectSongs)
					done <- err
				}()
				time.Sleep(2 * time.Second)
				require.Empty(t, o.spans.Ended(), "it waits")
				giveUp(cancel, o.DB)
				synctest.Wait()
				s := o.only()
				assert.Equal(t, time.Second, s.EndTime().Sub(s.StartTime()), "until it failed")
				cancel()
				<-done
				_ = o.Close()
			})
		})
	}
}

func TestRetriesOfManyDoNotMixUp(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: func(call string) error { return nil }}, sqltrace.WithRows())
	half := failEvery(2, "conn.Query", driver.ErrBadConn)
	o.fake.Hook = half
	const goroutines, each = 8, 50
	errs := make(chan error, goroutines)
	for range goroutines {
		go func() {
			for range each {
				ctx, root := o.root()
				rows, err := o.QueryContext(ctx, selectSongs)
				if err == nil {
					err = rows.Close()
				}
				root.End()
				if err != nil && !errors.Is(err, driver.ErrBadConn) {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range goroutines {
		require.NoError(t, <-errs)
	}
	require.NoError(t, o.Close())
	children := map[string]int{}
	for _, s := range o.spans.Ended() {
		if s.Name() == "SELECT songs" {
			children[s.Parent().SpanID().String()]++
		}
	}
	assert.Len(t, children, goroutines*each)
	for parent, n := range children {
		assert.Equal(t, 1, n, "spans of the statement below %s", parent)
	}
}
