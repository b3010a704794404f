// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"strings"
	"unicode/utf8"
)

// maxSummary is the length of a summary, in characters.
// https://opentelemetry.io/docs/specs/semconv/db/database-spans/#generating-a-summary-of-the-query
const maxSummary = 255

// summary is the text that is written, of whole tokens.
type summary struct {
	text  []byte
	runes int
	full  bool
}

// add writes a token if it fits; nothing is written after one that does not.
func (s *summary) add(token []byte) {
	n := utf8.RuneCount(token)
	if len(s.text) > 0 {
		n++
	}
	if s.full = s.full || s.runes+n > maxSummary; s.full {
		return
	}
	if len(s.text) > 0 {
		s.text = append(s.text, ' ')
	}
	s.text = append(s.text, token...)
	s.runes += n
}

func (s *summary) String() string { return string(s.text) }

// namedBySQLC returns the name that sqlc wrote in the query's first line:
//
//	-- name: GetAuthor :one
func namedBySQLC(query string) string {
	line, _, _ := strings.Cut(strings.TrimLeft(query, " \t\r\n"), "\n")
	line, ok := strings.CutPrefix(line, "-- name:")
	if !ok {
		return ""
	}
	fields := strings.Fields(line)
	if len(fields) != 2 || fields[1][0] != ':' || len(fields[1]) < 2 || utf8.RuneCountInString(fields[0]) > maxSummary {
		return ""
	}
	for i := range len(fields[0]) {
		if c := fields[0][i]; !isWordStart(c) && !(isDigit(c) && i > 0) {
			return ""
		}
	}
	for _, c := range fields[1][1:] {
		if c < 'a' || c > 'z' {
			return ""
		}
	}
	return fields[0]
}
