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
	sqliteReadings    = []reading{{strings: true, backtick: true, brackets: true}}
	sqlserverReadings = []reading{{brackets: true, doubled: true, nested: true}}
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
			if name := query[i:end]; !closed || strings.ContainsAny(name[1:], "'\"`#*\\[") || strings.Contains(name, "--") || strings.Contains(name, "//") {
				kind = inName // hold what is not a name to others
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

// until returns the end of what ends with a mark.
func until(query string, from int, mark string) (end int, closed bool) {
	if from <= len(query) {
		if n := strings.Index(query[from:], mark); n >= 0 {
			return from + n + len(mark), true
		}
	}
	return len(query), false
}

// quoted returns the end of what the quote at start opens. A quote that is
// doubled does not end it.
func (r *reading) quoted(query string, start int, backslash bool) (end int, closed bool) {
	quote := query[start]
	if r.triple && start+2 < len(query) && query[start+1] == quote && query[start+2] == quote {
		for i := start + 3; i < len(query); i++ {
			if query[i] == '\\' {
				i++
			} else if query[i] == quote && strings.HasPrefix(query[i:], query[start:start+3]) {
				return i + 3, true
			}
		}
		return len(query), false
	}
	for i := start + 1; i < len(query); i++ {
		switch {
		case query[i] == '\\' && backslash:
			i++
		case query[i] != quote:
		case i+1 < len(query) && query[i+1] == quote:
			i++
		default:
			return i + 1, true
		}
	}
	return len(query), false
}

// prefixed returns the end of a string with a prefix, as in E'…' or N'…'.
func (r *reading) prefixed(query, prefix string, quote int) (end int, closed bool) {
	switch {
	case r.q && (strings.EqualFold(prefix, "q") || strings.EqualFold(prefix, "nq")):
		if quote+1 == len(query) {
			return len(query), false
		}
		last := query[quote+1]
		if n := strings.IndexByte("[{(<", last); n >= 0 {
			last = "]})>"[n]
		}
		return until(query, quote+2, string([]byte{last, '\''}))
	case strings.EqualFold(prefix, "e"):
		return r.quoted(query, quote, r.backslash || r.escape)
	}
	return r.quoted(query, quote, r.backslash)
}

// quoteAfter returns the place of the quote behind a word that is the prefix of
// a string, or -1.
func quoteAfter(query string, start, end int) int {
	if end == len(query) {
		return -1
	}
	if query[end] == '&' && end+1 < len(query) && query[end+1] == '\'' && strings.EqualFold(query[start:end], "u") {
		return end + 1
	}
	if query[end] != '\'' {
		return -1
	}
	if query[start] == '_' { // a character set of MySQL
		return end
	}
	if end-start <= 2 {
		switch strings.ToLower(query[start:end]) {
		case "e", "n", "b", "x", "r", "q", "nq", "br", "rb":
			return end
		}
	}
	return -1
}

// bracketed returns the end of a name in brackets.
func (r *reading) bracketed(query string, start int) (end int, closed bool) {
	for i := start + 1; i < len(query); i++ {
		if query[i] != ']' {
			continue
		}
		if r.doubled && i+1 < len(query) && query[i+1] == ']' {
			i++
			continue
		}
		return i + 1, true
	}
	return len(query), false
}

// dollarTag returns the tag that opens a string in PostgreSQL, or nothing.
func dollarTag(query string) string {
	for i := 1; i < len(query); i++ {
		switch c := query[i]; {
		case c == '$':
			return query[:i+1]
		case isDigit(c) && i > 1, isWordStart(c):
		default:
			return ""
		}
	}
	return ""
}

// comment returns the end of the comment at start, and kind 0 if there is none.
// A comment that lasts to the end of its line is closed by that only.
func (r *reading) comment(query string, start int) (end int, kind byte, closed bool) {
	rest := query[start:]
	switch {
	case strings.HasPrefix(rest, "/*"):
		if r.versioned && (strings.HasPrefix(rest, "/*!") || strings.HasPrefix(rest, "/*M!")) {
			end = start + strings.IndexByte(rest, '!') + 1
			for end < len(query) && isDigit(query[end]) {
				end++
			}
			return end, inComment, true
		}
		end, closed = r.block(query, start+2)
		return end, inComment, closed
	case strings.HasPrefix(rest, "*/") && r.versioned:
		return start + 2, inComment, true
	case strings.HasPrefix(rest, "--") && (!r.dash || len(rest) == 2 || rest[2] <= ' '),
		rest[0] == '#' && r.hash,
		strings.HasPrefix(rest, "//") && r.slashes:
		for i := start; i < len(query); i++ {
			if query[i] == '\n' || query[i] == '\r' && r.cr {
				return i + 1, inComment, true
			}
		}
		return len(query), inComment, false
	}
	return start + 1, 0, true
}

// block returns the end of a comment whose opening is before from.
func (r *reading) block(query string, from int) (end int, closed bool) {
	depth := 1
	for i := from; i+1 < len(query); i++ {
		switch {
		case query[i] == '*' && query[i+1] == '/':
			if depth--; depth == 0 {
				return i + 2, true
			}
			i++
		case r.nested && query[i] == '/' && query[i+1] == '*':
			depth++
			i++
		}
	}
	return len(query), false
}

// wordEnd returns the end of the word or number at start.
func wordEnd(query string, start int) int {
	number := isDigit(query[start])
	i := start + 1
	for i < len(query) && (isWordStart(query[i]) || isDigit(query[i]) || query[i] == '$' && !number) {
		i++
	}
	return i
}

// isWordStart reports whether a word may begin with c. Letters beyond ASCII are
// letters to every database.
func isWordStart(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// isPlain reports whether a quoted name holds nothing that any database would
// read as anything but a name.
func isPlain(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case isWordStart(c), isDigit(c), c == ' ', c == '.':
		case c == '-' && i+1 < len(name) && name[i+1] != '-':
		default:
			return false
		}
	}
	return name != ""
}
