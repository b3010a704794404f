// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCommentIsAppendedInsideTheStatement(t *testing.T) {
	const c = "/*a='b'*/"
	for name, tc := range map[string]struct{ query, want string }{
		"plain":               {"SELECT * FROM songs", "SELECT * FROM songs " + c},
		"semicolon":           {"SELECT 1;", "SELECT 1 " + c + ";"},
		"semicolon and space": {"SELECT 1 ; \n", "SELECT 1 " + c + " ; \n"},
		"semicolons":          {"SELECT 1;;", "SELECT 1 " + c + ";;"},
		"white space":         {"SELECT 1 \n", "SELECT 1 " + c + " \n"},
		"several statements":  {"SELECT 1; SELECT 2;", "SELECT 1; SELECT 2 " + c + ";"},
		"semicolon in a text": {"SELECT ';'", "SELECT ';' " + c},
		"closed comment":      {"SELECT 1 -- one\n", "SELECT 1 -- one\n" + c},
		"closed and ended":    {"SELECT 1 -- one\n;", "SELECT 1 -- one\n" + c + ";"},
		"comment behind":      {"SELECT 1; /* one */", "SELECT 1 " + c + "; /* one */"},
		"block comment":       {"SELECT /* one */ 1", "SELECT /* one */ 1 " + c},
		"sqlc":                {"-- name: A :one\nSELECT 1", "-- name: A :one\nSELECT 1 " + c},
		"placeholders":        {"SELECT * FROM t WHERE a = $1", "SELECT * FROM t WHERE a = $1 " + c},
		"insert":              {"INSERT INTO t VALUES ('it''s')", "INSERT INTO t VALUES ('it''s') " + c},
		"copying is no COPY":  {"SELECT copy FROM t", "SELECT copy FROM t " + c},
		"procedure with text": {"EXEC sp_who 1", "EXEC sp_who 1 " + c},
		"transaction":         {"BEGIN READ ONLY", "BEGIN READ ONLY " + c},

		"empty":                {"", ""},
		"blank":                {" \n", " \n"},
		"semicolon alone":      {";", ";"},
		"comment alone":        {"/* one */", "/* one */"},
		"copy":                 {"COPY t FROM STDIN", "COPY t FROM STDIN"},
		"copy in lower case":   {" copy t (a) from stdin;", " copy t (a) from stdin;"},
		"copy behind":          {"SELECT 1; /**/ COPY t FROM STDIN", "SELECT 1; /**/ COPY t FROM STDIN"},
		"open comment":         {"SELECT 1 -- one", "SELECT 1 -- one"},
		"open behind":          {"SELECT 1; -- one", "SELECT 1; -- one"},
		"open to MySQL":        {"SELECT 1 # one", "SELECT 1 # one"},
		"open to others":       {"SELECT 1--1", "SELECT 1--1"},
		"open to PostgreSQL":   {"SELECT 1 /* /* */", "SELECT 1 /* /* */"},
		"unterminated":         {"SELECT 'one", "SELECT 'one"},
		"unterminated to some": {`SELECT 'c:\'`, `SELECT 'c:\'`},
		"unterminated dollars": {"SELECT $$ one", "SELECT $$ one"},
		"commented":            {"SELECT 1 /*traceparent='00-1'*/", "SELECT 1 /*traceparent='00-1'*/"},
		"commented, ended":     {"SELECT 1 /*traceparent='00-1'*/;", "SELECT 1 /*traceparent='00-1'*/;"},
		"stored text":          {"CREATE VIEW v AS SELECT 1", "CREATE VIEW v AS SELECT 1"},
		"data behind":          {"INSERT INTO t FORMAT CSV", "INSERT INTO t FORMAT CSV"},
		"procedure":            {"sp_who", "sp_who"},
		"qualified procedure":  {"[my db].dbo.[sp who] ", "[my db].dbo.[sp who] "},
		"NUL":                  {"SELECT 1\x00", "SELECT 1\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, withComment(tc.query, [][2]string{{"a", "b"}}))
		})
	}
}

func TestCommentNamesNoColumnOfSQLite(t *testing.T) {
	pairs := [][2]string{{"a", "b"}}
	for query, commented := range map[string]bool{
		`SELECT 1`:                           false,
		`SELECT a, (SELECT b FROM c);`:       false,
		`SELECT 1 AS a, 2`:                   false,
		`SELECT 1 IS DISTINCT FROM 2`:        false,
		`DELETE FROM t RETURNING a || 'x'`:   false,
		`SELECT a FROM t; SELECT 1`:          false,
		`SELECT 1 AS a`:                      true,
		`SELECT 1 FROM t`:                    true,
		`SELECT 1 WHERE true`:                true,
		`SELECT 1; SELECT a FROM t`:          true,
		`INSERT INTO t VALUES (1)`:           true,
		`UPDATE t SET a = (SELECT 1 FROM u)`: true,
	} {
		assert.Equal(t, commented, withCommentFor("sqlite", query, pairs) != query, query)
		assert.NotEqual(t, query, withComment(query, pairs), query)
	}
}

// The values are those of the specification's examples, but for the quote,
// which is encoded rather than escaped: the value is the same to its readers,
// and no database sees a quote inside.
// https://google.github.io/sqlcommenter/spec/
func TestCommentEncodesAsSQLCommenter(t *testing.T) {
	for name, tc := range map[string]struct {
		pairs [][2]string
		want  string
	}{
		"conventions": {
			[][2]string{{"tracestate", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"}, {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}},
			`/*traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',tracestate='congo%3Dt61rcWkgMzE%2Crojo%3D00f067aa0ba902b7'*/`,
		},
		"service name":    {[][2]string{{"service.name", "shoppingcart"}}, `/*service.name='shoppingcart'*/`},
		"keys are sorted": {[][2]string{{"route", "/polls 1000"}, {"action", "/param*d"}}, `/*action='%2Fparam%2Ad',route='%2Fpolls%201000'*/`},
		"key":             {[][2]string{{"route parameter", "/param first"}}, `/*route%20parameter='%2Fparam%20first'*/`},
		"quote":           {[][2]string{{"a", "FOO 'BAR"}}, `/*a='FOO%20%27BAR'*/`},
		"end of comment":  {[][2]string{{"a*/", "*/; DROP TABLE t; /*"}}, `/*a%2A%2F='%2A%2F%3B%20DROP%20TABLE%20t%3B%20%2F%2A'*/`},
		"hints":           {[][2]string{{"!40101 a", "b"}}, `/*%2140101%20a='b'*/`},
		"placeholders":    {[][2]string{{"a", "? $1 :b @c %s"}}, `/*a='%3F%20%241%20%3Ab%20%40c%20%25s'*/`},
		"letters":         {[][2]string{{"a", "é\x00"}}, `/*a='%C3%A9%00'*/`},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, "SELECT 1 "+tc.want, withComment("SELECT 1", tc.pairs))
		})
	}
}

func TestCommentOfNothingIsNone(t *testing.T) {
	for _, pairs := range [][][2]string{nil, {{"", "a"}}, {{"a", ""}}} {
		assert.Equal(t, "SELECT 1", withComment("SELECT 1", pairs))
	}
}

func TestCommentLeavesThePairsAlone(t *testing.T) {
	pairs := [][2]string{{"b", "1"}, {"", "x"}, {"a", "2"}}
	withComment("SELECT 1", pairs)
	assert.Equal(t, [][2]string{{"b", "1"}, {"", "x"}, {"a", "2"}}, pairs)
}

// FuzzCommentIsAllThatIsAdded: to no database does the comment touch what it
// reads, and it can be read back.
func FuzzCommentIsAllThatIsAdded(f *testing.F) {
	for _, query := range corpus {
		f.Add(query, "a", "b")
		f.Add(query+";", "*/", "'--")
	}
	f.Fuzz(func(t *testing.T, query, key, value string) {
		got := withComment(query, [][2]string{{key, value}})
		if got == query {
			return
		}
		start := strings.LastIndex(got, "/*")
		end := start + strings.Index(got[start:], "*/") + 2
		k, v, _ := strings.Cut(strings.Trim(got[start:end], "/*"), "='")
		k, _ = url.PathUnescape(k)
		v, _ = url.PathUnescape(strings.TrimSuffix(v, "'"))
		if k != key || v != value {
			t.Errorf("%q: got %q=%q, want %q=%q", got, k, v, key, value)
		}
		if rest := got[:start] + got[end:]; strings.Replace(rest, " ", "", -1) != strings.Replace(query, " ", "", -1) {
			t.Errorf("%q became %q", query, got)
		}
		for i := range allReadings {
			marks := make([]byte, len(got))
			allReadings[i].mark(got, marks)
			for j := start; j < end; j++ {
				if marks[j] != inComment {
					t.Fatalf("%q: no comment to reading %d", got, i)
				}
			}
			before := make([]byte, len(query))
			allReadings[i].mark(query, before)
			if string(marks[end:]) != string(before[len(query)-(len(got)-end):]) {
				t.Fatalf("%q: reading %d goes on otherwise", got, i)
			}
		}
	})
}

func BenchmarkComment(b *testing.B) {
	pairs := [][2]string{{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}
	b.ReportAllocs()
	for b.Loop() {
		_ = withComment("SELECT id, name FROM users WHERE id = $1", pairs)
	}
}
