// SPDX-License-Identifier: Apache-2.0

package benchmarks

// A statement over database/sql, observed by nobody, by the other wrappers of
// drivers and by sqltrace. From internal/benchmarks:
//
//	go test -run '^$' -bench 'SQL' -benchtime 0.3s -count 3 .
//
// The driver is a fake that costs next to nothing, the pool has a connection,
// and the caller has a valid span of somebody else. Each peer is as it comes
// but for the providers; sqlmw, which records nothing by itself, has an
// interceptor that starts and ends a span. The modes are who records: a no-op
// provider, the SDK with a sampler that never and one that always says yes, and
// the latter with the SDK's metrics.

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"testing"

	"github.com/XSAM/otelsql"
	"github.com/ngrok/sqlmw"
	uptrace "github.com/uptrace/opentelemetry-go-extra/otelsql"
	nhat "go.nhat.io/otelsql"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/waymark-otel/waymark/sqltrace"
)

// sqlPeers open a pool over the same driver.
var sqlPeers = []struct {
	name string
	open func(b *testing.B, d sqlDriver, tp trace.TracerProvider, mp metric.MeterProvider) *sql.DB
}{
	{"bare", func(_ *testing.B, d sqlDriver, _ trace.TracerProvider, _ metric.MeterProvider) *sql.DB {
		return sql.OpenDB(d)
	}},
	{"waymark", func(_ *testing.B, d sqlDriver, tp trace.TracerProvider, mp metric.MeterProvider) *sql.DB {
		return sqltrace.OpenDB(d, sqltrace.WithTracerProvider(tp), sqltrace.WithMeterProvider(mp))
	}},
	{"waymark-rows", func(_ *testing.B, d sqlDriver, tp trace.TracerProvider, mp metric.MeterProvider) *sql.DB {
		return sqltrace.OpenDB(d, sqltrace.WithTracerProvider(tp), sqltrace.WithMeterProvider(mp), sqltrace.WithRows())
	}},
	{"XSAM", func(_ *testing.B, d sqlDriver, tp trace.TracerProvider, mp metric.MeterProvider) *sql.DB {
		return otelsql.OpenDB(d, otelsql.WithTracerProvider(tp), otelsql.WithMeterProvider(mp))
	}},
	{"nhatthm", func(_ *testing.B, d sqlDriver, tp trace.TracerProvider, mp metric.MeterProvider) *sql.DB {
		return openDriver(nhat.Wrap(d, nhat.WithTracerProvider(tp), nhat.WithMeterProvider(mp), nhat.TraceQueryWithoutArgs()))
	}},
	{"uptrace", func(b *testing.B, d sqlDriver, tp trace.TracerProvider, mp metric.MeterProvider) *sql.DB {
		return uptrace.OpenDB(d, uptrace.WithTracerProvider(tp), uptrace.WithMeterProvider(mp))
	}},
	{"sqlmw", func(_ *testing.B, d sqlDriver, tp trace.TracerProvider, _ metric.MeterProvider) *sql.DB {
		return openDriver(sqlmw.Driver(d, spanning{tracer: tp.Tracer("sqlmw")}))
	}},
}

var sqlWorkloads = []struct {
	name string
	skip bool
	prep func(b *testing.B, ctx context.Context, db *sql.DB) func() error
}{
	{name: "Query", prep: sqlQuery},
	{name: "QueryErrSkip", skip: true, prep: sqlQuery},
	{name: "Exec", prep: func(_ *testing.B, ctx context.Context, db *sql.DB) func() error {
		return func() error {
			_, err := db.ExecContext(ctx, "UPDATE songs SET title = ?", 1)
			return err
		}
	}},
	{name: "Prepared", prep: func(b *testing.B, ctx context.Context, db *sql.DB) func() error {
		stmt, err := db.PrepareContext(ctx, "SELECT n FROM songs WHERE id = ?")
		if err != nil {
			b.Fatal(err)
		}
		var n int64
		return func() error { return stmt.QueryRowContext(ctx, 1).Scan(&n) }
	}},
	{name: "Transaction", prep: func(_ *testing.B, ctx context.Context, db *sql.DB) func() error {
		return func() error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE songs SET title = ?", 1); err != nil {
				return err
			}
			return tx.Commit()
		}
	}},
}

func sqlQuery(_ *testing.B, ctx context.Context, db *sql.DB) func() error {
	var n int64
	return func() error { return db.QueryRowContext(ctx, "SELECT n FROM songs WHERE id = ?", 1).Scan(&n) }
}

func BenchmarkSQL(b *testing.B) {
	off := metricnoop.NewMeterProvider()
	// What a peer's options do not reach must not be somebody else's, either.
	otel.SetTracerProvider(tracenoop.NewTracerProvider())
	otel.SetMeterProvider(off)
	always := tracerProvider(b, sdktrace.AlwaysSample())
	modes := []setting{
		{"no-op", tracenoop.NewTracerProvider(), off},
		{"never", tracerProvider(b, sdktrace.NeverSample()), off},
		{"always", always, off},
		{"always+metrics", always, meterProvider(b)},
	}
	ctx := trace.ContextWithRemoteSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled, Remote: true,
	}))
	for _, w := range sqlWorkloads {
		for _, m := range modes {
			for _, p := range sqlPeers {
				b.Run(w.name+"/"+m.name+"/"+p.name, func(b *testing.B) {
					db := p.open(b, sqlDriver{skip: w.skip}, m.tp, m.mp)
					defer func() { _ = db.Close() }()
					do := w.prep(b, ctx, db)
					b.ReportAllocs()
					for b.Loop() {
						if err := do(); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}

// spanning is the least that an interceptor does.
type spanning struct {
	sqlmw.NullInterceptor
	tracer trace.Tracer
}

func (s spanning) ConnQueryContext(ctx context.Context, c driver.QueryerContext, query string, args []driver.NamedValue) (context.Context, driver.Rows, error) {
	ctx, span := s.tracer.Start(ctx, "query")
	defer span.End()
	rows, err := c.QueryContext(ctx, query, args)
	return ctx, rows, err
}

func (s spanning) ConnExecContext(ctx context.Context, c driver.ExecerContext, query string, args []driver.NamedValue) (driver.Result, error) {
	ctx, span := s.tracer.Start(ctx, "exec")
	defer span.End()
	return c.ExecContext(ctx, query, args)
}

func (s spanning) StmtQueryContext(ctx context.Context, c driver.StmtQueryContext, _ string, args []driver.NamedValue) (context.Context, driver.Rows, error) {
	ctx, span := s.tracer.Start(ctx, "query")
	defer span.End()
	rows, err := c.QueryContext(ctx, args)
	return ctx, rows, err
}

func (s spanning) ConnBeginTx(ctx context.Context, c driver.ConnBeginTx, opts driver.TxOptions) (context.Context, driver.Tx, error) {
	spanCtx, span := s.tracer.Start(ctx, "begin")
	defer span.End()
	tx, err := c.BeginTx(spanCtx, opts)
	return ctx, tx, err
}

func (s spanning) TxCommit(ctx context.Context, tx driver.Tx) error {
	_, span := s.tracer.Start(ctx, "commit")
	defer span.End()
	return tx.Commit()
}

// openDriver opens a pool over a driver that makes no connectors.
func openDriver(d driver.Driver) *sql.DB { return sql.OpenDB(oneDriver{d}) }

type oneDriver struct{ d driver.Driver }

func (c oneDriver) Connect(context.Context) (driver.Conn, error) { return c.d.Open("") }
func (c oneDriver) Driver() driver.Driver                        { return c.d }

// sqlDriver costs next to nothing: one row of one number.
type sqlDriver struct{ skip bool }

func (d sqlDriver) Open(string) (driver.Conn, error)             { return &sqlConn{skip: d.skip}, nil }
func (d sqlDriver) Connect(context.Context) (driver.Conn, error) { return d.Open("") }
func (d sqlDriver) Driver() driver.Driver                        { return d }

type sqlConn struct {
	skip bool
	rows sqlRows
	stmt sqlStmt
}

func (c *sqlConn) PrepareContext(context.Context, string) (driver.Stmt, error) {
	c.stmt.c = c
	return &c.stmt, nil
}

func (c *sqlConn) Prepare(q string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), q)
}
func (*sqlConn) Close() error                                                 { return nil }
func (*sqlConn) Begin() (driver.Tx, error)                                    { return sqlTx{}, nil }
func (*sqlConn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) { return sqlTx{}, nil }
func (*sqlConn) ResetSession(context.Context) error                           { return nil }
func (*sqlConn) IsValid() bool                                                { return true }
func (*sqlConn) Ping(context.Context) error                                   { return nil }
func (*sqlConn) CheckNamedValue(*driver.NamedValue) error                     { return driver.ErrSkip }

func (c *sqlConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	if c.skip {
		return nil, driver.ErrSkip
	}
	return driver.RowsAffected(1), nil
}

func (c *sqlConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	if c.skip {
		return nil, driver.ErrSkip
	}
	c.rows.done = false
	return &c.rows, nil
}

type sqlStmt struct{ c *sqlConn }

func (*sqlStmt) Close() error                               { return nil }
func (*sqlStmt) NumInput() int                              { return -1 }
func (*sqlStmt) Exec([]driver.Value) (driver.Result, error) { return driver.RowsAffected(1), nil }
func (s *sqlStmt) Query([]driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), nil)
}

func (*sqlStmt) ExecContext(context.Context, []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), nil
}

func (s *sqlStmt) QueryContext(context.Context, []driver.NamedValue) (driver.Rows, error) {
	s.c.rows.done = false
	return &s.c.rows, nil
}

type sqlTx struct{}

func (sqlTx) Commit() error   { return nil }
func (sqlTx) Rollback() error { return nil }

var sqlColumns = []string{"n"}

type sqlRows struct{ done bool }

func (*sqlRows) Columns() []string { return sqlColumns }
func (*sqlRows) Close() error      { return nil }
func (r *sqlRows) Next(dest []driver.Value) error {
	if r.done {
		return io.EOF
	}
	r.done = true
	dest[0] = int64(1)
	return nil
}
