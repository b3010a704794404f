// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

// The examples of the conventions, word for word.
// https://opentelemetry.io/docs/specs/semconv/db/database-spans/#generating-a-summary-of-the-query
func TestSummaryOfTheConventionsExamples(t *testing.T) {
	for name, tc := range map[string]struct{ query, want string }{
		"single operation": {`SELECT *
FROM   wuser_table
WHERE  username = ?`, `SELECT wuser_table`},
		"several operations": {`INSERT INTO shipping_details
            (order_id,
            address)
SELECT order_id,
       address
FROM   orders
WHERE  order_id = ?`, `INSERT shipping_details SELECT orders`},
		"several collections": {`SELECT *
FROM   songs,
       artists
WHERE  songs.artist_id == artists.id`, `SELECT songs artists`},
		"anonymous table": {`SELECT order_date
FROM   (SELECT *
        FROM   orders o
               JOIN customers c
                 ON o.customer_id = c.customer_id)`, `SELECT SELECT orders customers`},
		"punctuation": {`SELECT *
FROM   "song list",
       'artists'`, `SELECT "song list" 'artists'`},
		"stored procedure of JDBC":       {`{call some_stored_procedure}`, `call some_stored_procedure`},
		"stored procedure of SQL Server": {`EXECUTE some_stored_procedure`, `EXECUTE some_stored_procedure`},
		"given by the author": {`-- name: get_user_by_id :one
SELECT * FROM users WHERE id = $1`, `get_user_by_id`},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, newStatements(8).get(tc.query).summary)
		})
	}
}

func TestSummaryNamesOperationsAndTargetsInTheirOrder(t *testing.T) {
	for name, tc := range map[string]struct{ query, want string }{
		"lower case":              {`select a from t`, `select t`},
		"alias":                   {`SELECT o.a FROM orders AS o, lines l WHERE o.id = l.id`, `SELECT orders lines`},
		"qualified":               {`SELECT 1 FROM shop.public.orders`, `SELECT shop.public.orders`},
		"quoted and qualified":    {`SELECT 1 FROM "shop"."orders"`, `SELECT "shop"."orders"`},
		"brackets":                {`SELECT 1 FROM [dbo].[order lines] WITH (NOLOCK), [b]`, `SELECT [dbo].[order lines] [b]`},
		"backticks":               {"SELECT 1 FROM `shop`.`order lines`", "SELECT `shop`.`order lines`"},
		"joins":                   {`SELECT 1 FROM a LEFT JOIN b ON a.x = b.x JOIN (c CROSS JOIN d) ON 1 = 1, e`, `SELECT a b c d e`},
		"subquery in a condition": {`SELECT 1 FROM a WHERE x IN (SELECT y FROM b)`, `SELECT a SELECT b`},
		"union":                   {`SELECT 1 FROM a UNION ALL SELECT 2 FROM b`, `SELECT a SELECT b`},
		"with":                    {`WITH x AS (SELECT 1 FROM a), y(z) AS (SELECT 2 FROM b) SELECT 3 FROM x`, `SELECT a SELECT b SELECT x`},
		"with in a subquery":      {`SELECT 1 FROM (WITH RECURSIVE x AS (SELECT 1 FROM a) SELECT 2 FROM x), b`, `SELECT SELECT a SELECT x b`},
		"with that writes":        {`WITH x AS (DELETE FROM a RETURNING id) INSERT INTO b SELECT id FROM x`, `DELETE a INSERT b SELECT x`},
		"function's from":         {`SELECT EXTRACT(YEAR FROM created), TRIM(BOTH FROM 'secret') FROM t`, `SELECT t`},
		"distinct from":           {`SELECT 1 FROM t WHERE a IS DISTINCT FROM b`, `SELECT t`},
		"for update":              {`SELECT 1 FROM t WHERE id = 1 FOR UPDATE`, `SELECT t`},
		"select into":             {`SELECT * INTO copy FROM t`, `SELECT copy t`},
		"outfile":                 {`SELECT * INTO OUTFILE '/tmp/secret' FROM t`, `SELECT t`},
		"no table":                {`SELECT 1`, `SELECT`},
		"insert":                  {`INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y')`, `INSERT t`},
		"insert columns":          {`INSERT INTO t (comment, start, open) VALUES (1, 2, 3)`, `INSERT t`},
		"insert or ignore":        {`INSERT OR IGNORE INTO t VALUES (1)`, `INSERT t`},
		"upsert":                  {`INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2`, `INSERT t`},
		"duplicate key":           {`INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = 2`, `INSERT t`},
		"replace":                 {`REPLACE INTO t VALUES (1)`, `REPLACE t`},
		"replace the function":    {`SELECT (REPLACE(a, 'x', 'y')) FROM t`, `SELECT t`},
		"update":                  {`UPDATE t SET a = 'x', b = 'secret' WHERE c = 1`, `UPDATE t`},
		"update from":             {`UPDATE t SET a = u.a FROM u WHERE t.id = u.id`, `UPDATE t u`},
		"delete":                  {`DELETE FROM t WHERE a = 1`, `DELETE t`},
		"delete using":            {`DELETE FROM t USING u WHERE t.id = u.id`, `DELETE t u`},
		"merge":                   {`MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = 1 WHEN NOT MATCHED THEN INSERT (a) VALUES (1)`, `MERGE t s`},
		"create table":            {`CREATE TABLE IF NOT EXISTS t (a int, b int REFERENCES u (id) ON DELETE CASCADE)`, `CREATE TABLE t`},
		"create table as":         {`CREATE TABLE t AS SELECT * FROM s`, `CREATE TABLE t SELECT s`},
		"create index":            {`CREATE UNIQUE INDEX i ON t (a)`, `CREATE INDEX i`},
		"create function":         {`CREATE OR REPLACE FUNCTION f() RETURNS int AS $$ SELECT 1 FROM t $$ LANGUAGE sql`, `CREATE FUNCTION f`},
		"create trigger":          {`CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO log VALUES (1); END`, `CREATE TRIGGER g`},
		"create user":             {`CREATE USER bob IDENTIFIED BY 'secret'`, `CREATE USER`},
		"alter":                   {`ALTER TABLE t ADD a int, ADD b int`, `ALTER TABLE t`},
		"drop":                    {`DROP TABLE IF EXISTS a, b`, `DROP TABLE a b`},
		"truncate":                {`TRUNCATE t`, `TRUNCATE t`},
		"call":                    {`CALL p(1, 'secret')`, `CALL p`},
		"call with a result":      {`{? = call p(?)}`, `call p`},
		"exec":                    {`EXEC @rc = dbo.p @a = 'secret'`, `EXEC dbo.p`},
		"execute immediate":       {`EXECUTE IMMEDIATE 'SELECT secret'`, `EXECUTE`},
		"copy":                    {`COPY "t" ("a", "b") FROM STDIN`, `COPY "t"`},
		"copy from a file":        {`COPY t FROM '/tmp/secret'`, `COPY t`},
		"explain":                 {`EXPLAIN (ANALYZE, BUFFERS) UPDATE t SET a = 1`, `EXPLAIN UPDATE t`},
		"explain query plan":      {`EXPLAIN QUERY PLAN SELECT 1 FROM t`, `EXPLAIN SELECT t`},
		"transaction":             {`START TRANSACTION READ ONLY`, `START TRANSACTION`},
		"savepoint":               {`SAVEPOINT sp_8f3a`, `SAVEPOINT`},
		"set":                     {`SET app.user = 'bob'`, `SET`},
		"grant":                   {`GRANT SELECT, UPDATE ON t TO bob; SELECT 1 FROM t`, `GRANT SELECT t`},
		"pragma":                  {`PRAGMA table_info(t)`, `PRAGMA table_info`},
		"several statements":      {`SELECT 1 FROM a; DELETE FROM b;`, `SELECT a DELETE b`},
		"comments":                {"/* a */ SELECT -- b\n 1 FROM /* c */ t", `SELECT t`},
		"prepare from text":       {`PREPARE p FROM 'SELECT secret FROM t'`, `PREPARE`},
		"cursor":                  {`DECLARE c CURSOR FOR SELECT 1 FROM t`, `DECLARE SELECT t`},
		"values":                  {`SELECT * FROM (VALUES (1, 'secret')) v`, `SELECT`},
		"placeholder as a table":  {`SELECT * FROM ?`, `SELECT`},
		"data behind the tables":  {`SELECT * FROM a ON x = 'y', 'secret'`, `SELECT a`},
		"not SQL":                 {`hunter2 is my password`, ``},
		"byte order mark":         {"\ufeffSELECT 1 FROM t", `SELECT t`},
		"nothing":                 {``, ``},
		"table command":           {`TABLE t`, `TABLE t`},
		"on delete":               {`SELECT 1 FROM a JOIN b ON a.update = b.delete`, `SELECT a b`},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, newStatements(8).get(tc.query).summary)
		})
	}
}

func TestSummaryIsCutAtToken(t *testing.T) {
	long := strings.Repeat("ä", 100)
	query := "SELECT 1 FROM " + long + ", " + long + ", " + long + ", t"
	got := newStatements(8).get(query).summary
	assert.Equal(t, "SELECT "+long+" "+long, got)
	assert.LessOrEqual(t, utf8.RuneCountInString(got), 255)
	fits := strings.Repeat("a", 255-len("SELECT "))
	assert.Equal(t, "SELECT "+fits, newStatements(8).get("SELECT 1 FROM "+fits).summary)
	assert.Equal(t, "SELECT", newStatements(8).get("SELECT 1 FROM "+fits+"a").summary)
}

func TestSummaryOfSQLCIsTheName(t *testing.T) {
	for name, tc := range map[string]struct{ query, want string }{
		"one":          {"-- name: GetAuthor :one\nSELECT 1 FROM authors", "GetAuthor"},
		"blank lines":  {"\n -- name: ListAuthors :many\r\nSELECT 1", "ListAuthors"},
		"no command":   {"-- name: bob\nSELECT 1 FROM t", "SELECT t"},
		"no name":      {"-- name: :one\nSELECT 1 FROM t", "SELECT t"},
		"sentence":     {"-- name: bob likes :one\nSELECT 1 FROM t", "SELECT t"},
		"punctuation":  {"-- name: a'b :one\nSELECT 1 FROM t", "SELECT t"},
		"further down": {"SELECT 1 FROM t\n-- name: GetAuthor :one", "SELECT t"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, newStatements(8).get(tc.query).summary)
		})
	}
}
