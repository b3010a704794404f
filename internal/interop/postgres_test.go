// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/sqltrace"
)

// startPostgres starts Debian's PostgreSQL with a database called shop, and
// returns its port.
func startPostgres(t testing.TB) (port string) {
	t.Helper()
	version := ""
	for _, name := range depends(t, "postgresql") {
		if regexp.MustCompile(`^postgresql-\d+$`).MatchString(name) {
			version = name
		}
	}
	dir := debian(t, version)
	bin := filepath.Join("usr", "lib", "postgresql", version[len("postgresql-"):], "bin")
	data := filepath.Join(t.TempDir(), "data")
	if out, err := unprivileged(debianCommand(dir, filepath.Join(bin, "initdb"), "-D", data, "-U", "bob", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8")).CombinedOutput(); err != nil {
		unavailable(t, "no cluster of PostgreSQL: %v\n%s", err, out)
	}
	// A socket's path is at most 107 bytes long.
	sockets, err := os.MkdirTemp("", "pg")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(sockets) })
	port = freePort(t)
	admin, err := sql.Open("postgres", "host=127.0.0.1 port="+port+" user=bob dbname=postgres sslmode=disable")
	require.NoError(t, err)
	defer admin.Close()
	startServer(t, unprivileged(debianCommand(dir, filepath.Join(bin, "postgres"), "-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+sockets, "-c", "fsync=off")), os.Interrupt, admin.PingContext)
	_, err = admin.Exec(`CREATE DATABASE shop`)
	require.NoError(t, err)
	return port
}

// postgres is what both drivers have in common.
func postgres(driver, dsn, port string) *database {
	return &database{
		driver: driver, dsn: dsn,
		system: "postgresql", namespace: "shop", address: "127.0.0.1", port: port,
		numbered: true,
		types:    map[string]string{"BYTES": "BYTEA"},
		slow:     `SELECT pg_sleep(10)`, slowSummary: "SELECT",
		pid:  `SELECT pg_backend_pid()`,
		kill: `SELECT pg_terminate_backend(?)`,
		busy: `SELECT COUNT(*) FROM pg_stat_activity WHERE pid = ? AND wait_event = 'PgSleep'`,
		code: map[string]string{"syntax": "42601", "missing": "42P01", "unique": "23505", "null": "23502", "killed": "57P01"},
		own: []step{
			{"strings of its own", func(s *session) {
				s.query(s.db, `SELECT $$it's `+literal+`$$, E'\'`+literal+`', $a$ $$ `+literal+` $a$ FROM items WHERE id = 1`)
				s.query(s.db, `SELECT /* /* */ '`+literal+`' */ "name" FROM "items" WHERE "id" = 1 AND '{"a": 1}'::jsonb #>> '{a}' = '1'`)
			}, []string{"SELECT items", `SELECT "items"`}},
			{"writing and reading", func(s *session) {
				s.query(s.db, `WITH gone AS (DELETE FROM items WHERE id = ? RETURNING *) SELECT name FROM gone`, 9)
				s.query(s.db, `INSERT INTO items (id, name) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name RETURNING id`, 1, "uno")
			}, []string{"DELETE items SELECT gone", "INSERT items"}},
			{"isolation", func(s *session) {
				tx := s.begin(&sql.TxOptions{Isolation: sql.LevelSerializable, ReadOnly: true})
				s.query(tx, `SHOW transaction_isolation`)
				s.exec(tx, `DELETE FROM items`)
				s.query(tx, `SELECT 1`)
				s.printf("%v", tx.Rollback())
			}, []string{"BEGIN shop", "SHOW", "DELETE items !25006", "SELECT !25P02", "ROLLBACK shop"}},
		},
	}
}

func TestPostgreSQLThroughPQIsTheSameObserved(t *testing.T) {
	usesModule(t, "github.com/lib/pq")
	port := startPostgres(t)
	d := postgres("postgres", "postgres://bob:"+literal+"@127.0.0.1:"+port+"/shop?sslmode=disable", port)
	d.code["deadline"] = "57014"
	d.code["killed"] = "driver.ErrBadConn" // which pq makes of 57P01
	d.own = append(d.own,
		step{"several result sets", func(s *session) {
			s.query(s.db, `SELECT id FROM items ORDER BY id; SELECT 'a', NULL; SELECT 1 WHERE false`)
		}, []string{"SELECT items SELECT SELECT"}},
		step{"COPY", func(s *session) {
			tx := s.begin(nil)
			stmt, err := tx.Prepare(`COPY items (id, name) FROM STDIN`)
			require.NoError(s.t, err)
			for id := range 3 {
				s.result(stmt.Exec(100+id, literal))
			}
			s.result(stmt.Exec())
			s.printf("%v %v", stmt.Close(), tx.Commit())
			s.query(s.db, `SELECT id, name FROM items WHERE id >= 100 ORDER BY id`)
		}, []string{"BEGIN shop", "COPY items", "COPY items", "COPY items", "COPY items", "COMMIT shop", "SELECT items"}},
		step{"arrays", func(s *session) {
			var back pq.StringArray
			err := s.db.QueryRowContext(s.ctx, `SELECT $1::text[]`, pq.Array([]string{"a", "b"})).Scan(&back)
			s.printf("%v %v", back, err)
		}, []string{"SELECT"}},
	)
	d.check(t)
}

func TestPostgreSQLThroughPGXIsTheSameObserved(t *testing.T) {
	usesModule(t, "github.com/jackc/pgx/v5")
	port := startPostgres(t)
	d := postgres("pgx", "host=127.0.0.1 port="+port+" user=bob password="+literal+" dbname=shop sslmode=disable", port)
	d.code["deadline"] = "context.DeadlineExceeded"
	d.refused = []string{"SELECT items !_OTHER"} // by pgx itself
	d.own = append(d.own,
		step{"several statements", func(s *session) {
			s.query(s.db, `SELECT 1; SELECT 2`)
			s.query(s.db, `SELECT name FROM items WHERE id = $1 -- by id`, pgx.QueryExecModeSimpleProtocol, 1)
		}, []string{"SELECT SELECT !42601", "SELECT items"}},
		step{"COPY", func(s *session) {
			conn, err := s.db.Conn(s.ctx)
			require.NoError(s.t, err)
			defer conn.Close()
			require.NoError(s.t, conn.Raw(func(c any) error {
				raw, ok := sqltrace.Unwrap(c).(*stdlib.Conn)
				require.True(s.t, ok)
				n, err := raw.Conn().CopyFrom(s.ctx, pgx.Identifier{"items"}, []string{"id", "name"}, pgx.CopyFromRows([][]any{{100, literal}, {101, literal}}))
				s.printf("%d %v", n, err)
				return nil
			}))
			s.query(conn, `SELECT id, name FROM items WHERE id >= 100 ORDER BY id`)
		}, []string{"SELECT items"}},
		step{"arguments of its own", func(s *session) {
			s.query(s.db, `SELECT $1::int[], $2::text[], $3::jsonb`, []int32{1, 2}, []string{"a"}, map[string]int{"a": 1})
			s.query(s.db, `SELECT @name::text`, pgx.NamedArgs{"name": "x"})
		}, []string{"SELECT", "SELECT"}},
	)
	d.check(t)
}

// TestPGXRecipe is the recipe of docs/sql.md: a configuration that pgx has
// parsed, observed.
func TestPGXRecipe(t *testing.T) {
	usesModule(t, "github.com/jackc/pgx/v5")
	port := startPostgres(t)
	config, err := pgx.ParseConfig("postgres://bob@127.0.0.1:" + port + "/shop?sslmode=disable")
	require.NoError(t, err)
	recorder, tp := recorded(t)
	db := sqltrace.OpenDB(stdlib.GetConnector(*config), sqltrace.WithTracerProvider(tp))
	defer db.Close()
	var one int
	require.NoError(t, db.QueryRowContext(context.Background(), "SELECT $1::int", 1).Scan(&one))
	require.Len(t, recorder.Ended(), 1)
	assert.Equal(t, "SELECT", recorder.Ended()[0].Name())
}
