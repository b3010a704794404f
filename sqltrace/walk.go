// SPDX-License-Identifier: Apache-2.0

package sqltrace

import "strings"

// analyze reads a query once, in every way that the readings allow, and returns
// what is known about it. It takes time in proportion to the query's length, up
// to maxAnalyzedBytes.
func analyze(query string, readings []reading) statement {
	query = strings.TrimPrefix(query, bom)
	if len(query) > maxAnalyzedBytes {
		query = query[:maxAnalyzedBytes]
	}
	marks, _ := markings(query, readings)
	w := walker{query: query, marks: marks}
	w.out.text = make([]byte, 0, min(len(query), maxSanitizedBytes))
	w.clauses.reset()
	w.walk()
	st := statement{summary: namedBySQLC(query), sanitized: w.out.String(), parameterized: w.placeholders && !w.data && !(w.ambiguous && w.unnumbered)}
	if st.summary == "" {
		st.summary = w.clauses.summary.String()
	}
	return st
}

// walker goes over a query token by token. It writes the sanitized text, and
// tells the clauses what it sees.
type walker struct {
	query string
	marks []byte // of the query's bytes

	out          sanitized
	clauses      clauses
	placeholders bool // were seen
	unnumbered   bool // were among them: ? or :name, and not PostgreSQL's $1
	data         bool // was seen: a literal that is no small number
	ambiguous    bool // "…" was seen where it may be a string as well as a name

	last       token  // before the one at hand
	word       string // the last word
	identified bool   // IDENTIFIED was seen: a password may follow unquoted
	values     bool   // VALUES was seen
	inline     inline // data behind a statement, which is no code
}

// token is what a part of a query is.
type token byte

const (
	noToken token = iota
	wordToken
	nameToken        // a quoted identifier
	literalToken     // a string, number or boolean
	placeholderToken // ?, $1, :name, @name
	punctuationToken
)

func (w *walker) walk() {
	for i := 0; i < len(w.query); {
		if w.inline == inlineNow && strings.Trim(w.query[i:], "; \t\r\n") != "" {
			w.data, w.out.space = true, true
			w.redact("")
			break
		}
		w.inline.leave(inlineNow)
		if w.marks[i] != 0 {
			i = w.marked(i)
			continue
		}
		c := w.query[i]
		switch {
		case isSpace(c):
			w.out.space = true
			w.clauses.space()
			i++
		case isDigit(c), c == '.' && w.codeAt(i+1, isDigit) && (w.out.space || w.last != wordToken && w.last != nameToken):
			i = w.number(i)
		case isWordStart(c), c == '@', c == '#' && w.codeAt(i+1, isWordStart):
			i = w.identifier(i)
		case c == '?', c == ':', c == '$' && w.codeAt(i+1, isDigit):
			i = w.placeholder(i)
		case c == '[' || c == '`' || c == '"':
			if end := w.name(i); end > i {
				i = w.keep(i, end, nameToken)
				continue
			}
			i = w.keep(i, i+1, punctuationToken)
		default:
			w.identified = w.identified && c != ';'
			i = w.keep(i, i+1, punctuationToken)
			w.inline.punctuation(c)
		}
	}
	w.clauses.finish()
}

// codeAt reports whether the byte at i is code, and of the class.
func (w *walker) codeAt(i int, class func(byte) bool) bool {
	return i < len(w.query) && w.marks[i] == 0 && class(w.query[i])
}

// codeEnd returns the end of the code from i on, at most end.
func (w *walker) codeEnd(i, end int) int {
	for j := i; j < end; j++ {
		if w.marks[j] != 0 {
			return j
		}
	}
	return end
}

// keep writes the token between start and end as it is.
func (w *walker) keep(start, end int, kind token) int {
	text := w.query[start:end]
	next := end
	for w.codeAt(next, isSpace) {
		next++
	}
	w.out.token(text, kind)
	w.clauses.token(text, kind, w.codeAt(next, func(c byte) bool { return c == '(' }))
	w.last = kind
	return end
}

// redact writes a placeholder for a token, whose text is told to the clauses
// when it is one string.
func (w *walker) redact(text string) {
	w.out.token("?", literalToken)
	w.clauses.token(text, literalToken, false)
	w.last = literalToken
}

// marked writes what is not code to every reading, from i on.
func (w *walker) marked(i int) (end int) {
	var kinds byte
	for end = i; end < len(w.query) && w.marks[end] != 0; end++ {
		kinds |= w.marks[end]
	}
	text := w.query[i:end]
	switch {
	case kinds == inComment:
		w.out.space = true
		w.clauses.space()
	case w.hidden():
		w.data = true
		w.redact("")
	case kinds == inName && isPlainQuoted(text), kinds&inComment == 0 && text[0] == '"' && isPlainQuoted(text) && w.names(end):
		w.keep(i, end, nameToken)
	case kinds == inLiteral:
		w.data = w.data || w.isData(text, end)
		w.redact(text)
	default:
		w.data = w.data || kinds != inName && w.isData(text, end)
		w.redact("")
	}
	return end
}

// number writes a placeholder for the number at i. What is glued to a number is
// taken for a part of it.
func (w *walker) number(i int) (end int) {
	for end = i; end < len(w.query) && w.marks[end] == 0; end++ {
		c := w.query[end]
		signed := (c == '+' || c == '-') && w.query[end-1]|0x20 == 'e' && w.codeAt(end+1, isDigit) && !strings.HasPrefix(w.query[i:], "0x")
		if !isDigit(c) && !isWordStart(c) && c != '.' && c != '$' && !signed {
			break
		}
	}
	const small = 4 // LIMIT 10; a number that says who somebody is has more digits
	w.data = w.data || end-i > small
	w.redact("")
	return end
}

// identifier writes the word at i.
func (w *walker) identifier(i int) (end int) {
	end = i
	for w.codeAt(end, func(c byte) bool { return c == '@' || c == '#' }) {
		end++
	}
	if w.codeAt(end, isWordStart) || w.codeAt(end, isDigit) {
		end = w.codeEnd(end, wordEnd(w.query, end))
	}
	word := w.query[i:end]
	switch {
	case word[0] == '@':
		return w.keep(i, end, placeholderToken)
	case w.hidden():
		w.data = true
		w.redact("")
		return end
	case !w.out.endsIn('.') && isOneOf(word, "true", "false"):
		w.redact("")
		return end
	}
	w.values = w.values || isOneOf(word, "values", "value")
	w.identified = w.identified || isOneOf(word, "identified")
	w.word = word
	w.inline.word(word, &w.clauses)
	return w.keep(i, end, wordToken)
}

// hidden reports whether a password must be next: IDENTIFIED BY hunter2.
func (w *walker) hidden() bool {
	if !w.identified || w.last != wordToken {
		return false
	}
	switch len(w.word) {
	case 2, 6, 7, 8:
		return isOneOf(w.word, "BY", "AS", "VALUES", "REPLACE", "PASSWORD")
	}
	return false
}

// placeholder writes the placeholder at i, or the punctuation that looks like
// one.
func (w *walker) placeholder(i int) (end int) {
	const digits = 5 // no database has more placeholders; $123456 is money
	end = i + 1
	for w.codeAt(end, isDigit) {
		end++
	}
	numbered := end > i+1
	if numbered && (end-i-1 > digits || w.codeAt(end, func(c byte) bool { return isWordStart(c) || c == '.' })) {
		return w.keep(i, i+1, punctuationToken)
	}
	switch w.query[i] {
	case '?':
		asked := !w.operator(end)
		w.placeholders, w.unnumbered = w.placeholders || asked, w.unnumbered || asked
	case ':':
		if !numbered && w.codeAt(end, isWordStart) {
			end = w.codeEnd(end, wordEnd(w.query, end))
		}
		// Not a::b, a[1:n], doc:field.
		if end == i+1 || !w.out.space && len(w.out.text) > 0 && !w.out.endsInAny("(,=<>+-*/|") {
			return w.keep(i, i+1, punctuationToken)
		}
		w.placeholders, w.unnumbered = true, true
	default:
		w.placeholders = true
	}
	return w.keep(i, end, placeholderToken)
}

// operator reports whether the ? that ends at end is an operator of PostgreSQL,
// as in doc ? 'key', doc ?| array['key'] and doc ?& array['key'].
func (w *walker) operator(end int) bool {
	if w.codeAt(end, func(c byte) bool { return c == '|' || c == '&' }) {
		return !w.codeAt(end+1, func(c byte) bool { return c == '|' })
	}
	for end < len(w.query) && isSpace(w.query[end]) {
		end++
	}
	return end < len(w.query) && w.marks[end]&inLiteral != 0
}
