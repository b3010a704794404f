// SPDX-License-Identifier: Apache-2.0

package sqltracetest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"slices"
	"testing/synctest"
)

// calls are those of a driver that can fail.
var calls = []string{
	"connector.Connect", "conn.Prepare", "conn.Exec", "conn.Query", "conn.Begin", "conn.Ping",
	"conn.ResetSession", "conn.IsValid", "conn.Close", "stmt.Exec", "stmt.Query", "stmt.Close",
	"rows.Next", "rows.NextResultSet", "rows.Close", "tx.Commit", "tx.Rollback",
	"result.LastInsertId", "result.RowsAffected", "connector.Close",
}

// panicking are the calls after whose panic database/sql lets go of all it
// holds: after any other a transaction, rows or the pool itself stay locked.
var panicking = []string{
	"connector.Connect", "conn.Prepare", "conn.Exec", "conn.Query", "conn.Ping",
	"conn.ResetSession", "stmt.Exec", "result.LastInsertId", "result.RowsAffected",
}

// errorClauses are about errors: each call fails with each sentinel.
func errorClauses() []clause {
	var all []clause
	for _, call := range calls {
		for name, err := range map[string]error{
			"an error": errFake, "ErrSkip": driver.ErrSkip, "ErrBadConn": driver.ErrBadConn,
			"ErrRemoveArgument": driver.ErrRemoveArgument, "io.EOF": io.EOF, "a wrapped ErrBadConn": wrapped{driver.ErrBadConn},
		} {
			all = append(all, clause{
				name:  call + " fails once with " + name,
				setup: func(s *session) { s.failing(call, 1, err) },
				run: func(s *session) {
					s.note("ping", s.db.PingContext(s.ctx))
					s.all(s.ctx, 1)
					s.rollback()
				},
			})
		}
		if !slices.Contains(panicking, call) {
			continue
		}
		all = append(all, clause{
			name: call + " panics",
			setup: func(s *session) {
				s.hook(call, func(count int) error {
					if count == 1 {
						panic("fake panic")
					}
					return nil
				})
			},
			run: func(s *session) {
				s.catch("ping", func() { s.note("ping", s.db.PingContext(s.ctx)) })
				s.catch("exec", func() {
					res, err := s.db.ExecContext(s.ctx, "INSERT", 1)
					s.result("exec", res, err)
				})
			},
		})
	}
	return append(all, clause{
		name: "ErrSkip from a fast path prepares",
		setup: func(s *session) {
			s.failing("conn.Exec", 0, driver.ErrSkip)
			s.failing("conn.Query", 0, driver.ErrSkip)
		},
		run: func(s *session) { s.all(s.ctx, 1) },
	}, clause{
		name: "ErrSkip from a fast path, and then a failure to prepare",
		setup: func(s *session) {
			s.failing("conn.Exec", 0, driver.ErrSkip)
			s.failing("conn.Query", 0, driver.ErrSkip)
			s.failing("conn.Prepare", 0, errFake)
		},
		run: func(s *session) { s.all(s.ctx, 1) },
	}, clause{
		name: "a canceled context runs nothing",
		run: func(s *session) {
			ctx, cancel := context.WithCancel(s.ctx)
			conn, err := s.db.Conn(ctx)
			s.note("conn", err)
			cancel()
			_, err = conn.ExecContext(ctx, "INSERT")
			s.note("exec", err)
			_, err = conn.QueryContext(ctx, "SELECT")
			s.note("query", err)
			synctest.Wait() // the rows are closed by the context
			_, err = conn.PrepareContext(ctx, "PREPARED")
			s.note("prepare", err)
			_, err = conn.BeginTx(ctx, nil)
			s.note("begin", err)
			synctest.Wait() // the transaction is rolled back by the context
			s.note("close", conn.Close())
		},
	}, clause{
		name: "options a driver lacks are refused",
		run: func(s *session) {
			for _, opts := range []*sql.TxOptions{{ReadOnly: true}, {Isolation: sql.LevelSerializable}, {Isolation: sql.LevelSerializable, ReadOnly: true}, {}} {
				tx, err := s.db.BeginTx(s.ctx, opts)
				s.note("begin", err)
				if err == nil {
					s.note("rollback", tx.Rollback())
				}
			}
		},
	})
}

func (s *session) rollback() {
	tx, err := s.db.BeginTx(s.ctx, nil)
	s.note("begin", err)
	if err == nil {
		s.note("rollback", tx.Rollback())
	}
}

// wrapped is an error around another.
type wrapped struct{ error }

func (w wrapped) Unwrap() error { return w.error }
