// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
)

// startMariaDB starts Debian's MariaDB with a database called shop, and returns
// its port. It lets everybody in.
func startMariaDB(t testing.TB) (port string) {
	t.Helper()
	dir := debian(t, "mariadb-server-core")
	home, err := os.MkdirTemp("", "my") // a socket's path is at most 107 bytes long
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	data := filepath.Join(home, "data")
	require.NoError(t, os.Mkdir(data, 0o755))
	port = freePort(t)
	admin, err := sql.Open("mysql", "bob@tcp(127.0.0.1:"+port+")/")
	require.NoError(t, err)
	defer admin.Close()
	require.NoError(t, mysql.SetLogger(&mysql.NopLogger{})) // of connections that are not there yet, or were killed
	share := filepath.Join(dir, "usr", "share", "mysql")
	args := []string{"--no-defaults", "--basedir=" + filepath.Join(dir, "usr"), "--lc-messages-dir=" + share, "--datadir=" + data,
		"--innodb-log-file-size=4M", "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0", "--character-set-server=utf8mb4"}
	if os.Geteuid() == 0 {
		args = append(args, "--user=root")
	}
	tables, err := os.ReadFile(filepath.Join(share, "mysql_system_tables.sql"))
	require.NoError(t, err)
	install := debianCommand(dir, "usr/sbin/mariadbd", append(args, "--bootstrap")...)
	install.Stdin = strings.NewReader("CREATE DATABASE mysql;\nUSE mysql;\n" + string(tables))
	if out, err := install.CombinedOutput(); err != nil {
		unavailable(t, "no system tables of MariaDB: %v\n%s", err, out)
	}
	args = append(args, "--skip-grant-tables", "--skip-networking=0", "--bind-address=127.0.0.1", "--port="+port,
		"--socket="+filepath.Join(home, "s"), "--pid-file="+filepath.Join(home, "pid"))
	startServer(t, debianCommand(dir, "usr/sbin/mariadbd", args...), syscall.SIGTERM, admin.PingContext)
	_, err = admin.Exec("CREATE DATABASE shop")
	require.NoError(t, err)
	return port
}

func TestMariaDBIsTheSameObserved(t *testing.T) {
	usesModule(t, "github.com/go-sql-driver/mysql")
	port := startMariaDB(t)
	for name, parameters := range map[string]string{
		"arguments by prepared statements": "?multiStatements=true",
		"arguments in the text":            "?multiStatements=true&interpolateParams=true&parseTime=true",
	} {
		t.Run(name, func(t *testing.T) {
			d := &database{
				driver: "mysql", dsn: "bob:" + literal + "@tcp(127.0.0.1:" + port + ")/shop" + parameters,
				system: "mysql", namespace: "shop", address: "127.0.0.1", port: port,
				types: map[string]string{"BYTES": "BLOB"},
				slow:  `SELECT SLEEP(10)`, slowSummary: "SELECT",
				pid:  `SELECT CONNECTION_ID()`,
				busy: `SELECT COUNT(*) FROM information_schema.processlist WHERE id = ? AND state = 'User sleep'`,
				kill: `KILL CONNECTION ?`,
				code: map[string]string{"syntax": "1064", "missing": "1146", "unique": "1062", "null": "1048", "deadline": "context.DeadlineExceeded", "killed": "_OTHER"},
				own: []step{
					{"several result sets", func(s *session) {
						s.query(s.db, `SELECT id FROM items ORDER BY id; SELECT 'a', NULL; SELECT 1 FROM items WHERE FALSE`)
						s.exec(s.db, `UPDATE items SET price = 1; UPDATE items SET price = 2 WHERE id = 1`)
					}, []string{"SELECT items SELECT SELECT items", "UPDATE items UPDATE items"}},
					{"strings of its own", func(s *session) {
						s.query(s.db, "SELECT \""+literal+"\", 'it\\'s "+literal+"', _utf8mb4'"+literal+"' # '"+literal+"\n FROM `items` WHERE `id` = 1")
						s.query(s.db, `SELECT /*! '`+literal+`', */ 5--3 FROM items WHERE id = 1`)
					}, []string{"SELECT `items`", "SELECT items"}},
					{"numbers of its own", func(s *session) {
						s.query(s.db, `SELECT ?, ?`, uint64(18446744073709551615), -1)
					}, []string{"SELECT"}},
					{"procedures", func(s *session) {
						s.exec(s.db, `DROP PROCEDURE IF EXISTS p`)
						s.exec(s.db, `CREATE PROCEDURE p(n INT) BEGIN SELECT n; SELECT 'a'; END`)
						s.query(s.db, `CALL p(1)`)
						s.query(s.db, `SELECT routine_definition FROM information_schema.routines WHERE routine_name = 'p'`)
					}, []string{"DROP PROCEDURE p", "CREATE PROCEDURE p", "CALL p", "SELECT information_schema.routines"}},
					{"isolation", func(s *session) {
						tx := s.begin(&sql.TxOptions{Isolation: sql.LevelSerializable, ReadOnly: true})
						s.exec(tx, `DELETE FROM items`)
						s.printf("%v", tx.Rollback())
					}, []string{"BEGIN shop", "DELETE items !1792", "ROLLBACK shop"}},
				},
			}
			d.check(t)
		})
	}
}
