// SPDX-License-Identifier: Apache-2.0

// Package sqltracetest checks that wrapping a driver of database/sql changes
// nothing: that the same program makes the same calls of the driver, and gets
// the same results and errors, as with the driver as it is.
//
// [Contract] checks a way of wrapping with drivers of every shape. [Compare]
// checks a driver of yours: it runs a program twice, with your driver as it is
// and wrapped.
package sqltracetest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Wrap wraps a connector: sqltrace.WrapConnector with some options, or
// anything else that claims to change nothing.
type Wrap func(driver.Connector) driver.Connector

// Contract checks that wrap changes nothing that database/sql, or a program
// that uses it, can see. It runs each clause with a fake driver in each of
// [Shapes], as it is and wrapped, and compares the calls that the driver got
// and what the program saw.
func Contract(t *testing.T, wrap Wrap) {
	t.Helper()
	for _, c := range clauses() {
		t.Run(c.name, func(t *testing.T) {
			for _, shape := range Shapes() {
				t.Run(string(shape), func(t *testing.T) {
					want := c.play(t, shape, nil)
					got := c.play(t, shape, wrap)
					assert.Equal(t, want, got, "the driver as it is, and wrapped")
				})
			}
		})
	}
}

// Compare runs program with the driver as it is and with the driver wrapped,
// and checks that it notes the same both times. open is called once for each
// and should find the database in the same state. What program notes must not
// differ from run to run: no times, no ids that a server makes up.
func Compare(t *testing.T, open func(testing.TB) driver.Connector, wrap Wrap, program func(ctx context.Context, db *sql.DB, note func(format string, args ...any))) {
	t.Helper()
	run := func(wrap Wrap) (notes []string) {
		connector := open(t)
		if wrap != nil {
			connector = wrap(connector)
		}
		db := sql.OpenDB(connector)
		defer func() { require.NoError(t, db.Close()) }()
		program(t.Context(), db, func(format string, args ...any) {
			notes = append(notes, fmt.Sprintf(format, args...))
		})
		return notes
	}
	want := run(nil)
	require.NotEmpty(t, want, "the program notes nothing, so there is nothing to compare")
	assert.Equal(t, want, run(wrap), "the driver as it is, and wrapped")
}

// clause is one of the contract: a program that looks at one thing.
type clause struct {
	name  string
	setup func(s *session)
	run   func(s *session)
}

// session is one run of a clause.
type session struct {
	ctx   context.Context
	fake  *Fake
	db    *sql.DB
	wrap  Wrap
	notes []string
	calls map[string]int // so far, by name
}

func (c clause) play(t *testing.T, shape Shape, wrap Wrap) (seen []string) {
	synctest.Test(t, func(t *testing.T) {
		s := &session{ctx: t.Context(), fake: &Fake{Shape: shape}, wrap: wrap, calls: map[string]int{}}
		if c.setup != nil {
			c.setup(s)
		}
		connector := s.fake.Connector()
		if wrap != nil {
			connector = wrap(connector)
		}
		s.db = sql.OpenDB(connector)
		c.run(s)
		// What a canceled context sets off goes on by itself.
		synctest.Wait()
		s.note("open", s.db.Stats().OpenConnections)
		s.note("close", s.db.Close())
		synctest.Wait()
		seen = append(s.notes, s.fake.Calls()...)
	})
	return seen
}

// failing makes the nth call by that name fail, counting from 1; 0 is each.
func (s *session) failing(call string, n int, err error) {
	s.hook(call, func(count int) error {
		if n == 0 || count == n {
			return err
		}
		return nil
	})
}

// hook calls f at each call by that name, with the number of it.
func (s *session) hook(call string, f func(count int) error) {
	before := s.fake.Hook
	s.fake.Hook = func(name string) error {
		if name == call {
			s.calls[name]++
			return f(s.calls[name])
		}
		if before != nil {
			return before(name)
		}
		return nil
	}
}

// note adds what the program saw. Errors that mean something by being who they
// are, are noted by name.
func (s *session) note(what string, values ...any) {
	line := what + ":"
	for _, v := range values {
		if err, ok := v.(error); ok {
			line += " " + errorName(err)
			continue
		}
		line += fmt.Sprintf(" %v", v)
	}
	s.notes = append(s.notes, line)
}

func errorName(err error) string {
	for name, sentinel := range map[string]error{
		"driver.ErrSkip":           driver.ErrSkip,
		"driver.ErrBadConn":        driver.ErrBadConn,
		"driver.ErrRemoveArgument": driver.ErrRemoveArgument,
		"io.EOF":                   io.EOF,
		"sql.ErrNoRows":            sql.ErrNoRows,
		"sql.ErrTxDone":            sql.ErrTxDone,
		"sql.ErrConnDone":          sql.ErrConnDone,
		"context.Canceled":         context.Canceled,
	} {
		if err == sentinel { //nolint:errorlint // identity is the point
			return name
		}
	}
	return fmt.Sprintf("%T(%v)", err, err)
}

var errFake = errors.New("fake: no")

// query runs a query to its end and notes all that comes of it.
func (s *session) query(what string, rows *sql.Rows, err error) {
	s.note(what, err)
	if err != nil {
		return
	}
	for {
		for rows.Next() {
			var id, name any
			err := rows.Scan(&id, &name)
			s.note("row", id, name, err)
		}
		if !rows.NextResultSet() {
			break
		}
	}
	s.note("rows", rows.Err(), rows.Close())
}

// result notes what a result says.
func (s *session) result(what string, res sql.Result, err error) {
	s.note(what, err)
	if err != nil {
		return
	}
	id, err := res.LastInsertId()
	s.note("id", id, err)
	n, err := res.RowsAffected()
	s.note("affected", n, err)
}

// all runs each kind of statement, so that a clause need not care which of
// them a shape has a way of its own for.
func (s *session) all(ctx context.Context, args ...any) {
	res, err := s.db.ExecContext(ctx, "INSERT", args...)
	s.result("exec", res, err)
	rows, err := s.db.QueryContext(ctx, "SELECT", args...)
	s.query("query", rows, err)
	s.prepared(ctx, s.db.PrepareContext, args...)
	tx, err := s.db.BeginTx(ctx, nil)
	s.note("begin", err)
	if err != nil {
		return
	}
	res, err = tx.ExecContext(ctx, "UPDATE", args...)
	s.result("tx exec", res, err)
	rows, err = tx.QueryContext(ctx, "SELECT 2", args...)
	s.query("tx query", rows, err)
	s.prepared(ctx, tx.PrepareContext, args...)
	s.note("commit", tx.Commit())
}

func (s *session) prepared(ctx context.Context, prepare func(context.Context, string) (*sql.Stmt, error), args ...any) {
	stmt, err := prepare(ctx, "PREPARED")
	s.note("prepare", err)
	if err != nil {
		return
	}
	for range 2 {
		res, err := stmt.ExecContext(ctx, args...)
		s.result("stmt exec", res, err)
		rows, err := stmt.QueryContext(ctx, args...)
		s.query("stmt query", rows, err)
	}
	s.note("stmt close", stmt.Close())
}

// canceling returns a context, and a hook that cancels it during a call.
func (s *session) canceling(call string) context.Context {
	ctx, cancel := context.WithCancel(s.ctx)
	s.hook(call, func(int) error {
		cancel()
		return nil
	})
	return ctx
}

// catch notes a panic of f.
func (s *session) catch(what string, f func()) {
	defer func() { s.note(what, fmt.Sprint("panic=", recover())) }()
	f()
}

// later is a deadline that no clause lives to see.
func (s *session) later() (context.Context, context.CancelFunc) {
	return context.WithDeadline(s.ctx, time.Now().Add(time.Hour))
}
