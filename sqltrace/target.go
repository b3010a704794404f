// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"database/sql/driver"
	"reflect"
	"strings"
)

// target is the database that statements are sent to, as far as the driver and
// its data source name tell. Nothing in it comes from a part of the name that
// may hold a secret: a name that can be read in two ways tells nothing.
type target struct {
	system    string // db.system.name
	address   string // server.address: a host or the path of a socket, or ""
	port      int    // 0 when unknown or the system's default
	namespace string // db.namespace, or ""
	// dialect is the system whose SQL is spoken for certain: the driver's own
	// type says so, not a name that somebody gave it. Empty if that is unknown.
	dialect string
}

// identify returns what is known of a database from its driver, the name the
// driver is registered under, and the data source name, any of which may be
// missing.
func identify(d driver.Driver, driverName, dsn string) target {
	system := systemOfDriver(d)
	dialect := system
	if name := systemOfName(driverName); system == "" || speaks(name) == system {
		system = name
	}
	scheme, rest, isURL := cutScheme(dsn)
	if name := systemOfScheme(scheme); system == "" || speaks(name) == system {
		system = name
	}
	t := target{system: system, dialect: dialect}
	switch {
	case system == "":
		t.system = "other_sql"
		if isURL {
			t.fromURL(scheme, rest)
		}
	case system == "sqlite", system == "duckdb":
		t.fromFile(dsn)
	case isURL && scheme != "file":
		t.fromURL(scheme, rest)
	case system == "postgresql", system == "cockroachdb", system == "aws.redshift":
		t.fromPostgres(dsn)
	case system == "mysql", system == "mariadb":
		t.fromMySQL(dsn)
	case system == "microsoft.sql_server", system == "ibm.db2":
		t.fromADO(dsn)
	case system == "oracle.db":
		t.fromOracle(dsn)
	case system == "snowflake":
		t.fromURL("snowflake", dsn)
	case system == "gcp.spanner":
		t.fromSpanner(dsn)
	}
	if t.address == "" || t.port == defaultPort(t.system, scheme) {
		t.port = 0
	}
	return t
}

// speaks returns the system whose drivers are used for another one.
func speaks(system string) string {
	switch system {
	case "cockroachdb", "aws.redshift":
		return "postgresql"
	case "mariadb":
		return "mysql"
	}
	return "-"
}

// drivers are the packages of drivers, and the names they are registered under.
// A name counts when it begins with one of those.
var drivers = []struct{ system, packages, names, schemes string }{
	{"postgresql", "github.com/lib/pq github.com/jackc/pgx github.com/jackc/pgconn", "postgres pgx pq cloudsqlpostgres cloudsql-postgres nrpgx nrpostgres", "postgres postgresql pgx"},
	{"cockroachdb", "", "cockroach crdb", "cockroach cockroachdb crdb-postgres"},
	{"aws.redshift", "", "redshift", "redshift"},
	{"mariadb", "", "mariadb", "mariadb"},
	{"mysql", "github.com/go-sql-driver/mysql github.com/go-mysql-org/go-mysql github.com/ziutek/mymysql", "mysql mymysql cloudsql-mysql nrmysql", "mysql"},
	{"sqlite", "modernc.org/sqlite github.com/mattn/go-sqlite3 github.com/glebarez/go-sqlite github.com/ncruces/go-sqlite3 zombiezen.com/go/sqlite github.com/tursodatabase github.com/libsql crawshaw.io/sqlite", "sqlite nrsqlite libsql", "sqlite sqlite3"},
	{"duckdb", "github.com/marcboeker/go-duckdb github.com/duckdb", "duckdb", "duckdb"},
	{"microsoft.sql_server", "github.com/microsoft/go-mssqldb github.com/denisenkom/go-mssqldb", "sqlserver mssql azuresql cloudsql-sqlserver", "sqlserver mssql azuresql"},
	{"oracle.db", "github.com/godror/godror github.com/sijms/go-ora github.com/mattn/go-oci8 gopkg.in/goracle", "oracle godror goracle oci8", "oracle"},
	{"clickhouse", "github.com/ClickHouse/clickhouse-go github.com/mailru/go-clickhouse", "clickhouse chhttp", "clickhouse"},
	{"snowflake", "github.com/snowflakedb/gosnowflake", "snowflake nrsnowflake", "snowflake"},
	{"trino", "github.com/trinodb/trino-go-client", "trino", "trino"},
	{"gcp.spanner", "github.com/googleapis/go-sql-spanner", "spanner", "spanner"},
	{"ibm.db2", "github.com/ibmdb/go_ibm_db", "go_ibm_db db2", "db2"},
	{"sap.hana", "github.com/SAP/go-hdb", "hdb", "hdb"},
	{"firebirdsql", "github.com/nakagami/firebirdsql", "firebird", "firebird firebirdsql"},
	{"hive", "sqlflow.org/gohive github.com/beltran/gohive", "hive", "hive"},
	{"databricks", "github.com/databricks/databricks-sql-go", "databricks", "databricks"},
	{"vertica", "github.com/vertica/vertica-sql-go", "vertica", "vertica"},
	{"teradata", "", "teradata", "teradata"},
}

// systemOfDriver returns the system that a driver's type is for, or "".
func systemOfDriver(d driver.Driver) string {
	t := reflect.TypeOf(d)
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil {
		return ""
	}
	path := t.PkgPath()
	if _, vendored, ok := strings.Cut(path, "/vendor/"); ok {
		path = vendored
	}
	for _, known := range drivers {
		for prefix := range strings.FieldsSeq(known.packages) {
			if rest, ok := strings.CutPrefix(path, prefix); ok && (rest == "" || rest[0] == '/') {
				return known.system
			}
		}
	}
	return ""
}

// systemOfName returns the system that a driver's name says it is for, or "".
func systemOfName(name string) string {
	name = strings.ToLower(name)
	for _, known := range drivers {
		for prefix := range strings.FieldsSeq(known.names) {
			if strings.HasPrefix(name, prefix) {
				return known.system
			}
		}
	}
	return ""
}

// systemOfScheme returns the system of a URL, or "".
func systemOfScheme(scheme string) string {
	for _, known := range drivers {
		for s := range strings.FieldsSeq(known.schemes) {
			if scheme == s {
				return known.system
			}
		}
	}
	return ""
}

// defaultPort returns the port of a system that needs no mention, or 0.
func defaultPort(system, scheme string) int {
	switch system {
	case "postgresql":
		return 5432
	case "cockroachdb":
		return 26257
	case "aws.redshift":
		return 5439
	case "mysql", "mariadb":
		return 3306
	case "microsoft.sql_server":
		return 1433
	case "oracle.db":
		return 1521
	case "clickhouse":
		switch scheme {
		case "http":
			return 8123
		case "https":
			return 8443
		}
		return 9000
	case "trino":
		if scheme == "https" {
			return 443
		}
		return 8080
	case "snowflake":
		return 443
	case "ibm.db2":
		return 50000
	case "firebirdsql":
		return 3050
	case "vertica":
		return 5433
	}
	return 0
}
