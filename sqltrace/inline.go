// SPDX-License-Identifier: Apache-2.0

package sqltrace

// inline tells where data begins that follows a statement as it is, without
// quotes: INSERT INTO t FORMAT CSV of ClickHouse, COPY t FROM STDIN; of a
// script. None of it is code.
type inline byte

const (
	noInline     inline = iota
	inlineFormat        // the name of the format is next
	inlineCopied        // a semicolon is next
	inlineNow           // the data is next
)

// word takes a word before the clauses do.
func (s *inline) word(word string, c *clauses) {
	switch {
	case *s == inlineFormat:
		*s = inlineNow
	case len(c.outer) > 0 || c.wantsName():
	case c.op == inserts && isOneOf(word, "FORMAT"):
		*s = inlineFormat
	case c.op == copies && isOneOf(word, "STDIN"):
		*s = inlineCopied
	}
}

func (s *inline) punctuation(c byte) {
	switch {
	case c == ';' && *s == inlineCopied:
		*s = inlineNow
	case c == ';' || *s == inlineFormat:
		*s = noInline
	}
}

// leave leaves a state.
func (s *inline) leave(state inline) {
	if *s == state {
		*s = noInline
	}
}
