// SPDX-License-Identifier: Apache-2.0

package sqltracetest

import (
	"context"
	"database/sql/driver"
	"errors"
	"testing/synctest"

	"github.com/waymark-otel/waymark/sqltrace"
)

// connectionClauses are about which connections are kept.
func connectionClauses() []clause {
	return []clause{
		{
			name: "a transaction that is canceled keeps or loses its connection",
			run: func(s *session) {
				ctx, cancel := context.WithCancel(s.ctx)
				tx, err := s.db.BeginTx(ctx, nil)
				s.note("begin", err)
				_, err = tx.ExecContext(s.ctx, "INSERT")
				s.note("exec", err)
				cancel()
				synctest.Wait()
				s.note("open", s.db.Stats().OpenConnections)
				s.note("commit", tx.Commit())
				_, err = s.db.ExecContext(s.ctx, "INSERT")
				s.note("exec", err)
			},
		},
		{
			name:  "a connection that is not valid is closed",
			setup: func(s *session) { s.failing("conn.IsValid", 0, errFake) },
			run: func(s *session) {
				for range 2 {
					_, err := s.db.ExecContext(s.ctx, "INSERT")
					s.note("exec", err, s.db.Stats().OpenConnections)
				}
			},
		},
		{
			name: "a Prepare that is canceled closes the statement",
			run: func(s *session) {
				ctx := s.canceling("conn.Prepare")
				stmt, err := s.db.PrepareContext(ctx, "PREPARED")
				s.note("prepare", stmt != nil, err)
			},
		},
		{
			name: "a Begin that is canceled rolls back",
			run: func(s *session) {
				ctx := s.canceling("conn.Begin")
				tx, err := s.db.BeginTx(ctx, nil)
				s.note("begin", tx != nil, err)
				synctest.Wait()
			},
		},
		{
			name: "rows whose context is canceled are closed",
			run: func(s *session) {
				ctx, cancel := context.WithCancel(s.ctx)
				rows, err := s.db.QueryContext(ctx, "SELECT")
				s.note("query", err)
				s.note("next", rows.Next())
				cancel()
				synctest.Wait()
				s.note("next", rows.Next(), rows.Err(), rows.Close())
			},
		},
		{
			name: "rows that are not read are closed",
			run: func(s *session) {
				rows, err := s.db.QueryContext(s.ctx, "SELECT")
				s.note("query", err)
				s.note("close", rows.Close(), rows.Err())
			},
		},
		{
			name: "the driver's own connection can be reached",
			run: func(s *session) {
				conn, err := s.db.Conn(s.ctx)
				s.note("conn", err)
				s.note("raw", conn.Raw(func(c any) error {
					return sqltrace.Unwrap(c).(interface{ Close() error }).Close()
				}))
				s.note("bad", conn.Raw(func(any) error { return driver.ErrBadConn }))
				s.note("close", conn.Close())
			},
		},
		{
			name: "a panic in Raw loses the connection",
			run: func(s *session) {
				conn, err := s.db.Conn(s.ctx)
				s.note("conn", err)
				s.catch("raw", func() { _ = conn.Raw(func(any) error { panic(errors.New("mine")) }) })
				s.note("open", s.db.Stats().OpenConnections)
			},
		},
		{
			name: "prepared statements are closed with their connection",
			run: func(s *session) {
				s.db.SetMaxOpenConns(1)
				stmt, err := s.db.PrepareContext(s.ctx, "PREPARED")
				s.note("prepare", err)
				conn, err := s.db.Conn(s.ctx)
				s.note("conn", err)
				s.note("bad", conn.Raw(func(any) error { return driver.ErrBadConn }))
				_, err = stmt.ExecContext(s.ctx)
				s.note("exec", err)
				s.note("close", stmt.Close())
			},
		},
	}
}
