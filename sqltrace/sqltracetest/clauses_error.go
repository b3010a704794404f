// SPDX-License-Identifier: Apache-2.0

package sqltracetest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
)

// calls are those of a driver that can fail.
var calls = []string{
	"connector.Connect", "conn.Prepare", "conn.Exec", "conn.Query", "conn.Begin", "conn.Ping",
	"conn.ResetSession", "conn.IsValid", "conn.Close", "stmt.Exec", "stmt.Query", "stmt.Close",
	"rows.Next", "rows.NextResultSet", "rows.Close", "tx.Commit", "tx.Rollback",
	"result.LastInsertId", "result.RowsAffected", "connector.Close",
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
				// Who panics in a transaction, or with rows open, leaves them
				// open: only the statements by themselves can be followed.
				if call == "tx.Commit" || call == "tx.Rollback" || call == "connector.Close" || call == "conn.Close" || call == "conn.IsValid" || call == "rows.Close" {
					s.note("left out")
					s.calls[call]++
					return
				}
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
			_, err = conn.PrepareContext(ctx, "PREPARED")
			s.note("prepare", err)
			_, err = conn.BeginTx(ctx, nil)
			s.note("begin", err)
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
