// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"

	"github.com/waymark-otel/waymark/sqltrace"
)

// sqliteCorpus are statements that a comment might do something to.
var sqliteCorpus = []string{
	`CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT /* of t */, c)`,
	`CREATE VIEW v AS SELECT a, b FROM t -- of v
`,
	`CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET c = 'x;--' WHERE a = new.a; END;`,
	`INSERT INTO t (b) VALUES ('one'), ('it''s'), ('/* three */'), ('-- four'), ('5;')`,
	`INSERT INTO t (b) SELECT b || ';' FROM t WHERE a < 3;`,
	`SELECT * FROM t`, `SELECT * FROM t;`, `SELECT * FROM t ; `, "SELECT *\nFROM t\n;\n", `SELECT * FROM t;;`,
	`SELECT * FROM v -- all of it`, "SELECT * FROM v -- all of it\n", "SELECT * FROM v -- all; of it\n;", `SELECT * FROM v; -- all of it`,
	`SELECT /* one */ 1`, `SELECT 1 /* one */`, `SELECT 1 /* one */;`, `SELECT 1; /* one */`, `SELECT 1 /* open`, `/* only */`, ``, ` `, `;`,
	`SELECT ';'`, `SELECT '--'`, `SELECT '/*'`, `SELECT '*/'`, `SELECT 'it''s'`, `SELECT '\'`, `SELECT 'a\', 'b'`, `SELECT "it's" FROM (SELECT 1 AS "it's")`,
	`SELECT [it's] FROM (SELECT 1 AS [it's])`, "SELECT `it's` FROM (SELECT 1 AS `it's`)", `SELECT 5--1`, `SELECT 5 -1`, `SELECT 6/2`, `SELECT x'CAFE'`, `SELECT 1e3, .5, 0x1F`,
	`SELECT 'unterminated`, `SELECT FROM`, `SELECT * FROM missing`, `SELECT $$a$$`, `SELECT q'[a]'`, `SELECT 1 # one`,
	`SELECT 1; SELECT 2`, `SELECT 1; SELECT 2;`, `SELECT 1; -- one` + "\n" + `SELECT 2`,
	`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT * FROM n`,
	`SELECT json_extract('{"a": [1, 2]}', '$.a[1]'), '{"a": 1}' ->> '$.a'`,
	`VALUES (1, 'a'), (2, 'b')`, `EXPLAIN SELECT 1`, `EXPLAIN QUERY PLAN SELECT * FROM t WHERE a = 1`,
	`PRAGMA table_info(t)`, `PRAGMA user_version = 7`, `PRAGMA user_version`, `SELECT * FROM pragma_table_info('t')`,
	`UPDATE t SET c = ';' WHERE a = 1 RETURNING *`, `REPLACE INTO t (a, b) VALUES (1, 'uno')`, `DELETE FROM t WHERE a = 2 RETURNING b`,
	`INSERT INTO t (a, b) VALUES (1, 'eins') ON CONFLICT (a) DO UPDATE SET b = excluded.b`,
	`INSERT INTO t (a) VALUES (1)`, `ALTER TABLE t ADD COLUMN d DEFAULT 'x -- y'`, `CREATE INDEX i ON t (b) WHERE b <> ';'`,
	`BEGIN`, `INSERT INTO t (b) VALUES ('gone')`, `ROLLBACK`, `SAVEPOINT s`, `RELEASE s`, `ANALYZE`, `REINDEX i`,
	`SELECT * FROM t ORDER BY a`, `SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name`, `DROP VIEW v`, `VACUUM`,
	"SELECT 1\x00, 2", "SELECT 'žluťoučký'", "\ufeffSELECT 1",
}

// TestSQLiteReturnsTheSameCommented: each statement of a corpus, with and
// without.
func TestSQLiteReturnsTheSameCommented(t *testing.T) {
	usesModule(t, "modernc.org/sqlite")
	dir := t.TempDir()
	bare, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "bare.db"))
	require.NoError(t, err)
	defer bare.Close()
	_, tp := recorded(t)
	commented, err := sqltrace.Open("sqlite", "file:"+filepath.Join(dir, "commented.db"), sqltrace.WithTracerProvider(tp), sqltrace.WithCommenter(attribute.String("route", "/*'; DROP TABLE t --")))
	require.NoError(t, err)
	defer commented.Close()
	for _, db := range []*sql.DB{bare, commented} {
		db.SetMaxOpenConns(1) // transactions are statements here
	}
	a, b := &session{t: t, ctx: t.Context(), d: &database{}}, &session{t: t, ctx: t.Context(), d: &database{}}
	for i, query := range sqliteCorpus {
		a.query(bare, query)
		b.query(commented, query)
		assert.Equal(t, a.log.String(), b.log.String(), "%d: %q", i, query)
		a.log.Reset()
		b.log.Reset()
	}
}

// TestCommentReachesTheServer: what the server itself shows of its sessions.
func TestCommentReachesTheServer(t *testing.T) {
	for driver, tc := range map[string]struct {
		start func(testing.TB) string
		dsn   string
		query string
	}{
		"pgx":      {startPostgres, "postgres://bob@127.0.0.1:%s/shop?sslmode=disable", `SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid();`},
		"postgres": {startPostgres, "postgres://bob@127.0.0.1:%s/shop?sslmode=disable", `SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid();`},
		"mysql":    {startMariaDB, "bob@tcp(127.0.0.1:%s)/shop", `SELECT info FROM information_schema.processlist WHERE id = CONNECTION_ID()`},
	} {
		t.Run(driver, func(t *testing.T) {
			recorder, tp := recorded(t)
			db, err := sqltrace.Open(driver, fmt.Sprintf(tc.dsn, tc.start(t)), sqltrace.WithTracerProvider(tp), sqltrace.WithCommenter(attribute.String("route", "GET /o/{id}")))
			require.NoError(t, err)
			defer db.Close()
			var shown string
			require.NoError(t, db.QueryRowContext(t.Context(), tc.query).Scan(&shown))
			require.Len(t, recorder.Ended(), 1)
			sc := recorder.Ended()[0].SpanContext()
			want := strings.TrimSuffix(tc.query, ";") + " /*route='GET%20%2Fo%2F%7Bid%7D',traceparent='00-" + sc.TraceID().String() + "-" + sc.SpanID().String() + "-01'*/"
			assert.Equal(t, want, strings.TrimSuffix(shown, ";"))
		})
	}
}
