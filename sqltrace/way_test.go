// SPDX-License-Identifier: Apache-2.0

package sqltrace_test

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/metrics/metricstest"
	"github.com/waymark-otel/waymark/sqltrace"
	"github.com/waymark-otel/waymark/sqltrace/sqltracetest"
)

func TestEventsAreOnTheCallersSpan(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Hook: failNth("stmt.Exec", &pgError{"23505", "exists"}, 2)}, sqltrace.WithEvents())
	ctx, root := o.root()
	_, err := o.ExecContext(ctx, selectSongs)
	require.NoError(t, err)
	_, err = o.ExecContext(ctx, selectSongs)
	require.Error(t, err)
	tx, err := o.BeginTx(ctx, nil)
	require.NoError(t, err)
	require.NoError(t, tx.Commit())
	root.End()
	s := o.only()
	assert.Equal(t, codes.Unset, s.Status().Code, "the statement failed, not the caller")
	var names []string
	for _, e := range s.Events() {
		names = append(names, e.Name)
		assert.Equal(t, "other_sql", value(e.Attributes, "db.system.name"))
		assert.NotEmpty(t, value(e.Attributes, "waymark.db.duration"))
	}
	assert.Equal(t, []string{"SELECT songs", "SELECT songs", "BEGIN", "COMMIT"}, names)
	assert.Equal(t, selectSongs, value(s.Events()[0].Attributes, "db.query.text"))
	assert.Empty(t, value(s.Events()[0].Attributes, "error.type"))
	assert.Equal(t, "23505", value(s.Events()[1].Attributes, "error.type"))
	assert.Equal(t, "23505", value(s.Events()[1].Attributes, "db.response.status_code"))
	assert.Equal(t, 4, o.statements())
}

func TestParentOnlyMakesNoRoots(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{}, sqltrace.WithParentOnly())
	_, err := o.ExecContext(context.Background(), selectSongs)
	require.NoError(t, err)
	assert.Empty(t, o.names())
	_, err = o.ExecContext(withParent(), selectSongs)
	require.NoError(t, err)
	assert.Equal(t, []string{"SELECT songs"}, o.names())
	tx, err := o.BeginTx(context.Background(), nil)
	require.NoError(t, err)
	require.NoError(t, tx.Commit())
	assert.Len(t, o.names(), 1)
}

func TestStatementWithoutAParentIsARoot(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{})
	_, err := o.ExecContext(context.Background(), selectSongs)
	require.NoError(t, err)
	assert.False(t, o.only().Parent().IsValid())
}

func TestSpanOfTheContextSaysWhoseTracer(t *testing.T) {
	o := recording(t)
	db := sqltrace.OpenDB((&sqltracetest.Fake{}).Connector())
	defer db.Close()
	ctx, root := o.root()
	_, err := db.ExecContext(ctx, selectSongs)
	require.NoError(t, err)
	root.End()
	assert.Equal(t, []string{"SELECT songs", "root"}, o.names(), "no option and no global says so")
}

func TestQueryTextModes(t *testing.T) {
	const text = "SELECT * FROM songs WHERE title = 'Ode'"
	for mode, want := range map[sqltrace.QueryText]string{
		sqltrace.QueryTextSanitized: "SELECT * FROM songs WHERE title = ?",
		sqltrace.QueryTextRaw:       text,
		sqltrace.QueryTextNone:      "",
	} {
		o := observe(t, &sqltracetest.Fake{}, sqltrace.WithQueryText(mode))
		_, err := o.ExecContext(withParent(), text)
		require.NoError(t, err)
		assert.Equal(t, want, attr(o.only(), "db.query.text"))
		assert.Equal(t, "SELECT songs", attr(o.only(), "db.query.summary"))
	}
}

func TestTextsAreBoundedAndValid(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{}, sqltrace.WithQueryText(sqltrace.QueryTextRaw))
	_, err := o.ExecContext(withParent(), "SELECT 1 -- \xff"+strings.Repeat("é", 1<<20))
	require.NoError(t, err)
	text := attr(o.only(), "db.query.text")
	assert.LessOrEqual(t, len(text), 64<<10)
	assert.Equal(t, strings.ToValidUTF8(text, ""), text)
}

func TestLongSummaryIsNotKeptAlive(t *testing.T) {
	const n = 64
	o := observe(t, &sqltracetest.Fake{})
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range n {
		ctx := sqltrace.ContextWithSummary(withParent(), strconv.Itoa(i)+strings.Repeat("x", 1<<20))
		_, err := o.ExecContext(ctx, selectSongs)
		require.NoError(t, err)
	}
	assert.Less(t, heap(), before+n<<19, "half of what was given")
	assert.Len(t, o.names()[0], 255)
}

func TestSlowStatementIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: func(call string) error {
			switch call {
			case "conn.Exec":
				time.Sleep(time.Second)
				return &pgError{"57014", "statement timeout"}
			case "conn.Query":
				time.Sleep(time.Second - 1)
			}
			return nil
		}}, sqltrace.WithSlowQuery(time.Second, textLogger(&log)))
		rows, err := o.QueryContext(withParent(), selectSongs)
		require.NoError(t, drain(t, rows, err))
		assert.Empty(t, log.String(), "fast enough")
		_, err = o.ExecContext(withParent(), "DELETE FROM songs WHERE title = 'Ode'")
		require.Error(t, err)
		span := o.spans.Ended()[1].SpanContext()
		assert.Equal(t, `level=WARN msg="slow statement" summary="DELETE songs" query="DELETE FROM songs WHERE title = ?" error=57014`+
			" trace_id="+span.TraceID().String()+" span_id="+span.SpanID().String()+"\n", log.String())
		require.NoError(t, o.Close())
	})
}

func TestSlowStatementIsLoggedWithItsDuration(t *testing.T) {
	var log bytes.Buffer
	db := sqltrace.OpenDB((&sqltracetest.Fake{}).Connector(),
		sqltrace.WithSlowQuery(0, slog.New(slog.NewTextHandler(&log, nil))), sqltrace.WithQueryText(sqltrace.QueryTextNone))
	defer db.Close()
	_, err := db.ExecContext(context.Background(), selectSongs)
	require.NoError(t, err)
	assert.Contains(t, log.String(), " duration=")
	assert.NotContains(t, log.String(), " query=")
	assert.NotContains(t, log.String(), "trace_id", "there is none")
}

// deaf is a handler that panics when it is asked what it wants.
type deaf struct{ slog.Handler }

func (deaf) Enabled(context.Context, slog.Level) bool { panic("deaf") }

func TestSlowLogThatPanicsIsContained(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{}, sqltrace.WithSlowQuery(0, slog.New(deaf{})))
	assert.NotPanics(t, func() { _, _ = o.ExecContext(withParent(), selectSongs) })
	o.only()
}

func TestSlowLogGoesToTheDefaultLogger(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	defer slog.SetDefault(before)
	db := sqltrace.OpenDB((&sqltracetest.Fake{}).Connector(), sqltrace.WithSlowQuery(0, nil))
	defer db.Close()
	slog.SetDefault(textLogger(&log))
	_, err := db.Exec(selectSongs)
	require.NoError(t, err)
	assert.Contains(t, log.String(), "slow statement")
}

func TestTimerIsSentSampledOrNot(t *testing.T) {
	rec := metricstest.NewRecorder(t)
	o := observe(t, &sqltracetest.Fake{Hook: failNth("stmt.Exec", &pgError{"23505", "exists"}, 2)},
		sqltrace.WithTimer(rec.Client()), sqltrace.WithParentOnly())
	_, err := o.Exec(selectSongs)
	require.NoError(t, err)
	_, err = o.Exec(selectSongs)
	require.Error(t, err)
	tx, err := o.Begin()
	require.NoError(t, err)
	require.NoError(t, tx.Commit())
	var got []string
	for _, m := range rec.Metrics() {
		assert.Equal(t, "ms", m.Type)
		got = append(got, strings.Join([]string{m.Name, m.Tag("summary"), m.Tag("operation"), m.Tag("error")}, "|"))
	}
	assert.ElementsMatch(t, []string{ // StatsD has no spaces
		"db.client.operation|SELECT_songs||",
		"db.client.operation|SELECT_songs||23505",
		"db.client.operation||BEGIN|",
		"db.client.operation||COMMIT|",
	}, got)
}

func TestCommenterNamesTheSpan(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full}, sqltrace.WithCommenter(attribute.String("application", "shop")))
	_, err := o.ExecContext(withParent(), selectSongs+";")
	require.NoError(t, err)
	sc := o.only().SpanContext()
	assert.Contains(t, strings.Join(o.fake.Calls(), "\n"), selectSongs+
		" /*application='shop',traceparent='00-"+sc.TraceID().String()+"-"+sc.SpanID().String()+"-01'*/;")
	assert.Equal(t, selectSongs+";", attr(o.only(), "db.query.text"), "the caller's own text")

	stmt, err := o.PrepareContext(withParent(), selectSongs)
	require.NoError(t, err)
	_, err = stmt.ExecContext(withParent())
	require.NoError(t, err)
	_, err = o.ExecContext(withParent(), "COPY songs FROM STDIN")
	require.NoError(t, err)
	for _, call := range o.fake.Calls()[3:] {
		assert.NotContains(t, call, "traceparent")
	}
}

func TestCommenterLeavesAloneWhatIsPreparedAfterErrSkip(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: skipping}, sqltrace.WithCommenter())
	_, err := o.ExecContext(withParent(), selectSongs)
	require.NoError(t, err)
	prepared := 0
	for _, call := range o.fake.Calls() {
		if strings.Contains(call, ".Prepare ") {
			prepared++
			assert.NotContains(t, call, "traceparent")
		}
	}
	assert.Equal(t, 1, prepared)
	assert.Len(t, o.names(), 1)
}

func TestCommenterIsOffByDefault(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full})
	_, err := o.ExecContext(withParent(), selectSongs)
	require.NoError(t, err)
	assert.NotContains(t, strings.Join(o.fake.Calls(), "\n"), "/*")
}

func TestCommenterHasNothingToSayWithoutATrace(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full}, sqltrace.WithCommenter(), sqltrace.WithParentOnly())
	_, err := o.ExecContext(context.Background(), selectSongs)
	require.NoError(t, err)
	assert.NotContains(t, strings.Join(o.fake.Calls(), "\n"), "/*")
}

func TestDriverSeesTheSpanInItsContext(t *testing.T) {
	var seen trace.SpanContext
	o := recording(t)
	c := spy{lean{}, func(ctx context.Context) { seen = trace.SpanContextFromContext(ctx) }}
	db := sqltrace.OpenDB(c, o.options()...)
	defer db.Close()
	_, err := db.ExecContext(withParent(), selectSongs)
	require.NoError(t, err)
	assert.Equal(t, o.only().SpanContext(), seen)
}

func TestNilOptionIsIgnored(t *testing.T) {
	db := sqltrace.OpenDB((&sqltracetest.Fake{}).Connector(), nil, sqltrace.WithTimer(nil), sqltrace.WithTracerProvider(nil),
		sqltrace.WithMeterProvider(nil), sqltrace.WithErrorFilter(nil))
	defer db.Close()
	_, err := db.Exec(selectSongs)
	require.NoError(t, err)
}
