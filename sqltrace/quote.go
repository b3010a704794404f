// SPDX-License-Identifier: Apache-2.0

package sqltrace

import "strings"

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
