// SPDX-License-Identifier: Apache-2.0

package sqltrace

import "strings"

// keyValues reads words as libpq does. A key that is there twice, or anything
// that is no word, makes it no such text.
func keyValues(dsn string) (map[string]string, bool) {
	words := map[string]string{}
	for dsn = strings.TrimLeft(dsn, blanks); dsn != ""; dsn = strings.TrimLeft(dsn, blanks) {
		key, rest, ok := strings.Cut(dsn, "=")
		key = strings.ToLower(strings.Trim(key, blanks))
		if !ok || key == "" || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_-.") != "" {
			return nil, false
		}
		if _, twice := words[key]; twice {
			return nil, false
		}
		value, rest, ok := keyValue(strings.TrimLeft(rest, blanks))
		if !ok {
			return nil, false
		}
		words[key], dsn = value, rest
	}
	return words, true
}

const blanks = " \t\r\n\v\f"

// keyValue reads one value, quoted or not, and returns what follows.
func keyValue(s string) (value, rest string, ok bool) {
	var b strings.Builder
	quote := byte(0)
	if s != "" && (s[0] == '\'' || s[0] == '"') {
		quote, s = s[0], s[1:]
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case quote != 0 && c == quote:
			after := s[i+1:]
			return b.String(), after, after == "" || strings.IndexByte(blanks, after[0]) >= 0
		case quote == 0 && strings.IndexByte(blanks, c) >= 0:
			return b.String(), s[i:], true
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "", quote == 0
}

// synonym returns one name for the keys that mean the same.
func synonym(key string) string {
	switch key {
	case "data source", "address", "network address", "addr", "hostname":
		return "server"
	case "initial catalog":
		return "database"
	case "pwd":
		return "password"
	case "uid", "user":
		return "user id"
	}
	return key
}

// adoValue reads one value, and returns what follows its semicolon.
func adoValue(s string) (value, rest string, ok bool) {
	last := byte(0)
	if s != "" {
		switch s[0] {
		case '\'', '"':
			last = s[0]
		case '{':
			last = '}'
		}
	}
	if last == 0 {
		value, rest, _ = strings.Cut(s, ";")
		return strings.TrimSpace(value), rest, true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != last {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == last {
			b.WriteByte(last)
			i++
			continue
		}
		between, after, _ := strings.Cut(s[i+1:], ";")
		return b.String(), after, strings.TrimSpace(between) == ""
	}
	return "", "", false
}
