// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// prototypeNames are the properties every JavaScript object inherits. The
// reference server keeps its metrics in plain objects, so a metric of this name
// without a prefix reads a function instead of a number: "constructor" stops
// the server, and "__proto__" is never counted.
var prototypeNames = map[string]bool{
	"__defineGetter__":     true,
	"__defineSetter__":     true,
	"__lookupGetter__":     true,
	"__lookupSetter__":     true,
	"__proto__":            true,
	"constructor":          true,
	"hasOwnProperty":       true,
	"isPrototypeOf":        true,
	"propertyIsEnumerable": true,
	"toLocaleString":       true,
	"toString":             true,
	"valueOf":              true,
}

// nameByte reports whether b may stand in a metric name.
func nameByte(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' ||
		b == '_' || b == '.' || b == '-'
}

// sanitizeName returns s with every character outside [A-Za-z0-9_.-] replaced
// by an underscore, one for each.
func sanitizeName(s string) string {
	i := 0
	for i < len(s) && nameByte(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		if r < utf8.RuneSelf && nameByte(byte(r)) {
			b.WriteByte(byte(r))
		} else {
			b.WriteByte('_')
		}
	}
	return b.String()
}

// fullName joins prefix and name with a dot and makes the result safe for
// every receiver. An empty name is an underscore.
func fullName(prefix, name string) string {
	name = sanitizeName(name)
	prefix = sanitizeName(prefix)
	switch {
	case name == "":
		name = "_"
	case prefix == "" && prototypeNames[name]:
		name += "_"
	}
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

// joinPrefix appends prefix to parent. Dots at the edges are dropped, because
// With("app") and With("app.") mean the same.
func joinPrefix(parent, prefix string) string {
	prefix = strings.Trim(prefix, ".")
	switch {
	case prefix == "":
		return parent
	case parent == "":
		return prefix
	}
	return parent + "." + prefix
}

// tagSeparators mean something to at least one receiver in at least one place
// of a line. The reference server turns ":" and ";" of a tag into Graphite's
// own separators, so these are out in every dialect.
const tagSeparators = ":;,|=#"

// sanitizeTag returns s, a key or a value, without what would end or split a
// tag. Spaces become underscores, as they do on the receivers. Characters
// beyond ASCII become underscores too, except where unicodeOK: over TCP the
// reference server strips the eighth bit of every byte, and U+4E8A would end
// in a line break.
func sanitizeTag(s string, unicodeOK bool) string {
	clean := true
	for i := 0; i < len(s) && clean; i++ {
		b := s[i]
		clean = b > ' ' && b < 0x7f && strings.IndexByte(tagSeparators, b) < 0
	}
	if clean {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i, r := range s {
		switch {
		case r == ' ' || r == '\u00a0':
			b.WriteByte('_')
		case r == '\u2028' || r == '\u2029' || unicode.IsControl(r):
		case r < utf8.RuneSelf:
			if strings.IndexByte(tagSeparators, byte(r)) < 0 {
				b.WriteByte(byte(r))
			}
		case !unicodeOK:
			b.WriteByte('_')
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			b.WriteByte('_') // a byte that is no UTF-8
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// visibleTag reports whether anything of a sanitized tag would be left after a
// reference server with Graphite behind it: what it has no use for it deletes,
// and a tag of nothing costs Graphite the whole metric.
func visibleTag(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return r == '/' || r >= utf8.RuneSelf || nameByte(byte(r))
	})
}

// ownKey changes keys that belong to a receiver. Prometheus' exporter ends when
// a timer has a tag "quantile" (or "le", where it keeps histograms), and
// answers no scrape any more after one whose key starts with two underscores,
// to which it turns everything but letters and digits. Graphite keeps the
// metric's name in a tag "name", and what was there is lost.
func ownKey(key string) string {
	underscores := 0
	for _, r := range key {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			break
		}
		underscores++
	}
	switch {
	case underscores >= 2:
		return "x" + key
	case key == "quantile" || key == "le" || key == "name":
		return key + "_"
	}
	return key
}

// graphiteTag narrows an already sanitized tag to what the reference server
// lets through to Graphite, with its own replacement for a slash.
func graphiteTag(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		switch {
		case s[i] == '/':
			b.WriteByte('-')
		case nameByte(s[i]):
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// pathPart makes a tag one level of a dotted name.
func pathPart(s string) string {
	return strings.ReplaceAll(sanitizeName(s), ".", "-")
}

// sanitizeSetValue returns s without what ends a value. Bytes beyond
// ASCII are written as %XX: they must not reach the wire (see
// sanitizeTag), and two members that differ have to stay two. So is a leading
// sign, with which Telegraf refuses the line.
func sanitizeSetValue(s string) string {
	clean := s != "__proto__" && (s == "" || s[0] != '+' && s[0] != '-')
	for i := 0; i < len(s) && clean; i++ {
		b := s[i]
		clean = b >= ' ' && b < 0x7f && b != ':' && b != '|'
	}
	if clean {
		return s
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c == ':' || c == '|' || c < ' ' || c == 0x7f:
		case c > 0x7f || b.Len() == 0 && (c == '+' || c == '-'):
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		default:
			b.WriteByte(c)
		}
	}
	if b.String() == "__proto__" { // the reference server would lose this member
		b.WriteByte('_')
	}
	return b.String()
}
