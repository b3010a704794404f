// SPDX-License-Identifier: Apache-2.0

package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/waymark-otel/waymark/sqltrace"
	"github.com/waymark-otel/waymark/sqltrace/sqltracetest"
)

// TestStormOfCancellations has many goroutines run all kinds of statements on
// a driver that fails at random, and cancel them at random. Whatever comes of
// it, every span that was started ends, and every one is measured.
func TestStormOfCancellations(t *testing.T) {
	for name, opts := range map[string][]sqltrace.Option{
		"default": nil,
		"watched": {sqltrace.WithRows(), sqltrace.WithPing(), sqltrace.WithPrepare()},
	} {
		for _, shape := range sqltracetest.Shapes() {
			t.Run(name+" "+string(shape), func(t *testing.T) {
				fake := &sqltracetest.Fake{Shape: shape, Hook: func(string) error {
					switch rand.IntN(20) {
					case 0:
						return driver.ErrBadConn
					case 1:
						return driver.ErrSkip
					case 2:
						return errors.New("no")
					}
					return nil
				}}
				o := observe(t, fake, opts...)
				o.SetMaxOpenConns(4)
				var wg sync.WaitGroup
				for range 8 {
					wg.Go(func() {
						for range 100 {
							ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rand.IntN(300))*time.Microsecond)
							something(ctx, o.DB)
							cancel()
						}
					})
				}
				wg.Wait()
				_ = o.Close()
				// Transactions are rolled back by database/sql's own goroutines.
				assert.Eventually(t, func() bool { return o.Stats().OpenConnections == 0 }, waitFor, tick)
				assert.Eventually(t, func() bool { return len(o.spans.Ended()) == len(o.spans.Started()) }, waitFor, tick)
				assert.NotEmpty(t, o.spans.Started())
				assert.Equal(t, len(o.spans.Started()), o.statements())
			})
		}
	}
}

// something runs one of the things that programs do, and leaves it half done
// now and then.
func something(ctx context.Context, db *sql.DB) {
	switch rand.IntN(6) {
	case 0:
		_, _ = db.ExecContext(ctx, selectSongs)
	case 1:
		rows, err := db.QueryContext(ctx, selectSongs)
		if err == nil {
			for rows.Next() { //nolint:revive // until the end
			}
			_ = rows.Close()
		}
	case 2:
		stmt, err := db.PrepareContext(ctx, selectSongs)
		if err == nil {
			_, _ = stmt.ExecContext(ctx)
			_ = stmt.Close()
		}
	case 3:
		tx, err := db.BeginTx(ctx, nil)
		if err == nil {
			_, _ = tx.ExecContext(ctx, selectSongs)
			_ = tx.Commit()
		}
	case 4:
		tx, err := db.BeginTx(ctx, nil)
		if err == nil {
			var wg sync.WaitGroup
			for range 2 {
				wg.Go(func() { _, _ = tx.ExecContext(ctx, selectSongs) })
			}
			wg.Wait()
			<-ctx.Done() // rolled back by its context
		}
	default:
		conn, err := db.Conn(ctx)
		if err == nil {
			_, _ = conn.ExecContext(ctx, selectSongs)
			_ = conn.PingContext(ctx)
			_ = conn.Close()
		}
	}
}
