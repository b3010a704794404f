// SPDX-License-Identifier: Apache-2.0

package sqltracetest

import (
	"database/sql/driver"
	"fmt"
)

// point is an argument that only a driver's own checker understands.
type point struct{ x, y int }

// argumentClauses are about who checks arguments, and in which order.
func argumentClauses() []clause {
	byConn := func(nv *driver.NamedValue) error {
		if p, ok := nv.Value.(point); ok {
			nv.Value = fmt.Sprintf("conn(%d,%d)", p.x, p.y)
			return nil
		}
		return driver.ErrSkip
	}
	byStmt := func(nv *driver.NamedValue) error {
		if p, ok := nv.Value.(point); ok {
			nv.Value = fmt.Sprintf("stmt(%d,%d)", p.x, p.y)
			return nil
		}
		return driver.ErrSkip
	}
	run := func(args ...any) func(*session) {
		return func(s *session) { s.all(s.ctx, args...) }
	}
	return []clause{
		{
			name:  "the connection checks arguments",
			setup: func(s *session) { s.fake.Check = byConn },
			run:   run(point{1, 2}, 3),
		},
		{
			name:  "the statement checks arguments",
			setup: func(s *session) { s.fake.CheckStmt = byStmt },
			run:   run(point{1, 2}, 3),
		},
		{
			name:  "the statement checks arguments before the connection",
			setup: func(s *session) { s.fake.Check, s.fake.CheckStmt = byConn, byStmt },
			run:   run(point{1, 2}, 3),
		},
		{
			name: "the statement checks what the fast path declined",
			setup: func(s *session) {
				s.fake.Check, s.fake.CheckStmt = byConn, byStmt
				s.failing("conn.Exec", 0, driver.ErrSkip)
				s.failing("conn.Query", 0, driver.ErrSkip)
			},
			run: run(point{1, 2}, 3),
		},
		{
			name: "an argument can be removed",
			setup: func(s *session) {
				s.fake.Check = func(nv *driver.NamedValue) error {
					if _, ok := nv.Value.(point); ok {
						return driver.ErrRemoveArgument
					}
					return nil
				}
				s.fake.CheckStmt = s.fake.Check
			},
			run: run(1, point{}, 2),
		},
		{
			name: "an argument can be refused",
			setup: func(s *session) {
				s.fake.Check = func(*driver.NamedValue) error { return errFake }
				s.fake.CheckStmt = s.fake.Check
			},
			run: run(1),
		},
		{name: "an argument nobody understands is refused", run: run(point{})},
		{
			name:  "arguments are counted where their number is known",
			setup: func(s *session) { s.fake.Inputs = inputs(2) },
			run:   run(1),
		},
		{
			name: "arguments are counted where the fast path declined",
			setup: func(s *session) {
				s.fake.Inputs = inputs(2)
				s.failing("conn.Exec", 0, driver.ErrSkip)
				s.failing("conn.Query", 0, driver.ErrSkip)
			},
			run: run(1),
		},
		{
			name:  "columns convert arguments where their number is known",
			setup: func(s *session) { s.fake.Inputs = inputs(2) },
			run:   run(int32(1), "two"),
		},
		{
			name:  "columns refuse arguments",
			setup: func(s *session) { s.fake.Inputs = inputs(1) },
			run:   run(nil),
		},
	}
}

func inputs(n int) func() int { return func() int { return n } }
