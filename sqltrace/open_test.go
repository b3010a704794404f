// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 who holds a driver.Conn may call what database/sql no longer does

package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"

	"github.com/waymark-otel/waymark/sqltrace"
	"github.com/waymark-otel/waymark/sqltrace/sqltracetest"
)

// register registers a fake under a name of the test's own.
func register(t *testing.T, d driver.Driver) string {
	name := strings.NewReplacer("/", "_", " ", "_").Replace(t.Name())
	sql.Register(name, d)
	return name
}

func TestOpenIsSQLOpen(t *testing.T) {
	for _, shape := range sqltracetest.Shapes() {
		t.Run(string(shape), func(t *testing.T) {
			o := recording(t)
			fake := &sqltracetest.Fake{Shape: shape}
			db, err := sqltrace.Open(register(t, fake.Driver()), "postgres://eve:hunter2@db.example.org:5433/shop", o.options()...)
			require.NoError(t, err)
			_, err = db.ExecContext(withParent(), selectSongs)
			require.NoError(t, err)
			assert.Equal(t, fake.Driver(), db.Driver(), "programs look at its type")
			require.NoError(t, db.Close())
			s := o.only()
			assert.Equal(t, "postgresql", attr(s, "db.system.name"))
			assert.Equal(t, "db.example.org", attr(s, "server.address"))
			assert.Equal(t, "5433", attr(s, "server.port"))
			assert.Equal(t, "shop", attr(s, "db.namespace"))
			points := o.histogram("db.client.connection.create_time")
			assert.Equal(t, "db.example.org:5433/shop", value(points[0].Attributes.ToSlice(), "db.client.connection.pool.name"))
			assert.NotContains(t, fmt.Sprint(s.Attributes(), points[0].Attributes), "hunter2")
		})
	}
}

func TestOpenFailsAsSQLOpenDoes(t *testing.T) {
	_, want := sql.Open("not registered", "")
	_, err := sqltrace.Open("not registered", "")
	assert.Equal(t, want, err)

	refused := errors.New("bad name")
	fake := &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: failNth("driver.OpenConnector", refused)}
	name := register(t, fake.Driver())
	_, err = sqltrace.Open(name, "x")
	assert.Equal(t, refused, err)
	fake.Hook = failNth("driver.OpenConnector", refused, 2)
	_, err = sqltrace.Open(name, "x")
	assert.Equal(t, refused, err)
}

// nameless makes connectors that do not know their driver.
type nameless struct{ sqltracetest.Fake }

func (n *nameless) OpenConnector(string) (driver.Connector, error) {
	return namelessConnector{n.Connector()}, nil
}

type namelessConnector struct{ driver.Connector }

func (namelessConnector) Driver() driver.Driver { return nil }

func TestDriverThatCannotBeFoundIsLeftAlone(t *testing.T) {
	db, err := sqltrace.Open(register(t, &nameless{}), "x")
	require.NoError(t, err)
	_, err = db.Exec(selectSongs)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

func TestOpenIsNotFailedByTheConnectorItDoesNotUse(t *testing.T) {
	fake := &sqltracetest.Fake{Shape: sqltracetest.Full, Hook: failNth("connector.Close", errors.New("no"), 1)}
	db, err := sqltrace.Open(register(t, fake.Driver()), "x")
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

func TestWrappedDriverIsRegisteredByTheProgram(t *testing.T) {
	for _, shape := range sqltracetest.Shapes() {
		t.Run(string(shape), func(t *testing.T) {
			o := recording(t)
			fake := &sqltracetest.Fake{Shape: shape}
			d := sqltrace.WrapDriver(fake.Driver(), o.options()...)
			_, want := fake.Driver().(driver.DriverContext)
			_, got := d.(driver.DriverContext)
			assert.Equal(t, want, got)
			assert.NoError(t, d.(io.Closer).Close())

			db, err := sql.Open(register(t, d), "postgres://db.example.org/shop")
			require.NoError(t, err)
			for range 2 {
				_, err = db.ExecContext(withParent(), selectSongs)
				require.NoError(t, err)
			}
			assert.Equal(t, d, db.Driver())
			require.NoError(t, db.Close())
			require.Len(t, o.spans.Ended(), 2)
			assert.Equal(t, "shop", attr(o.spans.Ended()[0], "db.namespace"))
		})
	}
}

func TestWrappedTwiceIsObservedOnce(t *testing.T) {
	for _, shape := range sqltracetest.Shapes() {
		t.Run(string(shape), func(t *testing.T) {
			o := recording(t)
			fake := &sqltracetest.Fake{Shape: shape}
			d := sqltrace.WrapDriver(sqltrace.WrapDriver(fake.Driver(), o.options()...), sqltrace.WithAttributes(attribute.String("team", "music")))
			db, err := sqltrace.Open(register(t, d), "x", sqltrace.WithAttributes(attribute.String("part", "songs")))
			require.NoError(t, err)
			defer db.Close()
			_, err = db.ExecContext(withParent(), selectSongs)
			require.NoError(t, err)
			assert.Equal(t, "music", attr(o.only(), "team"))
			assert.Equal(t, "songs", attr(o.only(), "part"))

			again := sqltrace.OpenDB(sqltrace.WrapConnector(driverConnector{d}, o.options()...), o.options()...)
			defer again.Close()
			_, err = again.ExecContext(withParent(), selectSongs)
			require.NoError(t, err)
			assert.Len(t, o.spans.Ended(), 2)
		})
	}
}

// driverConnector is a connector somebody made of a driver.
type driverConnector struct{ d driver.Driver }

func (c driverConnector) Connect(context.Context) (driver.Conn, error) { return c.d.Open("x") }
func (c driverConnector) Driver() driver.Driver                        { return c.d }

func TestUnwrapReachesTheDriversConnection(t *testing.T) {
	for _, shape := range sqltracetest.Shapes() {
		fake := &sqltracetest.Fake{Shape: shape}
		bare, err := fake.Connector().Connect(t.Context())
		require.NoError(t, err)
		wrapped, err := sqltrace.WrapConnector(fake.Connector()).Connect(t.Context())
		require.NoError(t, err)
		assert.IsType(t, bare, sqltrace.Unwrap(wrapped))
		assert.NotEqual(t, fmt.Sprintf("%T", bare), fmt.Sprintf("%T", wrapped))
		assert.Equal(t, bare, sqltrace.Unwrap(bare), "of what is not wrapped")
	}
	assert.Nil(t, sqltrace.Unwrap("no connection"))
	assert.Nil(t, sqltrace.Unwrap(nil))
}

func TestNothingToWrapIsNothing(t *testing.T) {
	assert.Nil(t, sqltrace.WrapDriver(nil))
	assert.Nil(t, sqltrace.WrapConnector(nil))
}

func TestMethodsOfOldCanBeCalled(t *testing.T) {
	// database/sql finds newer ones; whoever holds a driver.Conn may not.
	for _, shape := range sqltracetest.Shapes() {
		c, err := sqltrace.WrapConnector((&sqltracetest.Fake{Shape: shape}).Connector()).Connect(t.Context())
		require.NoError(t, err)
		tx, err := c.Begin()
		require.NoError(t, err)
		stmt, err := c.Prepare(selectSongs)
		require.NoError(t, err)
		_, err = stmt.Exec([]driver.Value{int64(1)})
		require.NoError(t, err)
		rows, err := stmt.Query([]driver.Value{int64(1)})
		require.NoError(t, err)
		require.NoError(t, rows.Close())
		require.NoError(t, stmt.Close())
		require.NoError(t, tx.Commit())
		require.NoError(t, c.Close())
	}
}
