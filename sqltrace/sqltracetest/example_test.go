// SPDX-License-Identifier: Apache-2.0

package sqltracetest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/waymark-otel/waymark/sqltrace"
	"github.com/waymark-otel/waymark/sqltrace/sqltracetest"
)

func ExampleFake() {
	fake := &sqltracetest.Fake{Shape: sqltracetest.Full}
	db := sql.OpenDB(fake.Connector())
	defer db.Close()
	_, _ = db.Exec("DELETE FROM songs WHERE id = ?", 7)
	fmt.Println(strings.Join(fake.Calls(), "\n"))
	// Output:
	// connector.Connect forever
	// conn1.CheckNamedValue { 1 7}
	// conn1.Exec "DELETE FROM songs WHERE id = ?" [{ 1 7}] forever
	// conn1.IsValid
}

func wrap(c driver.Connector) driver.Connector { return sqltrace.WrapConnector(c) }

// A driver's author compares the driver with itself.
func TestCompare(t *testing.T) {
	opened := 0
	sqltracetest.Compare(t, func(testing.TB) driver.Connector {
		opened++
		return (&sqltracetest.Fake{Shape: sqltracetest.Full}).Connector()
	}, wrap, func(ctx context.Context, db *sql.DB, note func(string, ...any)) {
		var id int
		var name string
		err := db.QueryRowContext(ctx, "SELECT id, name FROM songs").Scan(&id, &name)
		note("%d %q %v", id, name, err)
	})
	assert.Equal(t, 2, opened)
}

func TestContract(t *testing.T) { sqltracetest.Contract(t, wrap) }
