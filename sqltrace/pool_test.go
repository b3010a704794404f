// SPDX-License-Identifier: Apache-2.0

package sqltrace_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/waymark-otel/waymark/sqltrace"
	"github.com/waymark-otel/waymark/sqltrace/sqltracetest"
)

var (
	poolName = attribute.String("db.client.connection.pool.name", "songs")
	idle     = attribute.String("db.client.connection.state", "idle")
	used     = attribute.String("db.client.connection.state", "used")
)

const connections = "db.client.connection.count"

// checkPool uses o and checks that it is observed, once.
func checkPool(t *testing.T, o *observed) {
	t.Helper()
	o.SetMaxOpenConns(7)
	o.SetMaxIdleConns(7)
	conn, err := o.Conn(context.Background())
	require.NoError(t, err)
	other, err := o.Conn(context.Background())
	require.NoError(t, err)
	third, err := o.Conn(context.Background())
	require.NoError(t, err)
	require.NoError(t, other.Close())
	for name, want := range map[string]struct {
		value int64
		attrs []attribute.KeyValue
	}{
		connections:                      {2, []attribute.KeyValue{poolName, used}},
		"db.client.connection.max":       {7, []attribute.KeyValue{poolName}},
		"waymark.db.connection.waits":    {0, []attribute.KeyValue{poolName}},
		"waymark.db.connection.closed":   {0, []attribute.KeyValue{poolName, attribute.String("waymark.db.connection.close.reason", "max_idle")}},
		"db.client.connection.count\x00": {1, []attribute.KeyValue{poolName, idle}},
	} {
		if name[len(name)-1] == 0 {
			name = name[:len(name)-1]
		}
		got, ok := sum(t, o, name, want.attrs...)
		assert.True(t, ok, "%s %v", name, want.attrs)
		assert.Equal(t, want.value, got, "%s %v", name, want.attrs)
	}
	m, ok := o.collect(connections)
	require.True(t, ok)
	assert.Equal(t, "{connection}", m.Unit)
	assert.False(t, m.Data.(metricdata.Sum[int64]).IsMonotonic)
	_, ok = o.collect("waymark.db.connection.wait_time")
	assert.True(t, ok)
	require.NoError(t, conn.Close())
	require.NoError(t, third.Close())
}

func TestOpenedPoolIsObservedUntilItIsClosed(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{}, sqltrace.WithPoolName("songs"))
	checkPool(t, o)
	require.NoError(t, o.Close())
	_, ok := sum(t, o, connections, poolName, used)
	assert.False(t, ok, "nothing is left after Close")
}

func TestPoolIsObservedUntilStopped(t *testing.T) {
	o := recording(t)
	o.DB = sql.OpenDB((&sqltracetest.Fake{}).Connector())
	defer o.Close()
	stop, err := sqltrace.ObservePool(o.DB, o.options(sqltrace.WithPoolName("songs"))...)
	require.NoError(t, err)
	checkPool(t, o)
	require.NoError(t, stop())
	_, ok := sum(t, o, connections, poolName, used)
	assert.False(t, ok)
	require.NoError(t, stop(), "again")
}

func TestPoolIsObservedOnce(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{}, sqltrace.WithPoolName("mine"))
	first, err := sqltrace.ObservePool(o.DB, o.options(sqltrace.WithPoolName("songs"))...)
	require.NoError(t, err)
	second, err := sqltrace.ObservePool(o.DB, o.options(sqltrace.WithPoolName("songs"))...)
	require.NoError(t, err)
	checkPool(t, o)
	_, ok := sum(t, o, connections, attribute.String("db.client.connection.pool.name", "mine"), used)
	assert.False(t, ok, "the latest says how")
	require.NoError(t, first())
	checkPool(t, o)
	require.NoError(t, second())
	_, ok = sum(t, o, connections, poolName, used)
	assert.False(t, ok)
}

func TestPoolWithoutALimitHasNoMaximum(t *testing.T) {
	o := observe(t, &sqltracetest.Fake{}, sqltrace.WithPoolName("songs"))
	_, ok := sum(t, o, "db.client.connection.max", poolName)
	assert.False(t, ok)
}

func TestPoolFollowsTheGlobalMeterProvider(t *testing.T) {
	before := otel.GetMeterProvider()
	defer otel.SetMeterProvider(before)
	o := recording(t)
	otel.SetMeterProvider(o.mp)
	o.DB = sqltrace.OpenDB((&sqltracetest.Fake{}).Connector(), sqltrace.WithPoolName("songs"))
	defer o.Close()
	checkPool(t, o)

	next := sdkmetric.NewManualReader()
	otel.SetMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(next)))
	_, err := o.ExecContext(context.Background(), selectSongs)
	require.NoError(t, err)
	_, ok := sum(t, o, connections, poolName, used)
	assert.False(t, ok, "no longer to the one that was replaced")
	o.metrics = next
	checkPool(t, o)
	assert.Equal(t, 1, o.statements())
}

func TestNoPoolIsAnError(t *testing.T) {
	stop, err := sqltrace.ObservePool(nil)
	require.EqualError(t, err, "sqltrace: a nil *sql.DB has no pool")
	require.NoError(t, stop())
}
