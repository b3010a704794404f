// SPDX-License-Identifier: Apache-2.0

package sqltrace_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/sqltrace"
	"github.com/waymark-otel/waymark/sqltrace/sqltracetest"
)

func TestDurationIsAsTheConventionsSay(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{})
	_, err := o.ExecContext(withParent(), selectSongs)
	require.NoError(t, err)
	m, ok := o.collect(duration)
	require.True(t, ok)
	assert.Equal(t, "s", m.Unit)
	assert.Equal(t, "Duration of database client operations.", m.Description)
	points := o.histogram(duration)
	require.Len(t, points, 1)
	assert.Equal(t, []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}, points[0].Bounds)
	assert.Equal(t, []attribute.KeyValue{
		attribute.String("db.query.summary", "SELECT songs"),
		attribute.String("db.system.name", "other_sql"),
	}, points[0].Attributes.ToSlice())
	assert.Equal(t, uint64(1), points[0].Count)
	assert.GreaterOrEqual(t, points[0].Sum, 0.0)
	assert.Less(t, points[0].Sum, 5.0)
}

func TestDurationHasTheSpanAsItsExample(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{})
	_, err := o.ExecContext(withParent(), selectSongs)
	require.NoError(t, err)
	points := o.histogram(duration)
	require.Len(t, points[0].Exemplars, 1)
	id := o.only().SpanContext().SpanID()
	assert.Equal(t, id[:], points[0].Exemplars[0].SpanID)
}

func TestMetricsAreRecordedWithoutASpan(t *testing.T) {
	for name, opts := range map[string][]sqltrace.Option{
		"never sampled":     {sqltrace.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())))},
		"in traces alone":   {sqltrace.WithParentOnly()},
		"as events":         {sqltrace.WithEvents()},
		"with rows watched": {sqltrace.WithRows(), sqltrace.WithParentOnly()},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(t, &sqltracetest.Fake{}, opts...)
			_, err := o.ExecContext(context.Background(), selectSongs)
			require.NoError(t, err)
			rows, err := o.QueryContext(context.Background(), selectSongs)
			require.NoError(t, drain(t, rows, err))
			assert.Empty(t, o.names())
			assert.Equal(t, 2, o.statements())
		})
	}
}

func TestSeriesStayBounded(t *testing.T) {
	const distinct = 10_000
	fail := false
	var n int
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: func(call string) error {
		if fail && call == "conn.Exec" {
			n++
			return &pgError{fmt.Sprintf("%05d", n), fmt.Sprintf("error %d", n)}
		}
		return nil
	}}, sqltrace.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))))
	for i := range distinct {
		fail = i%2 == 0
		_, err := o.ExecContext(context.Background(), fmt.Sprintf("SELECT * FROM songs%d WHERE id = %d", i, i))
		require.Equal(t, fail, err != nil)
	}
	points := o.histogram(duration)
	assert.Less(t, len(points), 1200)
	assert.Equal(t, distinct, o.statements(), "none is lost")
	errorTypes := map[string]bool{}
	for _, p := range points {
		for _, kv := range p.Attributes.ToSlice() {
			assert.NotEqual(t, attribute.Key("db.query.text"), kv.Key)
		}
		errorTypes[value(p.Attributes.ToSlice(), "error.type")] = true
	}
	assert.Less(t, len(errorTypes), 100)
	assert.True(t, errorTypes["_OTHER"])
}

func TestSeriesOfFailuresStayBounded(t *testing.T) {
	const tables, codes = 200, 50
	code := 0
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: func(call string) error {
		if call == "conn.Exec" {
			return &pgError{fmt.Sprintf("A%04d", code), "no"}
		}
		return nil
	}}, sqltrace.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))))
	for table := range tables {
		for code = range codes {
			_, err := o.ExecContext(context.Background(), fmt.Sprintf("SELECT * FROM songs%d", table))
			require.Error(t, err)
		}
	}
	assert.Less(t, len(o.histogram(duration)), 1200)
	assert.Equal(t, tables*codes, o.statements(), "none is lost")
}

func TestAttributesAreOnSpansAndPoints(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{}, sqltrace.WithAttributes(
		attribute.String("db.system.name", "postgresql"), attribute.String("db.namespace", "shop"), attribute.String("team", "music")))
	_, err := o.ExecContext(withParent(), selectSongs)
	require.NoError(t, err)
	tx, err := o.Begin()
	require.NoError(t, err)
	require.NoError(t, tx.Rollback())
	assert.Equal(t, []string{"SELECT songs", "BEGIN shop", "ROLLBACK shop"}, o.names())
	for _, s := range o.spans.Ended() {
		assert.Equal(t, "postgresql", attr(s, "db.system.name"))
		assert.Equal(t, "shop", attr(s, "db.namespace"))
		assert.Equal(t, "music", attr(s, "team"))
	}
	for _, name := range []string{duration, "waymark.db.transaction.duration", "db.client.connection.create_time"} {
		for _, p := range o.histogram(name) {
			assert.Equal(t, "postgresql", value(p.Attributes.ToSlice(), "db.system.name"), name)
			assert.Equal(t, "music", value(p.Attributes.ToSlice(), "team"), name)
		}
	}
}

func TestSpanHasANameWhateverTheSystemIsCalled(t *testing.T) {
	for _, kv := range []attribute.KeyValue{attribute.String("db.system.name", ""), attribute.Int("db.system.name", 1)} {
		o := observe(t, &sqltracetest.Fake{}, sqltrace.WithAttributes(kv))
		_, err := o.ExecContext(withParent(), "")
		require.NoError(t, err)
		assert.Equal(t, "other_sql", o.only().Name())
	}
}

func TestConnectionsAreMeasured(t *testing.T) {
	for _, shape := range sqltracetest.Shapes() {
		t.Run(string(shape), func(t *testing.T) {
			o := observe(t, &sqltracetest.Fake{Shape: shape}, sqltrace.WithPoolName("songs"))
			for range 3 {
				_, err := o.ExecContext(withParent(), selectSongs)
				require.NoError(t, err)
			}
			created := o.histogram("db.client.connection.create_time")
			require.Len(t, created, 1)
			assert.Equal(t, uint64(1), created[0].Count)
			assert.Equal(t, "songs", value(created[0].Attributes.ToSlice(), "db.client.connection.pool.name"))

			used := o.histogram("db.client.connection.use_time")
			if shape != sqltracetest.Full {
				assert.Empty(t, used, "nobody says when a connection comes back")
				return
			}
			require.Len(t, used, 1)
			assert.Equal(t, uint64(3), used[0].Count)
		})
	}
}

func TestUseTimeFindsALeak(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Shape: sqltracetest.Full})
	rows, err := o.QueryContext(withParent(), selectSongs)
	require.NoError(t, err)
	assert.Empty(t, o.histogram("db.client.connection.use_time"), "still out")
	require.NoError(t, rows.Close())
	assert.Len(t, o.histogram("db.client.connection.use_time"), 1)
}

func TestFailedConnectionIsNotCreated(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{Hook: failNth("connector.Connect", errors.New("refused"))})
	require.Error(t, o.Ping())
	assert.Empty(t, o.histogram("db.client.connection.create_time"))
}

func sum(t *testing.T, o *observed, name string, attrs ...attribute.KeyValue) (int64, bool) {
	t.Helper()
	m, ok := o.collect(name)
	if !ok {
		return 0, false
	}
	want := attribute.NewSet(attrs...)
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		if p.Attributes.Equals(&want) {
			return p.Value, true
		}
	}
	return 0, false
}
