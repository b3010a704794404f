// SPDX-License-Identifier: Apache-2.0

package sqltracetest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
)

func clauses() []clause {
	all := []clause{
		{name: "statements make the same calls", run: func(s *session) { s.all(s.ctx) }},
		{name: "statements with arguments make the same calls", run: func(s *session) { s.all(s.ctx, 1, "two", nil) }},
		{name: "statements without a context make the same calls", run: func(s *session) { s.all(context.Background(), 1) }},
		{
			name: "the caller's context reaches the driver",
			run: func(s *session) {
				ctx, cancel := s.later()
				defer cancel()
				s.all(context.WithValue(ctx, markKey{}, "mine"), 1)
			},
		},
		{
			name: "named arguments are refused by who cannot take them",
			run:  func(s *session) { s.all(s.ctx, sql.Named("id", 1)) },
		},
		{
			name: "named arguments are refused before a canceled context",
			run: func(s *session) {
				conn, err := s.db.Conn(s.ctx)
				s.note("conn", err)
				ctx, cancel := context.WithCancel(s.ctx)
				cancel()
				_, err = conn.ExecContext(ctx, "INSERT", sql.Named("id", 1))
				s.note("exec", err)
				_, err = conn.QueryContext(ctx, "SELECT", sql.Named("id", 1))
				s.note("query", err)
				s.note("close", conn.Close())
			},
		},
		{
			name:  "results of nothing pass",
			setup: func(s *session) { s.fake.Result = func() driver.Result { return nil } },
			run: func(s *session) {
				res, err := s.db.ExecContext(s.ctx, "INSERT")
				s.note("exec", res != nil, err)
				s.catch("affected", func() { _, _ = res.RowsAffected() })
			},
		},
		{
			name: "a result is not asked behind the program's back",
			run: func(s *session) {
				_, err := s.db.ExecContext(s.ctx, "INSERT")
				s.note("exec", err)
			},
		},
		{
			name:  "rows that are a nil pointer pass",
			setup: func(s *session) { s.fake.Rows = func() driver.Rows { return (*nilRows)(nil) } },
			run: func(s *session) {
				rows, err := s.db.QueryContext(s.ctx, "SELECT")
				s.query("query", rows, err)
			},
		},
		{
			name: "columns keep their types",
			run: func(s *session) {
				rows, err := s.db.QueryContext(s.ctx, "SELECT")
				s.note("query", err)
				types, err := rows.ColumnTypes()
				s.note("types", err)
				for _, t := range types {
					length, hasLength := t.Length()
					nullable, hasNullable := t.Nullable()
					precision, scale, hasScale := t.DecimalSize()
					s.note("type", t.Name(), t.ScanType(), t.DatabaseTypeName(),
						length, hasLength, nullable, hasNullable, precision, scale, hasScale)
				}
				s.query("rest", rows, nil)
			},
		},
		{
			name: "the driver is the driver",
			run: func(s *session) {
				d := s.db.Driver()
				s.note("driver", fmt.Sprintf("%T", d))
				dc, ok := d.(driver.DriverContext)
				s.note("connectors", ok)
				if !ok {
					return
				}
				c, err := dc.OpenConnector("elsewhere")
				s.note("connector", err)
				conn, err := c.Connect(s.ctx)
				s.note("connect", err)
				s.note("close", conn.Close())
			},
		},
		{
			name: "Ping asks who can be asked",
			run: func(s *session) {
				s.note("ping", s.db.PingContext(s.ctx))
				conn, err := s.db.Conn(s.ctx)
				s.note("conn", err)
				s.note("conn ping", conn.PingContext(s.ctx), conn.Close())
			},
		},
		{
			name: "a connection of one's own makes the same calls",
			run: func(s *session) {
				conn, err := s.db.Conn(s.ctx)
				s.note("conn", err)
				res, err := conn.ExecContext(s.ctx, "INSERT", 1)
				s.result("exec", res, err)
				rows, err := conn.QueryContext(s.ctx, "SELECT", 1)
				s.query("query", rows, err)
				s.prepared(s.ctx, conn.PrepareContext, 1)
				s.note("close", conn.Close())
			},
		},
		{
			name: "a statement is prepared again where it is not known",
			run: func(s *session) {
				stmt, err := s.db.PrepareContext(s.ctx, "PREPARED")
				s.note("prepare", err)
				tx, err := s.db.BeginTx(s.ctx, nil)
				s.note("begin", err)
				res, err := stmt.ExecContext(s.ctx)
				s.result("other connection", res, err)
				res, err = tx.StmtContext(s.ctx, stmt).ExecContext(s.ctx)
				s.result("in the transaction", res, err)
				s.note("rollback", tx.Rollback())
				s.note("close", stmt.Close())
			},
		},
	}
	all = append(all, argumentClauses()...)
	all = append(all, errorClauses()...)
	all = append(all, retryClauses()...)
	return append(all, connectionClauses()...)
}

// nilRows are rows that can be used as a nil pointer.
type nilRows struct{ _ int }

func (*nilRows) Columns() []string         { return nil }
func (*nilRows) Close() error              { return nil }
func (*nilRows) Next([]driver.Value) error { return io.EOF }
