// SPDX-License-Identifier: Apache-2.0

package sqltrace

import "strings"

// sanitized is the text that is written, with single blanks, and with lists of
// values behind IN collapsed.
type sanitized struct {
	text     []byte
	space    bool // a blank is due
	fits     int  // where the last token ends that fits in maxSanitizedBytes
	list     list
	lastWord bool // the last token was IN
}

// list is what was seen of a list behind IN.
type list struct {
	at     int  // where the text behind the parenthesis begins; 0 outside
	values int  // 0 when something else was seen
	open   bool // a value is due
}

func (s *sanitized) endsIn(c byte) bool {
	return !s.space && len(s.text) > 0 && s.text[len(s.text)-1] == c
}

func (s *sanitized) endsInAny(some string) bool {
	return !s.space && len(s.text) > 0 && strings.IndexByte(some, s.text[len(s.text)-1]) >= 0
}

// token writes one token.
func (s *sanitized) token(text string, kind token) {
	if n := len(s.text); n > 0 && !s.space {
		// A comment between the two was dropped, or there was none for this database.
		a, b := s.text[n-1], text[0]
		s.space = a == '-' && b == '-' || a == '/' && (b == '*' || b == '/') || a == '*' && b == '/'
	}
	if s.space && len(s.text) > 0 {
		s.text = append(s.text, ' ')
	}
	s.space = false
	s.text = append(s.text, text...)
	s.collapse(text, kind)
	if len(s.text) <= maxSanitizedBytes {
		s.fits = len(s.text)
	}
}

// collapse writes IN (?) for IN (?, ?, ?).
func (s *sanitized) collapse(text string, kind token) {
	opens := s.lastWord && text == "("
	s.lastWord = kind == wordToken && strings.EqualFold(text, "in")
	l := &s.list
	switch {
	case opens:
		*l = list{at: len(s.text), open: true}
	case l.at == 0:
	case l.open && (kind == literalToken || kind == placeholderToken):
		l.values++
		l.open = false
	case l.open && (text == "-" || text == "+"):
	case !l.open && text == ",":
		l.open = true
	case !l.open && text == ")" && l.values > 1:
		s.text = append(s.text[:l.at], "?)"...)
		s.fits = min(s.fits, len(s.text))
		*l = list{}
	default:
		*l = list{}
	}
}

func (s *sanitized) String() string {
	if len(s.text) <= maxSanitizedBytes {
		return string(s.text)
	}
	return string(s.text[:s.fits])
}
