// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"slices"
	"strings"
)

// What a byte of a query may be, besides plain code.
const (
	inLiteral byte = 1 << iota // of a string
	inComment
	inName // of a quoted identifier
)

// A reading is one way to tell literals, comments and quoted names from code.
// The same bytes mean different things to different databases, so a query whose
// database is not known is read in every way, and only what is code to all of
// them is taken for code.
type reading struct {
	backslash bool // \' does not end a string
	escape    bool // \' does not end an E'…' string
	strings   bool // "…" is, or may be, a string
	dollar    bool // $$…$$ and $tag$…$tag$ are strings
	q         bool // q'[…]' is a string
	triple    bool // '''…''' is a string
	backtick  bool // `…` is a name
	brackets  bool // […] is a name
	doubled   bool // ]] does not end such a name
	nested    bool // /* /* */ */ is one comment
	dash      bool // -- needs a blank after it
	hash      bool // # begins a comment
	slashes   bool // // begins a comment
	cr        bool // a carriage return ends a comment
	versioned bool // /*! … */ is code
}

var (
	postgresReadings = []reading{
		{escape: true, dollar: true, nested: true, cr: true},
		{escape: true, dollar: true, nested: true, cr: true, backslash: true}, // standard_conforming_strings off
	}
	mysqlReadings = []reading{
		{backslash: true, strings: true, backtick: true, dash: true, hash: true, versioned: true},
		{strings: true, backtick: true, dash: true, hash: true, versioned: true},   // NO_BACKSLASH_ESCAPES
		{backslash: true, backtick: true, dash: true, hash: true, versioned: true}, // ANSI_QUOTES
	}
	// SQLite takes "…" for a string where no column has that name.
	sqliteReadings = []reading{{strings: true, backtick: true, brackets: true}}
	// SQL Server does with QUOTED_IDENTIFIER off.
	sqlserverReadings = []reading{{strings: true, brackets: true, doubled: true, nested: true}}
	oracleReadings    = []reading{{q: true}}
	// Snowflake, BigQuery, Spark and ClickHouse.
	otherReadings = []reading{{backslash: true, strings: true, dollar: true, triple: true, backtick: true, hash: true, slashes: true}}

	allReadings = slices.Concat(postgresReadings, mysqlReadings, sqliteReadings, sqlserverReadings, oracleReadings, otherReadings)
)

// readingsOf returns the ways in which a database may read a query, by
// db.system.name.
func readingsOf(system string) []reading {
	switch system {
	case "postgresql", "cockroachdb", "aws.redshift":
		return postgresReadings
	case "mysql", "mariadb":
		return mysqlReadings
	case "sqlite":
		return sqliteReadings
	case "microsoft.sql_server":
		return sqlserverReadings
	case "oracle.db":
		return oracleReadings
	}
	return allReadings
}

// markings returns what each byte of a query may be, and whether some reading
// ends inside a literal, a comment or a quoted name.
func markings(query string, readings []reading) (marks []byte, open bool) {
	marks = make([]byte, len(query))
	if len(readings) > 1 && !divergent(query) {
		readings = readings[:1]
	}
	for i := range readings {
		if readings[i].mark(query, marks) {
			open = true
		}
	}
	return marks, open
}

// divergent reports whether databases may read a query differently.
func divergent(query string) bool {
	for i := range len(query) {
		switch query[i] {
		case '\\', '#', '[', '`', '"', '/':
			return true
		case '$':
			if i+1 == len(query) || !isDigit(query[i+1]) {
				return true
			}
		case '-':
			if strings.HasPrefix(query[i+1:], "-") {
				return true
			}
		case '\'':
			if strings.HasPrefix(query[i+1:], "''") || i > 0 && query[i-1]|0x20 == 'q' {
				return true
			}
		}
	}
	return false
}

// mark adds to marks what this reading takes the query's bytes for. It returns
// true when the query ends inside a literal, a comment or a quoted name.
func (r *reading) mark(query string, marks []byte) (open bool) {
	for i := 0; i < len(query); {
		c := query[i]
		end, kind, closed := i+1, byte(0), true
		switch {
		case isWordStart(c) || isDigit(c):
			end = wordEnd(query, i)
			if quote := quoteAfter(query, i, end); quote >= 0 {
				end, closed = r.prefixed(query, query[i:end], quote)
				kind = inLiteral
			}
		case c == '\'':
			end, closed = r.quoted(query, i, r.backslash)
			kind = inLiteral
		case c == '"':
			kind = inName
			if r.strings {
				kind = inLiteral
			}
			end, closed = r.quoted(query, i, r.backslash && r.strings)
		case c == '`' && r.backtick:
			end, closed = r.quoted(query, i, false)
			kind = inName
		case c == '[' && r.brackets:
			end, closed = r.bracketed(query, i)
			if !closed || divergent(query[i+1:end]) || strings.ContainsAny(query[i:end], "'*") {
				kind = inName // there is something in it to others
			}
		case c == '$' && r.dollar:
			if tag := dollarTag(query[i:]); tag != "" {
				end, closed = until(query, i+len(tag), tag)
				kind = inLiteral
			}
		case c == '-' || c == '#' || c == '/' || c == '*':
			end, kind, closed = r.comment(query, i)
		}
		if kind != 0 {
			for j := i; j < end; j++ {
				marks[j] |= kind
			}
		}
		if !closed {
			return true
		}
		i = end
	}
	return false
}
