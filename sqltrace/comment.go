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
	at := commentAt(query)
	if at < 0 {
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

// commentAt returns where a comment may be put, or -1.
func commentAt(query string) int {
	if strings.IndexByte(query, 0) >= 0 { // where some databases stop reading
		return -1
	}
	marks, open := markings(query, allReadings)
	if open || !commentable(query, marks) {
		return -1
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
		return -1
	}
	return end
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

// commentable reports whether every statement of a text may carry a comment.
func commentable(query string, marks []byte) bool {
	first := ""     // word of the statement
	name := true    // all there is so far is a name, as sp_who or [dbo].[my proc]
	within := false // brackets
	for i := 0; i < len(query); {
		c := query[i]
		switch {
		case marks[i] == inComment, isSpace(c):
			name = name && (first == "" || within || strings.TrimRight(query[i:], " \t\r\n;") == "")
		case marks[i] == 0 && isWordStart(c):
			end := wordEnd(query, i)
			word := query[i:end]
			if first == "" {
				first = word
			}
			if isOneOf(first, "COPY", "CREATE", "ALTER") || isOneOf(first, "INSERT") && isOneOf(word, "FORMAT") {
				return false
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
		}
		i++
	}
	return !name
}
