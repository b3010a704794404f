// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"database/sql/driver"
	"io"
	"slices"
	"sync"
)

// maxObservers bounds the databases one wrapped driver keeps apart.
const maxObservers = 256

// wrappedDriver is a driver whose connections are observed.
type wrappedDriver struct {
	raw  driver.Driver
	name string // under which raw is registered, where it is known
	opts []Option
	// self is what the user holds: the driver itself, or the one that is a
	// driver.DriverContext too.
	self driver.Driver

	mu        sync.Mutex
	observers map[target]*observer
}

// contextDriver is for drivers that have connectors of their own: sql.Open
// reads the presence of OpenConnector as a fact.
type contextDriver struct{ *wrappedDriver }

var (
	_ driver.Driver        = (*wrappedDriver)(nil)
	_ io.Closer            = (*wrappedDriver)(nil)
	_ driver.DriverContext = contextDriver{}
)

func wrapDriver(d driver.Driver, name string, opts []Option) driver.Driver {
	if w := baseDriver(d); w != nil {
		// Wrapped twice is observed once, by what both say.
		d, opts = w.raw, append(slices.Clip(w.opts), opts...)
		if name == "" {
			name = w.name
		}
	}
	w := &wrappedDriver{raw: d, name: name, opts: opts, observers: map[target]*observer{}}
	w.self = w
	if _, ok := d.(driver.DriverContext); ok {
		w.self = contextDriver{w}
	}
	return w.self
}

func (d *wrappedDriver) base() *wrappedDriver { return d }

// baseDriver returns the wrapper that d is, nil when it is none.
func baseDriver(d driver.Driver) *wrappedDriver {
	if w, ok := d.(interface{ base() *wrappedDriver }); ok {
		return w.base()
	}
	return nil
}

// Open is what sql.Open calls for a driver without connectors.
func (d *wrappedDriver) Open(dsn string) (driver.Conn, error) {
	o := d.observer(dsn)
	began := o.creating()
	raw, err := d.raw.Open(dsn)
	if err != nil {
		return raw, err
	}
	o.created(began)
	return wrapConn(raw, o), nil
}

// Close closes the driver, where it can be closed.
func (d *wrappedDriver) Close() error {
	if c, ok := d.raw.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// observer returns what observes the database that dsn names. It is kept by
// what the name says of the database, so no secret is kept.
func (d *wrappedDriver) observer(dsn string) *observer {
	t := identify(d.raw, d.name, dsn)
	d.mu.Lock()
	defer d.mu.Unlock()
	o := d.observers[t]
	if o == nil {
		o = newObserver(t, d.opts)
		if len(d.observers) < maxObservers {
			d.observers[t] = o
		}
	}
	return o
}

func (d contextDriver) OpenConnector(dsn string) (driver.Connector, error) {
	c, err := d.raw.(driver.DriverContext).OpenConnector(dsn)
	if err != nil || c == nil {
		return c, err
	}
	return &connector{raw: c, o: d.observer(dsn), opts: d.opts, driver: d.self}, nil
}
