// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"
)

func TestSQLiteIsTheSameObserved(t *testing.T) {
	usesModule(t, "modernc.org/sqlite")
	d := &database{
		driver: "sqlite",
		fresh: func(t testing.TB) string {
			return "file:" + filepath.Join(t.TempDir(), "shop.db") + "?_pragma=busy_timeout(5000)"
		},
		system: "sqlite", namespace: "shop.db",
		types:       map[string]string{"BYTES": "BLOB"},
		slowSummary: "SELECT SELECT SELECT n SELECT n",
		slow:        `SELECT COUNT(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT i FROM n)`,
		code:        map[string]string{"syntax": "1", "missing": "1", "unique": "1555", "null": "1299", "deadline": "context.DeadlineExceeded"},
	}
	d.check(t)
}
