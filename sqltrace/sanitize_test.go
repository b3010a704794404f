// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSanitizedTextHasNoLiterals(t *testing.T) {
	for name, tc := range map[string]struct{ query, want string }{
		"string":               {`SELECT * FROM t WHERE a = 'it''s'`, `SELECT * FROM t WHERE a = ?`},
		"numbers":              {`SELECT 1, -2, 3.5, .5, 1e-9, 0xDEADBEEF, 1_000, t1.c2`, `SELECT ?, -?, ?, ?, ?, ?, ?, t1.c2`},
		"hexadecimal strings":  {`SELECT x'CAFE', X'CAFE', 0b01, b'01'`, `SELECT ?, ?, ?, ?`},
		"national string":      {`SELECT N'Žižka', n'x'`, `SELECT ?, ?`},
		"unicode string":       {`SELECT U&'d\0061t'`, `SELECT ?`},
		"character set":        {`SELECT _utf8mb4'x'`, `SELECT ?`},
		"booleans":             {`SELECT TRUE, false, NULL, t.true`, `SELECT ?, ?, NULL, t.true`},
		"dates":                {`SELECT DATE '2020-01-01', INTERVAL 5 DAY`, `SELECT DATE ?, INTERVAL ? DAY`},
		"dollars":              {`SELECT $$it's$$, $tag$ $$ it's $$ $tag$ FROM t`, `SELECT ? FROM t`},
		"dollars in names":     {`SELECT a$b FROM v$session WHERE x = 'y'`, `SELECT a$b FROM v$session WHERE x = ?`},
		"escape string":        {`SELECT E'it\'s' FROM t`, `SELECT ?`}, // not a string to all
		"backslash":            {`SELECT 'it\'s', b FROM t`, `SELECT ?`},
		"backslash at the end": {`SELECT 'c:\', 'secret', c FROM t`, `SELECT ?`},
		"harmless backslash":   {`SELECT 'a\nb', c FROM t`, `SELECT ?, c FROM t`},
		"double quotes":        {`SELECT a FROM "t" AS "x" JOIN "s"."u" ON x."a" = "secret"`, `SELECT a FROM "t" AS "x" JOIN "s"."u" ON x."a" = ?`},
		"odd double quotes":    {`SELECT a FROM "it's" WHERE b = 'secret'`, `SELECT a FROM ? WHERE b = ?`},
		"brackets":             {`SELECT [a b] FROM [dbo].[t] WHERE [c] = 'x'`, `SELECT [a b] FROM [dbo].[t] WHERE [c] = ?`},
		"odd brackets":         {`SELECT [it's] FROM t WHERE a = 'secret'`, `SELECT ?`},
		"subscripts":           {`SELECT a[1], ARRAY['x', 'y'] FROM t`, `SELECT a[?], ARRAY? FROM t`},
		"backticks":            {"SELECT `a b` FROM `t`.`u` WHERE `c` = 'x'", "SELECT `a b` FROM `t`.`u` WHERE `c` = ?"},
		"comments":             {"SELECT 1 -- it's 'secret'\n, /* 'secret' */ a FROM t", `SELECT ? , a FROM t`},
		"quiet comments":       {"SELECT a -- secret\n, /* secret */ b FROM t /* secret */", `SELECT a , b FROM t`},
		"nested comments":      {`SELECT a /* b /* c */ secret */ FROM t`, `SELECT a FROM t`},
		"odd nested comments":  {`SELECT a /* b /* c */ FROM t`, `SELECT a`},
		"hash":                 {"SELECT a # it's\n FROM t WHERE b = 'secret'", `SELECT a ?`},
		"dashes":               {"SELECT 5--3 'a\nsecret' FROM t", `SELECT ??`},
		"oracle's q":           {`SELECT q'[it's]' FROM t WHERE a = 'secret'`, `SELECT ?`},
		"triple quotes":        {`SELECT '''it's''' FROM t`, `SELECT ?`},
		"version comments":     {`SELECT /*! 'a */ secret' */ b`, `SELECT ?`},
		"unterminated string":  {`SELECT a FROM t WHERE b = 'secret`, `SELECT a FROM t WHERE b = ?`},
		"unterminated dollars": {`SELECT $a$ secret`, `SELECT ?`},
		"unterminated comment": {`SELECT a /* secret`, `SELECT a`},
		"unterminated name":    {`SELECT a FROM "secret`, `SELECT a FROM ?`},
		"in":                   {`SELECT * FROM t WHERE a IN (1, 2, -3) AND b in ('x','y') AND c IN (SELECT 1)`, `SELECT * FROM t WHERE a IN (?) AND b in (?) AND c IN (SELECT ?)`},
		"in of one":            {`SELECT * FROM t WHERE a IN ($1) OR a IN ($1, $2) OR b IN (a, 1)`, `SELECT * FROM t WHERE a IN ($1) OR a IN (?) OR b IN (a, ?)`},
		"placeholders":         {`SELECT ?, $1, :name, @p1, ?3 FROM t WHERE a=:b`, `SELECT ?, $1, :name, @p1, ?3 FROM t WHERE a=:b`},
		"money":                {`SELECT $1234567, $12.50`, `SELECT $?, $?`},
		"casts":                {`SELECT a::text, '1'::int`, `SELECT a::text, ?::int`},
		"password":             {`CREATE USER bob IDENTIFIED BY hunter2 REPLACE hunter1`, `CREATE USER bob IDENTIFIED BY ? REPLACE ?`},
		"data of a format":     {"INSERT INTO t FORMAT TSV\n1\tsecret", `INSERT INTO t FORMAT TSV ?`},
		"no data of a format":  {"INSERT INTO t FORMAT TSV;", `INSERT INTO t FORMAT TSV;`},
		"a table named format": {`INSERT INTO format VALUES (1)`, `INSERT INTO format VALUES (?)`},
		"copied data":          {"COPY t FROM stdin;\n1\tsecret\n\\.", `COPY t FROM stdin; ?`},
		"white space":          {"\n SELECT\t a ,\r\n b ", `SELECT a , b`},
		"nothing":              {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := newStatements(8).get(tc.query).sanitized
			assert.Equal(t, tc.want, got)
			assert.Equal(t, got, newStatements(8).get(got).sanitized, "once more")
		})
	}
}

func TestSanitizedTextOfAKnownDatabaseKeepsMore(t *testing.T) {
	for name, tc := range map[string]struct{ system, query, want string }{
		"PostgreSQL": {"postgresql", `SELECT "a", E'it\'s', b #> '{x}', 5--3` + "\n" + `FROM "t" WHERE "c" = $$x$$`, `SELECT "a", ?, b #> ?, ? FROM "t" WHERE "c" = ?`},
		"MySQL":      {"mysql", "SELECT `a`, 5--3 # it's\n FROM t WHERE b = \"it\"\"s\" AND c = 'x'", "SELECT `a`, ?- -? FROM t WHERE b = ? AND c = ?"},
		"SQL Server": {"microsoft.sql_server", `SELECT [O'Brien], "b" FROM #t WHERE c = 'c:\'`, `SELECT ?, ? FROM #t WHERE c = ?`},
		"Oracle":     {"oracle.db", `SELECT q'[it's]', "b" FROM t`, `SELECT ?, "b" FROM t`},
		"SQLite":     {"sqlite", `SELECT "a" FROM "t" WHERE b = 'c:\'`, `SELECT ? FROM "t" WHERE b = ?`},
	} {
		t.Run(name, func(t *testing.T) {
			got := newStatementsOf(tc.system, 8).get(tc.query).sanitized
			assert.Equal(t, tc.want, got)
			assert.Equal(t, got, newStatementsOf(tc.system, 8).get(got).sanitized, "once more")
		})
	}
}

func TestParameterizedTextHasPlaceholders(t *testing.T) {
	for query, want := range map[string]bool{
		`SELECT * FROM t WHERE a = ?`:                       true,
		`SELECT * FROM t WHERE a = $1`:                      true,
		`SELECT * FROM t WHERE a = :a`:                      true,
		`INSERT INTO t VALUES (?, ?)`:                       true,
		`SELECT * FROM t WHERE a = ? LIMIT 10`:              true,
		`SELECT "a" FROM "t" WHERE "b" = $1`:                true,
		`INSERT INTO "t" ("a", "b") VALUES (?, ?)`:          true,
		"SELECT `a` FROM [t] WHERE b = ? AND NOT c IS TRUE": true,
		`UPDATE t SET a = 'secret' WHERE b = ?`:             false,
		`UPDATE t SET a = "secret" WHERE b = ?`:             false,
		`INSERT INTO t VALUES (?, "secret")`:                false,
		`SELECT * FROM t WHERE a LIKE "x" OR b = ?`:         false,
		`SELECT * FROM t WHERE a = 123456 OR b = ?`:         false,
		`UPDATE "t" SET "a" = ? WHERE "b" <> :b`:            true,
		`SELECT f("a") FROM t WHERE b = $1`:                 true,
		`SELECT f("secret") FROM t WHERE b = ?`:             false,
		`SELECT * FROM t WHERE a IN ("secret", ?)`:          false,
		`SELECT CASE WHEN ? THEN "secret" END`:              false,
		`INSERT INTO t (a) SELECT "secret", ?`:              false,
		`INSERT INTO t VALUE (?, "secret")`:                 false,
		`CALL p("secret", ?)`:                               false,
		`EXEC p "secret", :a`:                               false,
		`SELECT rb"secret", $1`:                             false,
		"INSERT INTO t FORMAT TSV\n?\tsecret":               false,
		`ALTER USER ? IDENTIFIED BY hunter2`:                false,
		`SELECT * FROM t WHERE a = '?'`:                     false,
		`SELECT * FROM t WHERE a = 'x' -- ?`:                false,
		`SELECT * FROM t WHERE doc ? 'secret'`:              false,
		`SELECT * FROM t WHERE doc ?| array['a']`:           false,
		`SELECT a::text, b[1:2] FROM t`:                     false,
		`SELECT @a := 'secret'`:                             false,
		`SELECT $1234567`:                                   false,
		`SELECT * FROM t WHERE a = 'x\' OR b = ?'`:          false,
	} {
		assert.Equal(t, want, newStatements(8).get(query).parameterized, query)
	}
}

// TestLongTextTakesLinearTime would not end if it did not.
func TestLongTextTakesLinearTime(t *testing.T) {
	size := 1 << 20
	if Raced {
		size >>= 3 // the detector takes ten times as long
	}
	for _, unit := range []string{"'", "''", "'x',", "\\'", "$a", "$a$", "$$", "/*", "*/", "/*'", "--", "-- \n", "#\n", "[", "`", "\"", "(", ")", "((SELECT 1 FROM ", "a.", ",", "?", ":a", "q'[", "e'", "IN (1,", "IN(", " ", "1", "@", "@ ", "é", "\x80", "//", "'''", "\\", "REPLACE   ", "IDENTIFIED BY "} {
		query := strings.Repeat(unit, size/len(unit))
		marks, _ := markings(query, allReadings)
		w := walker{query: query, marks: marks}
		w.clauses.reset()
		w.walk()
		_ = withComment(query, [][2]string{{"a", "b"}})
	}
}

func TestSanitizedTextIsBounded(t *testing.T) {
	for _, unit := range []string{"a ", `."ab" `, "é ", "x'y', "} {
		query := "SELECT " + strings.Repeat(unit, 1<<20/len(unit))
		got := newStatements(8).get(query).sanitized
		assert.LessOrEqual(t, len(got), maxSanitizedBytes)
		assert.Equal(t, got, newStatements(8).get(got).sanitized)
	}
	query := "SELECT a FROM t WHERE b IN (" + strings.Repeat("'secret', ", 5000) + "'secret') AND c"
	assert.Equal(t, "SELECT a FROM t WHERE b IN (?) AND c", newStatements(8).get(query).sanitized, "a list is collapsed before it is cut")
}

// FuzzSanitizedTextIsStable: what is clean stays as it is.
func FuzzSanitizedTextIsStable(f *testing.F) {
	for _, query := range corpus {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		for _, system := range []string{"", "postgresql", "mysql", "sqlite", "microsoft.sql_server", "oracle.db"} {
			once := analyze(query, readingsOf(system)).sanitized
			if twice := analyze(once, readingsOf(system)).sanitized; twice != once {
				t.Errorf("%s: %q becomes %q, then %q", system, query, once, twice)
			}
		}
	})
}

// FuzzSecretsDoNotSurvive plants a secret in each kind of literal, behind
// whatever code.
func FuzzSecretsDoNotSurvive(f *testing.F) {
	for _, query := range corpus {
		f.Add(query, query)
		f.Add(query, ", ?")
	}
	const secret = "hunter2hunter2"
	f.Fuzz(func(t *testing.T, before, after string) {
		if len(before)+len(after) > maxAnalyzedBytes/2 || strings.Contains(strings.ToLower(before+after), secret[:5]) {
			return
		}
		for _, system := range []string{"", "postgresql", "mysql", "sqlite", "microsoft.sql_server", "oracle.db"} {
			for _, l := range literalsOf[system] {
				// The code before must end as code to the database that reads the literal.
				marks, open := markings(before+" ", l.readings)
				if open || len(marks) > 0 && marks[len(marks)-1] != 0 {
					continue
				}
				got := analyze(before+" = "+l.open+secret+l.close+" "+after, readingsOf(system))
				if got.parameterized && strings.IndexByte("/-#", l.open[0]) < 0 {
					t.Errorf("%s: %q and %q leave the secret of %s…%s in a text that is recorded as it is", system, before, after, l.open, l.close)
				}
				if strings.Contains(got.sanitized, secret) || strings.Contains(got.summary, secret) {
					t.Errorf("%s: %q and %q leave the secret of %s…%s in %q, %q", system, before, after, l.open, l.close, got.sanitized, got.summary)
				}
			}
		}
	})
}

type planted struct {
	open, close string
	readings    []reading
}

// literalsOf are the ways to write a literal, for each database that is known,
// and all of them when it is not.
var literalsOf = func() map[string][]planted {
	of := map[string][]planted{
		"postgresql": {
			{"'", "'", postgresReadings[:1]}, {`E'\'`, `'`, postgresReadings[:1]}, {"$$", "$$", postgresReadings[:1]},
			{"$tag$ $$ ' ", " $tag$", postgresReadings[:1]}, {"N'''", "'", postgresReadings[:1]}, {`'\'`, `'`, postgresReadings[1:2]},
			{"/* /* */ ", " */", postgresReadings[:1]}, {"-- ", "\n", postgresReadings[:1]},
		},
		"mysql": {
			{"'", "'", mysqlReadings[:1]}, {`'\'`, `'`, mysqlReadings[:1]}, {`"`, `"`, mysqlReadings[:1]}, {`"\"`, `'"`, mysqlReadings[:1]},
			{`'\', "`, `"`, mysqlReadings[1:2]}, {"# '", "\n", mysqlReadings[:1]}, {"/*! '*/ ", "' */", mysqlReadings[:1]},
		},
		"sqlite":               {{"'", "'", sqliteReadings}, {`"`, `"`, sqliteReadings}, {`'\', '`, `'`, sqliteReadings}},
		"microsoft.sql_server": {{"N'", "'", sqlserverReadings}, {`[it's], '`, `'`, sqlserverReadings}},
		"oracle.db":            {{"q'[it's ", "]'", oracleReadings}, {"nq'!'", "!'", oracleReadings}, {"'", "'", oracleReadings}},
	}
	for _, l := range of {
		of[""] = append(of[""], l...)
	}
	of[""] = append(of[""], planted{"'''it's ", "'''", otherReadings}, planted{"// '", "\n", otherReadings})
	return of
}()

// corpus is where fuzzing begins.
var corpus = []string{
	"", "SELECT", `SELECT a FROM "t", 'artists' WHERE b`, `SELECT [a] FROM [b].[c]`, "SELECT `a`", `SELECT '''' , E'\''`, `SELECT $$a$$, $a$ $$ $a$`,
	`SELECT a /* b /* c */ d */ -- e`, "a # b\n", "5--3", `q'[a]'`, `IN (1, 2)`, `in('a',-1)`, `:a ::b $1 ?1 @c`, `IDENTIFIED BY a`, `{call p}`, `a."b"."c" AS "d"`, "[8+$$c]",
	`INSERT INTO t (a) VALUES ('b') ON CONFLICT DO UPDATE SET c = 1`, `COPY t FROM STDIN;`, "-- name: A :one\nSELECT 1", `/*! a */ b`, `1e-5 .5 0x1F 1_0`, `"a""b"`, `[a]]b]`, `'''a'''`,
}

func BenchmarkAnalyze(b *testing.B) {
	for name, query := range map[string]string{
		"short":  `SELECT id, name FROM users WHERE id = $1`,
		"quoted": `SELECT "u"."id" FROM "users" "u" WHERE "u"."name" = 'bob' AND "u"."id" IN (1, 2, 3)`,
		"64KiB":  "INSERT INTO t VALUES " + strings.Repeat("('a', 1), ", 6500),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(query)))
			b.ReportAllocs()
			for b.Loop() {
				_ = analyze(query, allReadings)
			}
		})
	}
}
