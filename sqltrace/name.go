// SPDX-License-Identifier: Apache-2.0

package sqltrace

import "strings"

// isData reports whether a text that may be a string, and ends at end, is one.
// Where "…" may be a name as well, $1 among the placeholders of a query says
// that it is: PostgreSQL has no such strings. Others have, and only where a
// name must be is it one to them.
func (w *walker) isData(text string, end int) bool {
	if text[0] != '"' || !isPlainQuoted(text) {
		return true
	}
	n := len(w.out.text)
	switch {
	case w.last == wordToken && (!w.out.space || isOneOf(w.word, "like", "ilike", "values")):
		return true
	case w.last != wordToken && (w.values || n > 0 && strings.IndexByte("=<>", w.out.text[n-1]) >= 0):
		return true
	}
	w.ambiguous = w.ambiguous || !w.compared(end) && !(w.clauses.insertsInto() && !w.values)
	return false
}

// compared reports whether what ends at end is compared with a placeholder, or
// set to one: nobody does that to a string.
func (w *walker) compared(end int) bool {
	rest := strings.TrimLeft(w.query[end:], " \t\r\n")
	value := strings.TrimLeft(rest, "=<>! \t\r\n")
	return value != rest && value != "" && strings.IndexByte("?$:@", value[0]) >= 0
}

// names reports whether a name, and not a string, must be here and end at end,
// whatever the database.
func (w *walker) names(end int) bool {
	before := w.out.endsIn('.') && w.last == punctuationToken
	after := end+1 < len(w.query) && w.query[end] == '.' && w.marks[end] == 0 && !isDigit(w.query[end+1]) && !isSpace(w.query[end+1])
	return before || after || w.clauses.wantsName() || w.last == wordToken && strings.EqualFold(w.word, "as")
}

// isPlainQuoted reports whether all of the text is one plain quoted name.
func isPlainQuoted(text string) bool {
	return len(text) > 2 && text[0] == text[len(text)-1] && strings.IndexByte("\"`'", text[0]) >= 0 && isPlain(text[1:len(text)-1])
}

// name returns the end of the plain quoted name at i, or i.
func (w *walker) name(i int) int {
	last := w.query[i]
	if last == '[' {
		last = ']'
	}
	n := strings.IndexByte(w.query[i+1:min(len(w.query), i+130)], last)
	if n < 1 {
		return i
	}
	end := i + n + 2
	inner := w.query[i+1 : end-1]
	if !isPlain(inner) || isDigit(inner[0]) || w.codeEnd(i, end) != end {
		return i
	}
	return end
}
