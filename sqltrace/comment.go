// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"cmp"
	"slices"
	"strings"
)

// withComment returns the query with the pairs in a comment, as sqlcommenter
// writes them: appended to the last statement, before a final semicolon. The
// query stays as it is where a comment might change what it means, or where it
// would be kept: COPY and INSERT … FORMAT, whose text data may follow; CREATE
// and ALTER, whose text databases store; a name alone, which is a procedure to
// some drivers; a text that ends, for any database, inside a literal or a
// comment; and one that carries such a comment already.
// https://google.github.io/sqlcommenter/spec/
func withComment(query string, pairs [][2]string) string {
	return withCommentFor("", query, pairs)
}

// withCommentFor is withComment for a database, by db.system.name. SQLite names
// a column after its text, with the comment behind it, so that a list of columns
// which ends the statement is left alone there.
func withCommentFor(system, query string, pairs [][2]string) string {
	at, column := commentAt(query)
	if at < 0 || column && system == "sqlite" {
		return query
	}
	pairs = slices.DeleteFunc(slices.Clone(pairs), func(p [2]string) bool { return p[0] == "" || p[1] == "" })
	if len(pairs) == 0 {
		return query
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return cmp.Compare(a[0], b[0]) })
	var b strings.Builder
	b.Grow(len(query) + 16 + 64*len(pairs))
	b.WriteString(query[:at])
	if !isSpace(query[at-1]) {
		b.WriteByte(' ')
	}
	b.WriteString("/*")
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte(',')
		}
		escape(&b, p[0])
		b.WriteString("='")
		escape(&b, p[1])
		b.WriteByte('\'')
	}
	b.WriteString("*/")
	b.WriteString(query[at:])
	return b.String()
}

// escape writes a key or value, with everything encoded that is not unreserved
// in a URL. What is left can end neither the comment nor the value, and is no
// placeholder, hint or condition to any database.
func escape(b *strings.Builder, s string) {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case c|0x20 >= 'a' && c|0x20 <= 'z', isDigit(c), c == '-', c == '_', c == '.', c == '~':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
}

// commentAt returns where a comment may be put, or -1, and whether a column may
// be named after the text before it.
func commentAt(query string) (at int, column bool) {
	if strings.IndexByte(query, 0) >= 0 { // where some databases stop reading
		return -1, false
	}
	marks, open := markings(query, allReadings)
	if open {
		return -1, false
	}
	ok, column := commentable(query, marks)
	if !ok {
		return -1, false
	}
	end := len(query)
	for i := end - 1; i >= 0 && (marks[i] == inComment || isSpace(query[i]) || query[i] == ';'); i-- {
		if marks[i] == 0 && query[i] == ';' {
			end = i
		}
	}
	for end > 0 && marks[end-1] == 0 && isSpace(query[end-1]) {
		end--
	}
	if end == 0 || commented(query[:end], marks[:end]) {
		return -1, false
	}
	return end, column
}

// commented reports whether a text ends with a comment of sqlcommenter's.
func commented(query string, marks []byte) bool {
	end := len(query)
	start := end
	for start > 0 && marks[start-1]&inComment != 0 {
		start--
	}
	return start < end && strings.HasSuffix(query, "'*/") && strings.Contains(query[start:], "='")
}

// commentable reports whether every statement of a text may carry a comment,
// and whether its last one ends with a list of columns without a name.
func commentable(query string, marks []byte) (ok, column bool) {
	first := ""     // word of the statement
	name := true    // all there is so far is a name, as sp_who or [dbo].[my proc]
	within := false // brackets
	var columns columnList
	for i := len(query) - len(strings.TrimPrefix(query, bom)); i < len(query); {
		c := query[i]
		switch {
		case marks[i] == inComment, isSpace(c):
			name = name && (first == "" || within || strings.TrimRight(query[i:], " \t\r\n;") == "")
		case marks[i] == 0 && isWordStart(c):
			end := wordEnd(query, i)
			word := query[i:end]
			if first == "" {
				first = word
				columns = columnList{}
			}
			columns.word(word)
			if isOneOf(first, "COPY", "CREATE", "ALTER") || isOneOf(first, "INSERT") && isOneOf(word, "FORMAT") {
				return false, false
			}
			i = end
			continue
		case c == ';' && marks[i] == 0:
			first = ""
		case c == '[' || c == ']':
			within = c == '['
		case c == '.', marks[i]&inName != 0, isDigit(c):
		default:
			name = false
			if first == "" {
				first = "("
			}
			if marks[i] == 0 {
				columns.sign(c)
			}
		}
		i++
	}
	return !name, columns.open && !columns.named
}

// columnList follows the columns that a statement returns.
type columnList struct {
	open  bool // the list has not ended
	named bool // the last column has a name
	depth int  // of parentheses
	last  string
}

func (l *columnList) sign(c byte) {
	switch c {
	case '(':
		l.depth++
	case ')':
		l.depth--
	case ',':
		l.named = l.named && l.depth > 0
	}
}

func (l *columnList) word(word string) {
	if l.depth != 0 {
		return
	}
	switch {
	case isOneOf(word, "SELECT", "RETURNING"):
		l.open, l.named = true, false
	case isOneOf(word, "AS"):
		l.named = true
	case isOneOf(word, "FROM") && !isOneOf(l.last, "DISTINCT"), isOneOf(word, "WHERE", "GROUP", "ORDER", "LIMIT", "VALUES"):
		l.open = false
	}
	l.last = word
}
