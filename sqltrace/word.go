// SPDX-License-Identifier: Apache-2.0

package sqltrace

import "strings"

// bom may begin a text that was read from a file.
const bom = "\ufeff"

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

// isOneOf reports whether a word is one of some, whatever its case.
func isOneOf(word string, some ...string) bool {
	for _, s := range some {
		if strings.EqualFold(word, s) {
			return true
		}
	}
	return false
}
