// SPDX-License-Identifier: Apache-2.0

package sqltrace_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/waymark-otel/waymark/sqltrace"
)

// mode is who records.
type mode struct {
	name string
	tp   trace.TracerProvider
	mp   metric.MeterProvider
}

func modes(tb testing.TB) []mode {
	never := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
	always := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.AlwaysSample()), sdktrace.WithSpanProcessor(discard{}))
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	tb.Cleanup(func() {
		_ = never.Shutdown(context.Background())
		_ = always.Shutdown(context.Background())
		_ = mp.Shutdown(context.Background())
	})
	off := metricnoop.NewMeterProvider()
	return []mode{
		{"no-op", tracenoop.NewTracerProvider(), off},
		{"never", never, off},
		{"always", always, off},
		{"always+metrics", always, mp},
	}
}

// discard is a processor that costs nothing.
type discard struct{}

func (discard) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (discard) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (discard) Shutdown(context.Context) error                  { return nil }
func (discard) ForceFlush(context.Context) error                { return nil }

func (m mode) options() []sqltrace.Option {
	return []sqltrace.Option{sqltrace.WithTracerProvider(m.tp), sqltrace.WithMeterProvider(m.mp)}
}

// withParent is a context with a valid span of somebody else.
func withParent() context.Context {
	return trace.ContextWithRemoteSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled, Remote: true,
	}))
}

// workload is one thing that programs do again and again.
type workload struct {
	name string
	skip bool // the driver declines its fast path
	prep func(testing.TB, context.Context, *sql.DB) func()
}

var workloads = []workload{
	{name: "query", prep: query},
	{name: "query prepared by ErrSkip", skip: true, prep: query},
	{name: "exec", prep: func(tb testing.TB, ctx context.Context, db *sql.DB) func() {
		return func() {
			if _, err := db.ExecContext(ctx, "UPDATE songs SET title = ?", 1); err != nil {
				tb.Fatal(err)
			}
		}
	}},
	{name: "prepared", prep: func(tb testing.TB, ctx context.Context, db *sql.DB) func() {
		stmt, err := db.PrepareContext(ctx, "SELECT n FROM songs WHERE id = ?")
		require.NoError(tb, err)
		var n int64
		return func() {
			if err := stmt.QueryRowContext(ctx, 1).Scan(&n); err != nil {
				tb.Fatal(err)
			}
		}
	}},
	{name: "transaction", prep: func(tb testing.TB, ctx context.Context, db *sql.DB) func() {
		return func() {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				tb.Fatal(err)
			}
			if _, err := tx.ExecContext(ctx, "UPDATE songs SET title = ?", 1); err != nil {
				tb.Fatal(err)
			}
			if err := tx.Commit(); err != nil {
				tb.Fatal(err)
			}
		}
	}},
}

func query(tb testing.TB, ctx context.Context, db *sql.DB) func() {
	var n int64
	return func() {
		if err := db.QueryRowContext(ctx, "SELECT n FROM songs WHERE id = ?", 1).Scan(&n); err != nil {
			tb.Fatal(err)
		}
	}
}

func TestAllocationsOverTheBareDriver(t *testing.T) {
	if sqltrace.Raced {
		t.Skip("the race detector allocates on its own")
	}
	want := map[string]map[string]float64{
		"query":                     {"no-op": 0, "never": 3, "always": 5, "always+metrics": 5},
		"query prepared by ErrSkip": {"no-op": 0, "never": 4, "always": 6, "always+metrics": 6},
		"exec":                      {"no-op": 0, "never": 3, "always": 5, "always+metrics": 5},
		"prepared":                  {"no-op": 0, "never": 3, "always": 5, "always+metrics": 5},
		"transaction":               {"no-op": 0, "never": 10, "always": 16, "always+metrics": 16},
	}
	ctx := withParent()
	for _, w := range workloads {
		bare := sql.OpenDB(lean{skip: w.skip})
		defer func() { require.NoError(t, bare.Close()) }()
		floor := testing.AllocsPerRun(500, w.prep(t, ctx, bare))
		for _, m := range modes(t) {
			t.Run(w.name+"/"+m.name, func(t *testing.T) {
				db := sqltrace.OpenDB(lean{skip: w.skip}, m.options()...)
				defer func() { require.NoError(t, db.Close()) }()
				got := testing.AllocsPerRun(500, w.prep(t, ctx, db))
				slack := 0.0
				if w.name == "transaction" {
					slack = 1 // database/sql starts a goroutine for each, which allocates now and then
				}
				assert.InDelta(t, want[w.name][m.name], got-floor, slack, "allocations over %v", floor)
			})
		}
	}
}

func BenchmarkStatement(b *testing.B) {
	ctx := withParent()
	for _, w := range workloads {
		run := func(name string, db *sql.DB) {
			b.Run(w.name+"/"+name, func(b *testing.B) {
				defer func() { _ = db.Close() }()
				do := w.prep(b, ctx, db)
				b.ReportAllocs()
				for b.Loop() {
					do()
				}
			})
		}
		run("bare", sql.OpenDB(lean{skip: w.skip}))
		for _, m := range modes(b) {
			run(m.name, sqltrace.OpenDB(lean{skip: w.skip}, m.options()...))
		}
	}
}
