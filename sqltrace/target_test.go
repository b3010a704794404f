// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"database/sql/driver"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The secret of each name is s3cr3t, alone or as a part.
func TestTargetIsReadFromTheDataSourceName(t *testing.T) {
	for name, tc := range map[string]struct {
		driver, dsn string
		want        target
	}{
		"pgx URL":                    {"pgx", "postgres://bob:s3cr3t@db.example.com:5432/shop?sslmode=disable", target{"postgresql", "db.example.com", 0, "shop", ""}},
		"pq URL, other port":         {"postgres", "postgresql://bob:s3cr3t@10.0.0.1:6432/shop", target{"postgresql", "10.0.0.1", 6432, "shop", ""}},
		"no password":                {"pgx", "postgres://db/shop", target{"postgresql", "db", 0, "shop", ""}},
		"no database":                {"pgx", "postgres://bob:s3cr3t@db", target{"postgresql", "db", 0, "", ""}},
		"schema":                     {"pgx", "postgres://bob:s3cr3t@db/shop?search_path=app", target{"postgresql", "db", 0, "shop|app", ""}},
		"encoded password":           {"pgx", "postgres://bob:s3cr3t%40%2F%3F@db/shop", target{"postgresql", "db", 0, "shop", ""}},
		"encoded database":           {"pgx", "postgres://bob:s3cr3t@db/my%20shop", target{"postgresql", "db", 0, "my shop", ""}},
		"@ in the password":          {"pgx", "postgres://bob:p@s3cr3t@db:6432/shop", target{"postgresql", "db", 6432, "shop", ""}},
		"/ in the password":          {"pgx", "postgres://bob:p@s3cr3t/s3cr3t@db:5432/shop", target{"postgresql", "", 0, "", ""}},
		"/ first in the password":    {"pgx", "postgres://bob:p/s3cr3t@db:5432/shop", target{"postgresql", "", 0, "", ""}},
		"# in the password":          {"pgx", "postgres://bob:p#s3cr3t@db:5432/shop", target{"postgresql", "", 0, "", ""}},
		"? in the password":          {"pgx", "postgres://bob:p?s3cr3t@db:5432/shop", target{"postgresql", "", 0, "", ""}},
		"password for a port":        {"pgx", "postgres://bob:s3cr3t/shop", target{"postgresql", "", 0, "", ""}},
		"broken escape":              {"pgx", "postgres://bob:s3cr3t@db/%zz", target{"postgresql", "", 0, "", ""}},
		"broken port":                {"pgx", "postgres://bob:s3cr3t@db:54x32/shop", target{"postgresql", "", 0, "", ""}},
		"password as a parameter":    {"pgx", "postgres://db/shop?user=bob&password=s3cr3t", target{"postgresql", "db", 0, "shop", ""}},
		"several hosts":              {"pgx", "postgres://bob:s3cr3t@a:5433,b:5434/shop", target{"postgresql", "a", 5433, "shop", ""}},
		"IPv6":                       {"pgx", "postgres://bob:s3cr3t@[2001:db8::1]:5433/shop", target{"postgresql", "2001:db8::1", 5433, "shop", ""}},
		"socket as a parameter":      {"pgx", "postgres://bob:s3cr3t@/shop?host=/var/run/postgresql", target{"postgresql", "/var/run/postgresql", 0, "shop", ""}},
		"socket as a host":           {"pgx", "postgres://bob:s3cr3t@%2Fvar%2Frun%2Fpostgresql/shop", target{"postgresql", "/var/run/postgresql", 0, "shop", ""}},
		"CockroachDB":                {"pgx", "cockroachdb://bob:s3cr3t@db:26257/shop", target{"cockroachdb", "db", 0, "shop", ""}},
		"words":                      {"postgres", "host=db port=6432 user=bob password=s3cr3t dbname=shop sslmode=disable", target{"postgresql", "db", 6432, "shop", ""}},
		"words, quoted":              {"pgx", `user = 'bob' password = 's3cr3t host=evil \' dbname=evil' host = 'db' dbname='my shop'`, target{"postgresql", "db", 0, "my shop", ""}},
		"words, password last":       {"postgres", "host=db dbname=shop password=s3cr3t", target{"postgresql", "db", 0, "shop", ""}},
		"words, password with space": {"postgres", "password=my s3cr3t host=db", target{"postgresql", "", 0, "", ""}},
		"words, empty password":      {"postgres", "host=db password= dbname=s3cr3t", target{"postgresql", "db", 0, "", ""}},
		"words, quote left open":     {"postgres", "host=db password='s3cr3t dbname=shop", target{"postgresql", "", 0, "", ""}},
		"words, twice":               {"postgres", "host=db password=a host=s3cr3t", target{"postgresql", "", 0, "", ""}},
		"words, several hosts":       {"pgx", "host=a,b port=5433,5434 dbname=shop password=s3cr3t", target{"postgresql", "a", 5433, "shop", ""}},
		"words, socket":              {"postgres", "host=/var/run/postgresql dbname=shop password=s3cr3t", target{"postgresql", "/var/run/postgresql", 0, "shop", ""}},
		"words, URL for a database":  {"postgres", "dbname=postgres://bob:s3cr3t@db/shop", target{"postgresql", "", 0, "", ""}},
		"nothing":                    {"postgres", "", target{"postgresql", "", 0, "", ""}},
		"a registered configuration": {"pgx", "registeredConnConfig0", target{"postgresql", "", 0, "", ""}},

		"mysql":                     {"mysql", "bob:s3cr3t@tcp(db:3306)/shop?parseTime=true", target{"mysql", "db", 0, "shop", ""}},
		"mysql, other port":         {"mysql", "bob:s3cr3t@tcp(db:3307)/shop", target{"mysql", "db", 3307, "shop", ""}},
		"mysql, signs":              {"mysql", "bob:s3cr3t@/:(s3cr3t)@tcp(db:3307)/shop", target{"mysql", "db", 3307, "shop", ""}},
		"mysql, socket":             {"mysql", "bob:s3cr3t@unix(/run/mysqld/mysqld.sock)/shop", target{"mysql", "/run/mysqld/mysqld.sock", 0, "shop", ""}},
		"mysql, IPv6":               {"mysql", "bob:s3cr3t@tcp([::1]:3307)/shop", target{"mysql", "::1", 3307, "shop", ""}},
		"mysql, default address":    {"mysql", "bob:s3cr3t@/shop", target{"mysql", "", 0, "shop", ""}},
		"mysql, database alone":     {"mysql", "/shop", target{"mysql", "", 0, "shop", ""}},
		"mysql, encoded":            {"mysql", "bob:s3cr3t@tcp(db)/my%2Dshop", target{"mysql", "db", 0, "my-shop", ""}},
		"mysql, of the cloud":       {"mysql", "bob:s3cr3t@cloudsql(project:region:instance)/shop", target{"mysql", "", 0, "shop", ""}},
		"mysql, no host":            {"mysql", "bob:p@s3cr3t/s3cr3t", target{"mysql", "", 0, "", ""}},
		"mysql, no @":               {"mysql", "bob:s3cr3t/shop", target{"mysql", "", 0, "", ""}},
		"mysql, no database":        {"mysql", "bob:s3cr3t@tcp(db:3306)", target{"mysql", "", 0, "", ""}},
		"mysql, slash in parameter": {"mysql", "bob:s3cr3t@tcp(db)/shop?key=a/s3cr3t", target{"mysql", "", 0, "", ""}},
		"mysql, URL":                {"mysql", "mysql://bob:s3cr3t@db:3307/shop", target{"mysql", "db", 3307, "shop", ""}},
		"MariaDB by name":           {"mariadb", "bob:s3cr3t@tcp(db:3306)/shop", target{"mariadb", "db", 0, "shop", ""}},

		"sqlite":             {"sqlite", "file:/var/lib/shop.db?_pragma=key('s3cr3t')", target{"sqlite", "", 0, "shop.db", ""}},
		"sqlite3":            {"sqlite3", "shop.db?_auth&_auth_user=bob&_auth_pass=s3cr3t", target{"sqlite", "", 0, "shop.db", ""}},
		"sqlite in memory":   {"sqlite", ":memory:", target{"sqlite", "", 0, ":memory:", ""}},
		"sqlite, shared":     {"sqlite", "file::memory:?cache=shared", target{"sqlite", "", 0, ":memory:", ""}},
		"sqlite, nothing":    {"sqlite", "", target{"sqlite", "", 0, "", ""}},
		"sqlite, URL":        {"sqlite", "file:///var/lib/shop.db?key=s3cr3t", target{"sqlite", "", 0, "shop.db", ""}},
		"sqlite, of Windows": {"sqlite", `C:\data\shop.db`, target{"sqlite", "", 0, "shop.db", ""}},
		"sqlite, odd":        {"sqlite", "bob:s3cr3t@shop.db", target{"sqlite", "", 0, "", ""}},

		"sqlserver URL":         {"sqlserver", "sqlserver://sa:s3cr3t@db:1434?database=shop", target{"microsoft.sql_server", "db", 1434, "shop", ""}},
		"sqlserver instance":    {"sqlserver", "sqlserver://sa:s3cr3t@db/SQLExpress?database=shop", target{"microsoft.sql_server", "db", 0, "SQLExpress|shop", ""}},
		"sqlserver ADO":         {"mssql", `server=db\SQLExpress,1434;user id=sa;password=s3cr3t;database=shop`, target{"microsoft.sql_server", "db", 1434, "SQLExpress|shop", ""}},
		"sqlserver ADO, tcp":    {"sqlserver", `Data Source=tcp:db.example.com,1433;Initial Catalog=shop;User ID=sa;Password=s3cr3t;`, target{"microsoft.sql_server", "db.example.com", 0, "shop", ""}},
		"sqlserver ADO, quotes": {"sqlserver", `server=db;password="s3;cr3t;database=s3cr3t";database=shop`, target{"microsoft.sql_server", "db", 0, "shop", ""}},
		"sqlserver ADO, odd":    {"sqlserver", `server=db;password=p;s3cr3t;database=shop`, target{"microsoft.sql_server", "", 0, "", ""}},
		"sqlserver ADO, twice":  {"sqlserver", `server=db;password=p;database=s3cr3t;database=shop`, target{"microsoft.sql_server", "", 0, "", ""}},
		"sqlserver ODBC":        {"sqlserver", `odbc:server=db;user id=sa;password={s3}}cr;3t};database=shop`, target{"microsoft.sql_server", "db", 0, "shop", ""}},
		"sqlserver port":        {"sqlserver", `server=localhost;port=1434;password=s3cr3t`, target{"microsoft.sql_server", "localhost", 1434, "", ""}},
		"sqlserver odd port":    {"sqlserver", `server=localhost;port=s3cr3t`, target{"microsoft.sql_server", "", 0, "", ""}},

		"oracle URL":          {"oracle", "oracle://scott:s3cr3t@db:1521/orcl", target{"oracle.db", "db", 0, "orcl", ""}},
		"oracle EZConnect":    {"godror", "scott/s3cr3t@//db:1522/orcl:dedicated", target{"oracle.db", "db", 1522, "orcl", ""}},
		"oracle, signs":       {"godror", "scott/p@s3cr3t@db:1522/orcl", target{"oracle.db", "", 0, "", ""}},
		"oracle, slash":       {"godror", "scott/p/s3cr3t@db:1522/orcl", target{"oracle.db", "db", 1522, "orcl", ""}},
		"oracle, no host":     {"godror", "scott/s3cr3t", target{"oracle.db", "", 0, "", ""}},
		"oracle, alias":       {"godror", "scott/s3cr3t@PROD", target{"oracle.db", "", 0, "", ""}},
		"oracle, words":       {"godror", `user="scott" password="s3cr3t" connectString="db:1522/orcl"`, target{"oracle.db", "db", 1522, "orcl", ""}},
		"oracle, description": {"godror", "scott/s3cr3t@(DESCRIPTION=(ADDRESS=(HOST=db)(PORT=1521)))", target{"oracle.db", "", 0, "", ""}},

		"clickhouse":            {"clickhouse", "clickhouse://bob:s3cr3t@a:9000,b:9000/shop?dial_timeout=1s", target{"clickhouse", "a", 0, "shop", ""}},
		"clickhouse, parameter": {"clickhouse", "tcp://db:9001?username=bob&password=s3cr3t&database=shop", target{"clickhouse", "db", 9001, "shop", ""}},
		"clickhouse, HTTP":      {"clickhouse", "http://bob:s3cr3t@db:8123/shop", target{"clickhouse", "db", 0, "shop", ""}},
		"snowflake":             {"snowflake", "bob:s3cr3t@org-account/shop/public?warehouse=wh", target{"snowflake", "org-account.snowflakecomputing.com", 0, "shop|public", ""}},
		"snowflake, host":       {"snowflake", "bob:s3cr3t@db.example.com:443/shop?account=a", target{"snowflake", "db.example.com", 0, "shop", ""}},
		"snowflake, signs":      {"snowflake", "bob:p/s3cr3t@account/shop", target{"snowflake", "", 0, "", ""}},
		"trino":                 {"trino", "https://bob:s3cr3t@db:8443?catalog=hive&schema=shop", target{"trino", "db", 8443, "hive|shop", ""}},
		"spanner":               {"spanner", "projects/p/instances/i/databases/shop;credentials=s3cr3t", target{"gcp.spanner", "", 0, "i|shop", ""}},
		"hana":                  {"hdb", "hdb://bob:s3cr3t@db:39013?databaseName=shop", target{"sap.hana", "db", 39013, "shop", ""}},
		"db2":                   {"go_ibm_db", "HOSTNAME=db;PORT=50001;DATABASE=shop;UID=bob;PWD=s3cr3t", target{"ibm.db2", "db", 50001, "shop", ""}},
		"duckdb":                {"duckdb", "/data/shop.duckdb?motherduck_token=s3cr3t", target{"duckdb", "", 0, "shop.duckdb", ""}},

		"unknown":            {"mine", "bob:s3cr3t@somewhere", target{"other_sql", "", 0, "", ""}},
		"unknown, with URL":  {"mine", "mine://bob:s3cr3t@db:1234/shop", target{"other_sql", "db", 1234, "shop", ""}},
		"known by the URL":   {"mine", "postgres://bob:s3cr3t@db:5433/shop", target{"postgresql", "db", 5433, "shop", ""}},
		"colons, no host":    {"mine", "mine://bob:s3cr3t:s3cr3t", target{"other_sql", "", 0, "", ""}},
		"unknown, no scheme": {"", "", target{"other_sql", "", 0, "", ""}},
		"name of a wrapper":  {"postgres-wrapped-1", "postgres://bob:s3cr3t@db/shop", target{"postgresql", "db", 0, "shop", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			got := identify(nil, tc.driver, tc.dsn)
			assert.Equal(t, tc.want, got)
			if name != "words, empty password" {
				assert.NotContains(t, fmt.Sprint(got), "s3cr3t")
			}
		})
	}
}

type unknownDriver struct{}

func (*unknownDriver) Open(string) (driver.Conn, error) { return nil, driver.ErrBadConn }

func TestTargetOfAnUnknownDriverIsOtherSQL(t *testing.T) {
	assert.Equal(t, target{system: "other_sql"}, identify(&unknownDriver{}, "", ""))
	assert.Equal(t, target{system: "sqlite", namespace: ":memory:"}, identify((*unknownDriver)(nil), "sqlite", ":memory:"))
}

const plantedSecret = "hunter2x"

// plants are names with a place for a password, and how it is quoted there.
var plants = []struct {
	driver, dsn string
	quote       func(string) string
}{
	{"pgx", "postgres://bob:%s@db:5432/shop?sslmode=disable", nil},
	{"pgx", "postgres://bob:%s@/shop?host=db", nil},
	{"pgx", "postgres://bob:%s@db:5432", nil},
	{"mine", "mine://bob:%s@db:5432/shop", nil},
	{"postgres", "host=db password='%s' dbname=shop", strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace},
	{"postgres", "host=db password=%s dbname=shop", nil},
	{"pgx", "postgres://db/shop?password=%s", url.QueryEscape},
	{"mysql", "bob:%s@tcp(db:3306)/shop", nil},
	{"mysql", "bob:%s@/shop", nil},
	{"mysql", "mysql://bob:%s@db/shop", nil},
	{"sqlserver", "sqlserver://bob:%s@db:1433?database=shop", nil},
	{"sqlserver", "server=db;password={%s};database=shop", func(s string) string { return strings.ReplaceAll(s, "}", "}}") }},
	{"oracle", "oracle://bob:%s@db:1521/orcl", nil},
	{"oracle", "bob/%s@db:1521/orcl", nil},
	{"clickhouse", "clickhouse://bob:%s@db:9000/shop", nil},
	{"snowflake", "bob:%s@account/shop", nil},
	{"trino", "http://bob:%s@db:8080?catalog=shop", nil},
	{"hdb", "hdb://bob:%s@db:39013", nil},
	{"sqlite", "file:shop.db?_pragma=key(%s)", nil},
}

// holdSecret reports where a secret between two texts is told.
func holdSecret(t *testing.T, before, after string) {
	for _, p := range plants {
		password := before + plantedSecret + after
		if p.quote != nil {
			password = p.quote(password)
		}
		dsn := strings.Replace(p.dsn, "%s", password, 1)
		got := identify(nil, p.driver, dsn)
		if strings.Contains(strings.ToLower(got.system+got.address+got.namespace), plantedSecret) {
			t.Errorf("%s: %q tells %+v", p.driver, dsn, got)
		}
	}
}

var signs = []string{"", "@", "/", ":", "?", "#", "[", "]", "%", "%40", "%2F", " ", "'", `\`, ";", "=", ",", "&", "(", ")", "}", "{", "//", "://", "@/", "/@", "?@", "@:9/", "a", "9", "\x00"}

func TestNoSignInAPasswordGivesItAway(t *testing.T) {
	separating := []string{"", "@", "/", "?", "#", ":", ";", "@/"}
	for _, a := range signs {
		for _, b := range signs {
			for _, c := range separating {
				holdSecret(t, a+b, c)
				holdSecret(t, c, a+b)
			}
		}
	}
}

// FuzzTargetHoldsNoSecret plants a secret where a password goes, between
// whatever bytes.
func FuzzTargetHoldsNoSecret(f *testing.F) {
	for _, sign := range signs {
		f.Add(sign, sign)
		f.Add(sign, "")
		f.Add("", sign)
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		if strings.Contains(before, "database") {
			return // nothing tells a name of the password's own from the name
		}
		holdSecret(t, before, after)
	})
}
