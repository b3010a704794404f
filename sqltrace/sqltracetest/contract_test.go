// SPDX-License-Identifier: Apache-2.0

package sqltracetest

import (
	"context"
	"database/sql/driver"
	"io"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
)

// faulty wraps a connector as naive wrappers do.
type faulty struct {
	driver.Connector
	conn func(driver.Conn) driver.Conn
}

func (f faulty) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := f.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return f.conn(c), nil
}

func (f faulty) Close() error {
	if c, ok := f.Connector.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// plain hides every optional method.
type plain struct{ driver.Conn }

// greedy claims a fast path that the driver may not have.
type greedy struct{ driver.Conn }

func (g greedy) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if c, ok := g.Conn.(driver.ExecerContext); ok {
		return c.ExecContext(ctx, query, args)
	}
	return nil, driver.ErrSkip
}

// skipping says ErrSkip where it must not.
type skipping struct{ plain }

func (s skipping) Ping(ctx context.Context) error {
	if c, ok := s.Conn.(driver.Pinger); ok {
		return c.Ping(ctx)
	}
	return driver.ErrSkip
}

// resettingToo claims to reset and to validate, whatever the driver does.
type resettingToo struct{ plain }

func (r resettingToo) IsValid() bool                      { return true }
func (r resettingToo) ResetSession(context.Context) error { return nil }

// lenient drops the options that a driver lacks.
type lenient struct{ plain }

func (l lenient) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if c, ok := l.Conn.(driver.ConnBeginTx); ok {
		return c.BeginTx(ctx, opts)
	}
	return l.Begin()
}

// forgetful leaves a statement open when the context ended meanwhile.
type forgetful struct{ plain }

func (f forgetful) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if c, ok := f.Conn.(driver.ConnPrepareContext); ok {
		return c.PrepareContext(ctx, query)
	}
	return f.Prepare(query)
}

func TestContractFindsFaults(t *testing.T) {
	for name, conn := range map[string]func(driver.Conn) driver.Conn{
		"a wrapper that hides":                  func(c driver.Conn) driver.Conn { return plain{c} },
		"a wrapper that claims a fast path":     func(c driver.Conn) driver.Conn { return greedy{c} },
		"a wrapper that says ErrSkip to Ping":   func(c driver.Conn) driver.Conn { return skipping{plain{c}} },
		"a wrapper that claims to keep":         func(c driver.Conn) driver.Conn { return resettingToo{plain{c}} },
		"a wrapper that drops options":          func(c driver.Conn) driver.Conn { return lenient{plain{c}} },
		"a wrapper that leaves statements open": func(c driver.Conn) driver.Conn { return forgetful{plain{c}} },
	} {
		t.Run(name, func(t *testing.T) {
			wrap := func(c driver.Connector) driver.Connector { return faulty{c, conn} }
			// The shape in which the fault is the only one, where there is such.
			shape := Bare
			if name == "a wrapper that hides" {
				shape = Full
			}
			found := 0
			for _, c := range clauses() {
				if !reflect.DeepEqual(c.play(t, shape, nil), c.play(t, shape, wrap)) {
					found++
				}
			}
			assert.Positive(t, found, "clauses that see the fault")
		})
	}
}

func TestFakeChangesNothingByItself(t *testing.T) {
	Contract(t, func(c driver.Connector) driver.Connector { return c })
}

func TestEachClauseSeesSomething(t *testing.T) {
	for _, c := range clauses() {
		for _, shape := range Shapes() {
			assert.Greater(t, len(c.play(t, shape, nil)), 3, "%s, %s", c.name, shape)
		}
	}
}
