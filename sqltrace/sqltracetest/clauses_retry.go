// SPDX-License-Identifier: Apache-2.0

package sqltracetest

import (
	"database/sql/driver"
	"fmt"
)

// retryClauses are about connections that turn out to be bad.
func retryClauses() []clause {
	var all []clause
	for _, call := range []string{"connector.Connect", "conn.ResetSession", "conn.Exec", "conn.Query", "conn.Prepare", "conn.Begin", "stmt.Exec", "stmt.Query"} {
		for bad := 2; bad <= 4; bad++ {
			all = append(all, clause{
				name: fmt.Sprintf("%s finds %d connections bad", call, bad),
				setup: func(s *session) {
					s.hook(call, func(count int) error {
						if count <= bad {
							return driver.ErrBadConn
						}
						return nil
					})
				},
				run: func(s *session) {
					s.all(s.ctx, 1)
					s.all(s.ctx, 1)
				},
			})
		}
	}
	return append(all, clause{
		name: "a connection of one's own turns out to be bad",
		setup: func(s *session) {
			s.failing("conn.Exec", 1, driver.ErrBadConn)
			s.failing("conn.Prepare", 1, driver.ErrBadConn)
		},
		run: func(s *session) {
			conn, err := s.db.Conn(s.ctx)
			s.note("conn", err)
			for range 2 {
				_, err = conn.ExecContext(s.ctx, "INSERT")
				s.note("exec", err)
			}
			s.note("close", conn.Close())
		},
	}, clause{
		name: "a transaction's connection turns out to be bad",
		setup: func(s *session) {
			s.failing("conn.Exec", 1, driver.ErrBadConn)
			s.failing("stmt.Exec", 1, driver.ErrBadConn)
		},
		run: func(s *session) {
			tx, err := s.db.BeginTx(s.ctx, nil)
			s.note("begin", err)
			_, err = tx.ExecContext(s.ctx, "INSERT")
			s.note("exec", err)
			s.prepared(s.ctx, tx.PrepareContext)
			s.note("commit", tx.Commit())
		},
	})
}
