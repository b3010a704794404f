// SPDX-License-Identifier: Apache-2.0

// Package sqltrace observes database/sql: one span and one metric point for
// each statement, whichever way the driver runs it.
//
//	db, err := sqltrace.Open("pgx", dsn)     // instead of sql.Open
//	db := sqltrace.OpenDB(connector)         // instead of sql.OpenDB
//	sql.Register("traced", sqltrace.WrapDriver(d)) // for who insists on sql.Open
//
// What is observed does not notice: database/sql makes the same calls of the
// driver, gets the same results and errors, and treats its connections the
// same way as without (see package sqltracetest, which checks that).
//
// By default a statement has a span of kind client that is named after
// db.query.summary, with the text if it holds no literals, else with each
// literal replaced; transactions have one for BEGIN and one for COMMIT or
// ROLLBACK. What else database/sql asks of a driver has none. Metrics are
// db.client.operation.duration, db.client.connection.* and
// waymark.db.transaction.duration.
//
// Attributes follow OpenTelemetry's semantic conventions for databases,
// version 1.43.
package sqltrace

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// Open is sql.Open, observed. It returns what sql.Open returns for a driver
// that is not registered or a name that the driver refuses. The name is read
// for the server and the database it names; nothing else of it is kept.
//
// A driver that makes connectors is asked for two, and the first is closed:
// only so does database/sql let go of a registered driver. It is the driver
// that the first one says it is of; one that says nothing is not observed.
func Open(driverName, dsn string, opts ...Option) (*sql.DB, error) {
	found, err := sql.Open(driverName, dsn)
	if err != nil {
		return nil, err
	}
	d := found.Driver()
	if d == nil {
		// A connector that does not know its driver cannot be made again.
		return found, nil
	}
	_ = found.Close() // no connection was made, so nothing was lost
	if w := baseDriver(d); w != nil {
		// Registered wrapped: observed once, by what both say.
		d, opts = w.raw, append(w.opts[:len(w.opts):len(w.opts)], opts...)
	}
	c := driver.Connector(dsnConnector{dsn: dsn, driver: d})
	if dc, ok := d.(driver.DriverContext); ok {
		if c, err = dc.OpenConnector(dsn); err != nil {
			return nil, err
		}
	}
	return open(wrapConnector(c, func(driver.Driver) target { return identify(d, driverName, dsn) }, opts)), nil
}

// OpenDB is sql.OpenDB, observed. What the database is called is read from the
// driver's type alone; [WithAttributes] can say more.
func OpenDB(c driver.Connector, opts ...Option) *sql.DB {
	if c == nil {
		return sql.OpenDB(nil)
	}
	return open(wrapConnector(c, identifyDriver, opts))
}

func identifyDriver(d driver.Driver) target { return identify(d, "", "") }

// open opens a pool and observes it until it is closed.
func open(c *connector) *sql.DB {
	db := sql.OpenDB(c)
	c.pool = observeOpened(db, c.o)
	return db
}

// WrapDriver returns d observed, for a program that registers it under a name
// of its own. It is a driver.DriverContext if d is one. The pool is not
// observed; see [ObservePool]. A nil d stays nil.
func WrapDriver(d driver.Driver, opts ...Option) driver.Driver {
	if d == nil {
		return nil
	}
	return wrapDriver(d, "", opts)
}

// WrapConnector returns c observed, for a program that opens the pool itself.
// The pool is not observed; see [ObservePool]. A nil c stays nil.
func WrapConnector(c driver.Connector, opts ...Option) driver.Connector {
	if c == nil {
		return nil
	}
	return wrapConnector(c, identifyDriver, opts)
}

// Unwrap returns the driver's own connection of what (*sql.Conn).Raw hands out.
// A connection that is not observed is returned as it is, and nil for what is
// no connection.
func Unwrap(driverConn any) driver.Conn {
	if c := baseConn(driverConn); c != nil {
		return c.raw
	}
	c, _ := driverConn.(driver.Conn)
	return c
}

// ContextWithSummary returns a context whose statements have summary as their
// db.query.summary and the name of their span, instead of what their text
// says. It names an operation, has few values, and is cut at 255 bytes. An
// empty one leaves it to the text.
func ContextWithSummary(ctx context.Context, summary string) context.Context {
	return contextWithSummary(ctx, summary)
}
