// SPDX-License-Identifier: Apache-2.0

package sqltracetest

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"sync"
)

// Shape is what a driver can do, of all that database/sql asks for.
type Shape string

const (
	// Bare drivers have what an interface of the driver package must have and
	// nothing else.
	Bare Shape = "bare"
	// Legacy drivers are those of Go 1.7: Execer, Queryer and ColumnConverter,
	// and no context anywhere.
	Legacy Shape = "legacy"
	// Full drivers have every optional method.
	Full Shape = "full"
	// Resetting drivers are full but cannot tell whether a connection is valid.
	Resetting Shape = "resetting"
	// Validating drivers are full but cannot reset a session.
	Validating Shape = "validating"
	// Executing drivers are bare but for Execer.
	Executing Shape = "executing"
	// Querying drivers are bare but for Queryer.
	Querying Shape = "querying"
)

// Shapes are all of them.
func Shapes() []Shape {
	return []Shape{Bare, Legacy, Full, Resetting, Validating, Executing, Querying}
}

// Fake is a driver that does nothing, in the shape that is wanted, and notes
// each call. Its methods may be called concurrently; its fields must not be
// changed once it is used.
type Fake struct {
	Shape Shape

	// Hook is called at each call of the driver with its name, such as
	// "conn.Query" or "stmt.Close" (those with a context have the same name),
	// and what it returns is the call's error. It may panic. A nil Hook never
	// fails.
	Hook func(call string) error

	// Inputs is how many placeholders a statement has; nil for one that does
	// not know.
	Inputs func() int

	// Check is the connection's NamedValueChecker in shapes that have one, and
	// CheckStmt the statement's. A nil one leaves arguments to the default.
	Check, CheckStmt func(*driver.NamedValue) error

	// Result and Rows are what statements return; nil for the fake's own. They
	// return what a driver would, so (driver.Result)(nil) is possible.
	Result func() driver.Result
	Rows   func() driver.Rows

	mu    sync.Mutex
	calls []string
	conns int
}

// Calls returns what was called so far, in order, with the arguments.
func (f *Fake) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// Open opens a connection.
func (f *Fake) Open(dsn string) (driver.Conn, error) {
	if err := f.call("driver.Open", "driver.Open %q", dsn); err != nil {
		return nil, err
	}
	return f.connect(), nil
}

func (f *Fake) connect() driver.Conn {
	f.mu.Lock()
	f.conns++
	c := &fakeConn{f: f, name: fmt.Sprintf("conn%d", f.conns)}
	f.mu.Unlock()
	return c.shaped()
}

// Driver returns the fake in its shape: f itself, or one that makes
// connectors.
func (f *Fake) Driver() driver.Driver {
	switch f.Shape {
	case Full, Resetting, Validating:
		return fakeDriver{f}
	}
	return f
}

type fakeDriver struct{ *Fake }

func (d fakeDriver) OpenConnector(dsn string) (driver.Connector, error) {
	if err := d.call("driver.OpenConnector", "driver.OpenConnector %q", dsn); err != nil {
		return nil, err
	}
	return d.Connector(), nil
}

// Connector returns a connector of the driver, which can be closed where the
// driver makes connectors.
func (f *Fake) Connector() driver.Connector {
	switch f.Shape {
	case Full, Resetting, Validating:
		return fakeCloser{fakeConnector{f}}
	}
	return fakeConnector{f}
}

type fakeConnector struct{ f *Fake }

func (c fakeConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := c.f.call("connector.Connect", "connector.Connect%s", seen(ctx)); err != nil {
		return nil, err
	}
	return c.f.connect(), nil
}

func (c fakeConnector) Driver() driver.Driver { return c.f.Driver() }

type fakeCloser struct{ fakeConnector }

func (c fakeCloser) Close() error { return c.f.call("connector.Close", "connector.Close") }

// call notes a call and returns what it is to fail with.
func (f *Fake) call(name, format string, args ...any) error {
	f.mu.Lock()
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
	f.mu.Unlock()
	if f.Hook == nil {
		return nil
	}
	return f.Hook(name)
}

type markKey struct{}

// seen says what a driver can see of a context.
func seen(ctx context.Context) string {
	s := ""
	if mark := ctx.Value(markKey{}); mark != nil {
		s += fmt.Sprintf(" mark=%v", mark)
	}
	if deadline, ok := ctx.Deadline(); ok {
		s += " deadline=" + deadline.UTC().Format("15:04:05")
	}
	if ctx.Done() == nil {
		s += " forever"
	}
	if err := ctx.Err(); err != nil {
		s += " " + err.Error()
	}
	return s
}
