// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"context"
	"database/sql/driver"
	"io"
	"slices"
)

// connector makes observed connections.
type connector struct {
	raw    driver.Connector
	o      *observer
	opts   []Option
	driver driver.Driver // what Driver returns; nil for the connector's own
	pool   *pool         // observed until Close; nil when nobody asked
}

var (
	_ driver.Connector = (*connector)(nil)
	_ io.Closer        = (*connector)(nil)
)

func wrapConnector(raw driver.Connector, t func(driver.Driver) target, opts []Option) *connector {
	if c, ok := raw.(*connector); ok {
		// Wrapped twice is observed once, by what both say.
		opts = append(slices.Clip(c.opts), opts...)
		return &connector{raw: c.raw, o: newObserver(c.o.target, opts), opts: opts, driver: c.driver}
	}
	return &connector{raw: raw, o: newObserver(t(raw.Driver()), opts), opts: opts}
}

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	began := c.o.creating()
	raw, err := c.raw.Connect(ctx)
	if err != nil {
		c.o.waiting.connectFailed(ctx, err)
		return raw, err
	}
	c.o.created(began)
	return wrapConn(raw, c.o), nil
}

// Driver returns the driver as it was before it was wrapped: programs look at
// its type to know which database they talk to. Of a connector that a wrapped
// driver made it is that wrapped driver, the one the program registered.
func (c *connector) Driver() driver.Driver {
	if c.driver != nil {
		return c.driver
	}
	return c.raw.Driver()
}

// Close is what (*sql.DB).Close calls last.
func (c *connector) Close() error {
	c.o.waiting.endAll()
	report(c.pool.stop())
	if closer, ok := c.raw.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

// dsnConnector is what database/sql makes of a driver without connectors.
type dsnConnector struct {
	dsn    string
	driver driver.Driver
}

func (c dsnConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c dsnConnector) Driver() driver.Driver                        { return c.driver }
