// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"context"
	"database/sql/driver"
)

// database/sql asks a connection what it can do by its methods, and some
// answers change what it does:
//
//   - an Execer or a Queryer has arguments checked by the connection alone
//     before the statement is tried, and spares a Prepare;
//   - a SessionResetter that is a Validator as well keeps its connection when
//     a transaction's context ends; one without the other loses it.
//
// These are claimed exactly as the driver has them. All else is claimed always
// and does, where the driver has nothing, what database/sql does then: a
// SessionResetter that does nothing is as good as none.
type (
	execs    struct{ c *conn }
	queries  struct{ c *conn }
	resets   struct{ c *conn }
	validate struct{ c *conn }
)

func (s execs) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return s.c.exec(ctx, query, args)
}

func (s queries) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return s.c.query(ctx, query, args)
}

func (s resets) ResetSession(ctx context.Context) error { return s.c.resetSession(ctx) }

func (s validate) IsValid() bool { return s.c.isValid() }

type (
	connReset struct {
		*conn
		resets
	}
	connValid struct {
		*conn
		validate
	}
	connBoth struct {
		*conn
		resets
		validate
	}
	connResetExec struct {
		connReset
		execs
	}
	connValidExec struct {
		connValid
		execs
	}
	connBothExec struct {
		connBoth
		execs
	}
	connResetQuery struct {
		connReset
		queries
	}
	connValidQuery struct {
		connValid
		queries
	}
	connBothQuery struct {
		connBoth
		queries
	}
	connResetExecQuery struct {
		connReset
		execs
		queries
	}
	connValidExecQuery struct {
		connValid
		execs
		queries
	}
	connBothExecQuery struct {
		connBoth
		execs
		queries
	}
)

// shape returns c as one of the twelve kinds of connection.
func shape(c *conn) driver.Conn {
	var (
		e = execs{c}
		q = queries{c}

		reset = connReset{c, resets{c}}
		valid = connValid{c, validate{c}}
		both  = connBoth{c, resets{c}, validate{c}}
	)
	const (
		canExec = 1 << iota
		canQuery
		isValidator
		isResetter
	)
	can := 0
	if c.execerCtx != nil || c.execer != nil {
		can |= canExec
	}
	if c.queryerCtx != nil || c.queryer != nil {
		can |= canQuery
	}
	if c.validator != nil {
		can |= isValidator
		if c.resetter != nil {
			can |= isResetter
		}
	}
	switch can {
	case 0:
		return reset
	case canExec:
		return connResetExec{reset, e}
	case canQuery:
		return connResetQuery{reset, q}
	case canExec | canQuery:
		return connResetExecQuery{reset, e, q}
	case isValidator:
		return valid
	case isValidator | canExec:
		return connValidExec{valid, e}
	case isValidator | canQuery:
		return connValidQuery{valid, q}
	case isValidator | canExec | canQuery:
		return connValidExecQuery{valid, e, q}
	case isValidator | isResetter:
		return both
	case isValidator | isResetter | canExec:
		return connBothExec{both, e}
	case isValidator | isResetter | canQuery:
		return connBothQuery{both, q}
	default:
		return connBothExecQuery{both, e, q}
	}
}
