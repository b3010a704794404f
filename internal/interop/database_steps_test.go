// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// steps are the program.
func (d *database) steps() []step {
	begin, commit, rollback := "BEGIN "+d.namespace, "COMMIT "+d.namespace, "ROLLBACK "+d.namespace
	steps := []step{
		{"schema", func(p *session) {
			p.exec(p.db, `DROP TABLE IF EXISTS items`)
			p.exec(p.db, `CREATE TABLE items (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, price DECIMAL(10, 2), data BYTES, made TIMESTAMP NULL)`)
		}, []string{"DROP TABLE items", "CREATE TABLE items"}},
		{"insert with arguments", func(p *session) {
			made := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
			p.exec(p.db, `INSERT INTO items (id, name, price, data, made) VALUES (?, ?, ?, ?, ?)`, 1, "one", 1.25, []byte{0, 1, 2, 255}, made)
			p.exec(p.db, `INSERT INTO items (id, name) VALUES (?, ?), (?, ?)`, 2, "it's", 3, "žluťoučký")
		}, []string{"INSERT items", "INSERT items"}},
		{"insert with literals", func(p *session) {
			p.exec(p.db, `INSERT INTO items (id, name) VALUES (4, '`+literal+`')`)
			p.exec(p.db, `UPDATE items SET price = 9.5 WHERE name = '`+literal+`';`)
		}, []string{"INSERT items", "UPDATE items"}},
		{"query", func(p *session) {
			p.query(p.db, `SELECT id, name, price, data, made FROM items ORDER BY id`)
			p.query(p.db, `SELECT name FROM items WHERE id = ?`, 2)
			p.query(p.db, `SELECT name FROM items WHERE name = '`+literal+`' /* a comment */`)
			p.query(p.db, `SELECT i.name, COUNT(*) AS n FROM items i JOIN items j ON i.id <= j.id WHERE i.id IN (1, 2) GROUP BY i.name ORDER BY n`)
			p.query(p.db, `SELECT id FROM items WHERE id > 99`)
			p.query(p.db, `SELECT 1 + 1, 'it''s'`) // columns may be named after the text
		}, []string{"SELECT items", "SELECT items", "SELECT items", "SELECT items items", "SELECT items", "SELECT"}},
		{"no rows", func(p *session) {
			var name string
			err := p.db.QueryRowContext(p.ctx, p.q(`SELECT name FROM items WHERE id = ?`), 99).Scan(&name)
			p.printf("%v %t", err, errors.Is(err, sql.ErrNoRows))
		}, []string{"SELECT items"}},
		{"prepared", func(p *session) {
			stmt, err := p.db.PrepareContext(p.ctx, p.q(`SELECT name, price FROM items WHERE id = ?`))
			require.NoError(p.t, err)
			for id := range 3 {
				p.rows(stmt.QueryContext(p.ctx, id))
			}
			tx := p.begin(nil)
			p.rows(tx.StmtContext(p.ctx, stmt).QueryContext(p.ctx, 4))
			p.printf("%v %v", tx.Commit(), stmt.Close())
		}, []string{"SELECT items", "SELECT items", "SELECT items", begin, "SELECT items", commit}},
		{"transactions", func(p *session) {
			tx := p.begin(nil)
			p.exec(tx, `UPDATE items SET price = ? WHERE id = ?`, 2.5, 2)
			p.query(tx, `SELECT price FROM items WHERE id = 2`)
			p.printf("%v", tx.Rollback())
			p.query(p.db, `SELECT price FROM items WHERE id = 2`)
			tx = p.begin(nil)
			p.exec(tx, `DELETE FROM items WHERE id = ?`, 3)
			p.printf("%v %v", tx.Commit(), tx.Rollback())
			p.query(p.db, `SELECT COUNT(*) FROM items`)
		}, []string{begin, "UPDATE items", "SELECT items", rollback, "SELECT items", begin, "DELETE items", commit, "SELECT items"}},
		{"left open", func(p *session) {
			ctx, cancel := context.WithCancel(p.ctx)
			tx, err := p.db.BeginTx(ctx, nil)
			require.NoError(p.t, err)
			p.exec(tx, `DELETE FROM items`)
			cancel()
			require.Eventually(p.t, func() bool { return p.db.Stats().InUse == 0 }, 10*time.Second, time.Millisecond)
			p.query(p.db, `SELECT COUNT(*) FROM items`)
		}, []string{begin, "DELETE items", rollback, "SELECT items"}},
		{"errors", func(p *session) {
			// Long enough for no message to reach the comment behind it.
			p.query(p.db, `SELECT FROM WHERE '`+strings.Repeat(literal, 20)+`'`)
			p.query(p.db, `SELECT * FROM missing`)
			p.exec(p.db, `INSERT INTO items (id, name) VALUES (?, ?)`, 1, literal)
			p.exec(p.db, `INSERT INTO items (id, name) VALUES (?, ?)`, 9, nil)
			p.exec(p.db, `INSERT INTO items (id, name) VALUES (1, '`+literal+`')`)
		}, []string{
			"SELECT !" + d.code["syntax"], "SELECT missing !" + d.code["missing"], "INSERT items !" + d.code["unique"], "INSERT items !" + d.code["null"],
			"INSERT items !" + d.code["unique"],
		}},
		{"arguments refused", func(p *session) {
			_, err := p.db.QueryContext(p.ctx, p.q(`SELECT name FROM items WHERE id = ?`), make(chan int))
			p.printf("%T", err)
		}, d.refused},
		{"canceled", func(p *session) {
			ctx, cancel := context.WithCancel(p.ctx)
			defer time.AfterFunc(100*time.Millisecond, cancel).Stop()
			p.gaveUp(ctx)
		}, []string{d.slowSummary}},
		{"deadline", func(p *session) {
			ctx, cancel := context.WithTimeout(p.ctx, 100*time.Millisecond)
			defer cancel()
			p.gaveUp(ctx)
		}, []string{d.slowSummary + " !" + d.code["deadline"]}},
	}
	if d.kill != "" {
		steps = append(steps, step{"killed", func(p *session) {
			conn, err := p.db.Conn(p.ctx)
			require.NoError(p.t, err)
			done := p.murder(conn)
			_, err = conn.ExecContext(p.ctx, d.slow)
			p.failed(err)
			<-done
			_ = conn.Close()
			p.query(p.db, `SELECT COUNT(*) FROM items`)
		}, []string{"SELECT", d.slowSummary + " !" + d.code["killed"], "SELECT items"}})
	}
	return append(steps, d.own...)
}

// gaveUp runs a statement that nobody waits for to its end.
func (p *session) gaveUp(ctx context.Context) {
	began := time.Now()
	rows, err := p.db.QueryContext(ctx, p.d.slow)
	if err == nil {
		for rows.Next() {
		}
		err = rows.Err()
		_ = rows.Close()
	}
	assert.Less(p.t, time.Since(began), 9*time.Second)
	p.failed(err)
}

// murder kills a connection as soon as it runs the slow statement: what the
// server says to that arrives before the end of the connection.
func (p *session) murder(conn *sql.Conn) (done <-chan struct{}) {
	var pid int64
	require.NoError(p.t, conn.QueryRowContext(p.ctx, p.d.pid).Scan(&pid))
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		other, err := sql.Open(p.d.driver, p.d.dsn)
		if !assert.NoError(p.t, err) {
			return
		}
		defer other.Close()
		assert.Eventually(p.t, func() bool {
			var n int
			return other.QueryRowContext(p.ctx, p.q(p.d.busy), pid).Scan(&n) == nil && n == 1
		}, 8*time.Second, 10*time.Millisecond)
		_, err = other.ExecContext(p.ctx, p.q(p.d.kill), pid)
		assert.NoError(p.t, err)
	}()
	return killed
}
