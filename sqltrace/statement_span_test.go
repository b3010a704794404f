// SPDX-License-Identifier: Apache-2.0

package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/sqltrace"
	"github.com/waymark-otel/waymark/sqltrace/sqltracetest"
)

const selectSongs = "SELECT * FROM songs WHERE id = ?"

// skipping is a hook of a driver that declines its fast path.
func skipping(call string) error {
	if call == "conn.Query" || call == "conn.Exec" {
		return driver.ErrSkip
	}
	return nil
}

func TestOneStatementIsOneSpanAndOnePoint(t *testing.T) {
	ways := map[string]func(*testing.T, context.Context, *sql.DB){
		"query": func(t *testing.T, ctx context.Context, db *sql.DB) {
			rows, err := db.QueryContext(ctx, selectSongs, 1)
			require.NoError(t, drain(t, rows, err))
		},
		"query of a row": func(t *testing.T, ctx context.Context, db *sql.DB) {
			var id, name any
			require.NoError(t, db.QueryRowContext(ctx, selectSongs, 1).Scan(&id, &name))
		},
		"exec": func(t *testing.T, ctx context.Context, db *sql.DB) {
			_, err := db.ExecContext(ctx, selectSongs, 1)
			require.NoError(t, err)
		},
		"prepared query": func(t *testing.T, ctx context.Context, db *sql.DB) {
			stmt, err := db.PrepareContext(ctx, selectSongs)
			require.NoError(t, err)
			rows, err := stmt.QueryContext(ctx, 1)
			require.NoError(t, drain(t, rows, err))
			require.NoError(t, stmt.Close())
		},
		"prepared exec": func(t *testing.T, ctx context.Context, db *sql.DB) {
			stmt, err := db.PrepareContext(ctx, selectSongs)
			require.NoError(t, err)
			_, err = stmt.ExecContext(ctx, 1)
			require.NoError(t, err)
			require.NoError(t, stmt.Close())
		},
		"on a connection of one's own": func(t *testing.T, ctx context.Context, db *sql.DB) {
			conn, err := db.Conn(ctx)
			require.NoError(t, err)
			require.NoError(t, conn.PingContext(ctx))
			_, err = conn.ExecContext(ctx, selectSongs, 1)
			require.NoError(t, err)
			require.NoError(t, conn.Close())
		},
	}
	hooks := map[string]func(string) error{"": nil, " after ErrSkip": skipping}
	options := map[string][]sqltrace.Option{"": nil, " with rows": {sqltrace.WithRows()}}
	for way, do := range ways {
		for _, shape := range sqltracetest.Shapes() {
			for after, hook := range hooks {
				for with, opts := range options {
					t.Run(way+" "+string(shape)+after+with, func(t *testing.T) {
						o := observe(t, &sqltracetest.Fake{Shape: shape, Hook: hook}, opts...)
						do(t, withParent(), o.DB)
						s := o.only()
						assert.Equal(t, "SELECT songs", s.Name())
						assert.Equal(t, trace.SpanKindClient, s.SpanKind())
						assert.Equal(t, codes.Unset, s.Status().Code)
						assert.Equal(t, trace.SpanID{2}, s.Parent().SpanID())
						assert.Equal(t, "SELECT songs", attr(s, "db.query.summary"))
						assert.Equal(t, selectSongs, attr(s, "db.query.text"))
						assert.Equal(t, "other_sql", attr(s, "db.system.name"))
						assert.Empty(t, attr(s, "error.type"))
						assert.Empty(t, attr(s, "db.operation.name"), "not read from the text")
						assert.Empty(t, attr(s, "db.collection.name"), "not read from the text")
						assert.Equal(t, 1, o.statements())
					})
				}
			}
		}
	}
}

func TestTransactionHasSpansOfItsOwn(t *testing.T) {
	for _, shape := range sqltracetest.Shapes() {
		for end, finish := range map[string]func(*sql.Tx) error{"COMMIT": (*sql.Tx).Commit, "ROLLBACK": (*sql.Tx).Rollback} {
			t.Run(string(shape)+" "+end, func(t *testing.T) {
				o := observe(t, &sqltracetest.Fake{Shape: shape})
				tx, err := o.BeginTx(withParent(), nil)
				require.NoError(t, err)
				_, err = tx.ExecContext(withParent(), selectSongs)
				require.NoError(t, err)
				stmt, err := tx.PrepareContext(withParent(), selectSongs)
				require.NoError(t, err)
				_, err = stmt.ExecContext(withParent())
				require.NoError(t, err)
				require.NoError(t, finish(tx))

				assert.Equal(t, []string{"BEGIN", "SELECT songs", "SELECT songs", end}, o.names())
				for _, s := range o.spans.Ended() {
					assert.Equal(t, trace.SpanID{2}, s.Parent().SpanID(), "%s is the caller's", s.Name())
					assert.Equal(t, trace.SpanKindClient, s.SpanKind())
				}
				assert.Equal(t, end, attr(o.spans.Ended()[3], "db.operation.name"))
				assert.Equal(t, 4, o.statements())

				points := o.histogram("waymark.db.transaction.duration")
				require.Len(t, points, 1)
				outcome, _ := points[0].Attributes.Value("waymark.db.transaction.outcome")
				assert.Equal(t, map[string]string{"COMMIT": "committed", "ROLLBACK": "rolled_back"}[end], outcome.AsString())
			})
		}
	}
}

func TestTransactionThatFailsToEndIsFailed(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: failNth("tx.Commit", sql.ErrConnDone)})
	tx, err := o.BeginTx(withParent(), nil)
	require.NoError(t, err)
	require.ErrorIs(t, tx.Commit(), sql.ErrConnDone)
	assert.Equal(t, codes.Error, o.spans.Ended()[1].Status().Code)
	outcome, _ := o.histogram("waymark.db.transaction.duration")[0].Attributes.Value("waymark.db.transaction.outcome")
	assert.Equal(t, "failed", outcome.AsString())
}

func TestTransactionThatIsCanceledIsRolledBackInItsTrace(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full})
	ctx, cancel := context.WithCancel(withParent())
	tx, err := o.BeginTx(ctx, nil)
	require.NoError(t, err)
	cancel()
	require.Eventually(t, func() bool { return len(o.spans.Ended()) == 2 }, waitFor, tick)
	assert.Equal(t, []string{"BEGIN", "ROLLBACK"}, o.names())
	assert.Equal(t, trace.SpanID{2}, o.spans.Ended()[1].Parent().SpanID())
	_ = tx
}

func TestWhatIsNoStatementHasNoSpan(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full})
	ctx := withParent()
	require.NoError(t, o.PingContext(ctx))
	stmt, err := o.PrepareContext(ctx, selectSongs)
	require.NoError(t, err)
	require.NoError(t, stmt.Close())
	conn, err := o.Conn(ctx)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	assert.Empty(t, o.names())
	assert.Zero(t, o.statements())
}

func TestPingAndPrepareHaveSpansWhenAskedFor(t *testing.T) {
	for after, hook := range map[string]func(string) error{"": nil, " after ErrSkip": skipping} {
		t.Run("pings and prepares"+after, func(t *testing.T) {
			o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: hook}, sqltrace.WithPing(), sqltrace.WithPrepare())
			ctx := withParent()
			require.NoError(t, o.PingContext(ctx))
			stmt, err := o.PrepareContext(ctx, selectSongs)
			require.NoError(t, err)
			_, err = stmt.ExecContext(ctx)
			require.NoError(t, err)
			_, err = o.ExecContext(ctx, selectSongs)
			require.NoError(t, err)
			assert.Equal(t, []string{"PING", "PREPARE SELECT songs", "SELECT songs", "SELECT songs"}, o.names())
		})
	}
}

func TestPreparingWhatIsRunNowHasNoSpanOfItsOwn(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{}, sqltrace.WithPrepare())
	_, err := o.ExecContext(withParent(), selectSongs)
	require.NoError(t, err)
	rows, err := o.QueryContext(withParent(), selectSongs)
	require.NoError(t, drain(t, rows, err))
	assert.Equal(t, []string{"SELECT songs", "SELECT songs"}, o.names())
	stmt, err := o.PrepareContext(withParent(), selectSongs)
	require.NoError(t, err)
	conn, err := o.Conn(withParent()) // so that the statement is prepared on another one
	require.NoError(t, err)
	_, err = stmt.ExecContext(withParent())
	require.NoError(t, err)
	require.NoError(t, stmt.Close())
	require.NoError(t, conn.Close())
	assert.Equal(t, []string{"PREPARE SELECT songs", "SELECT songs"}, o.names()[2:])
}

// startSampler notes what a sampler is told.
type startSampler struct{ seen []sdktrace.SamplingParameters }

func (s *startSampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	s.seen = append(s.seen, p)
	return sdktrace.AlwaysSample().ShouldSample(p)
}
func (*startSampler) Description() string { return "startSampler" }

func TestSamplersSeeNameKindAndAttributes(t *testing.T) {
	s := &startSampler{}
	tp := sdktrace.NewTracerProvider(sdktrace.WithSampler(s))
	db := sqltrace.OpenDB((&sqltracetest.Fake{}).Connector(), sqltrace.WithTracerProvider(tp))
	defer db.Close()
	_, err := db.Exec(selectSongs)
	require.NoError(t, err)
	require.Len(t, s.seen, 1)
	assert.Equal(t, "SELECT songs", s.seen[0].Name)
	assert.Equal(t, trace.SpanKindClient, s.seen[0].Kind)
	assert.Equal(t, "other_sql", value(s.seen[0].Attributes, "db.system.name"))
	assert.Equal(t, "SELECT songs", value(s.seen[0].Attributes, "db.query.summary"))
	assert.Equal(t, selectSongs, value(s.seen[0].Attributes, "db.query.text"))
}

func TestSummaryOfTheContextIsTheName(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{})
	ctx := sqltrace.ContextWithSummary(withParent(), "price order")
	for range 2 {
		_, err := o.ExecContext(ctx, selectSongs)
		require.NoError(t, err)
	}
	_, err := o.ExecContext(sqltrace.ContextWithSummary(ctx, ""), selectSongs)
	require.NoError(t, err)
	assert.Equal(t, []string{"price order", "price order", "SELECT songs"}, o.names())
	assert.Equal(t, "price order", attr(o.spans.Ended()[0], "db.query.summary"))
	assert.Equal(t, selectSongs, attr(o.spans.Ended()[0], "db.query.text"))
}
