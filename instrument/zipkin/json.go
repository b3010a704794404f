// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"math"
	"strconv"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
)

const hexDigits = "0123456789abcdef"

// ellipsis ends a value that was cut.
const ellipsis = "…"

// Each byte of these words is the same, for tests of eight bytes at once.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// Unicode's line and paragraph separators are sent as a newline. Zipkin's
// server (3.5) counts them wrong beside any other character that is not ASCII:
// its answer to every query that finds such a span ends in NUL bytes, which no
// browser reads as JSON. One hostile URL would hide all traces of a page.
const (
	lineSeparator      = '\u2028'
	paragraphSeparator = '\u2029'
)

// appendText appends s as the inside of a JSON string: RFC 8259 escapes,
// U+FFFD for each byte that is not UTF-8, a newline for each separator.
func appendText[T string | []byte](dst []byte, s T) []byte {
	start, i := 0, 0
	for i < len(s) {
		// Eight bytes that need no escape are the usual case. The compiler
		// makes one load of these eight.
		for i+8 <= len(s) {
			w := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
				uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
			quote, slash := w^(ones*'"'), w^(ones*'\\')
			if (w|(w-ones*' ')|(quote-ones)|(slash-ones))&highs != 0 {
				break
			}
			i += 8
		}
		for end := min(i+8, len(s)); i < end; {
			c := s[i]
			if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
				i++
				continue
			}
			size := 1
			if c >= utf8.RuneSelf {
				// A conversion of at most four bytes does not allocate.
				var r rune
				r, size = utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
				if r == lineSeparator || r == paragraphSeparator {
					c = '\n'
				} else if r != utf8.RuneError || size != 1 {
					i += size
					continue
				}
			}
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, c)
			i += size
			start = i
		}
	}
	return append(dst, s[start:]...)
}

// appendEscape appends what stands for c, which is a quote, a backslash, a
// control character or a byte that is not UTF-8.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	if c >= utf8.RuneSelf {
		return append(dst, "\uFFFD"...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}

// appendCut is appendText of as much of s as fits, with an ellipsis, into
// limit bytes of JSON. It reports whether it left something out.
func appendCut[T string | []byte](dst []byte, s T, limit int) ([]byte, bool) {
	start := len(dst)
	if len(s) <= limit*3/2 { // a separator of three bytes becomes two
		if dst = appendText(dst, s); len(dst)-start <= limit {
			return dst, false
		}
		dst = dst[:start]
	}
	room, n := max(limit-len(ellipsis), 0), 0
	for n < len(s) {
		size, cost := 1, 1
		switch c := s[n]; {
		case c >= utf8.RuneSelf:
			var r rune
			r, size = utf8.DecodeRuneInString(string(s[n:min(n+utf8.UTFMax, len(s))]))
			cost = utf8.RuneLen(r)
		case c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t':
			cost = len(`\n`)
		case c < ' ':
			cost = len(`\u0000`)
		}
		if room -= cost; room < 0 {
			break
		}
		n += size
	}
	dst = appendText(dst, s[:n])
	if limit >= len(ellipsis) {
		dst = append(dst, ellipsis...)
	}
	return dst, true
}

// appendLower is appendText of strings.ToLower(s), without its allocation.
func (e *encoder) appendLower(dst []byte, s string) []byte {
	start := len(dst)
	dst = appendText(dst, s)
	for i, c := range dst[start:] {
		if c >= utf8.RuneSelf {
			e.scratch = e.scratch[:0]
			for _, r := range s {
				e.scratch = utf8.AppendRune(e.scratch, unicode.ToLower(r))
			}
			return appendText(dst[:start], e.scratch)
		}
		if c >= 'A' && c <= 'Z' { // no escape has a capital
			dst[start+i] = c + ('a' - 'A')
		}
	}
	return dst
}

// appendHex appends id as lowercase hex.
func appendHex(dst, id []byte) []byte {
	for _, b := range id {
		dst = append(dst, hexDigits[b>>4], hexDigits[b&0xf])
	}
	return dst
}

// appendFloat appends f as attribute.Value.String prints it.
func appendFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64)
}

// appendJSON appends v as a JSON value of its own: what a map or a list of
// OpenTelemetry's AnyValue representation for non-OTLP protocols holds.
func appendJSON(dst []byte, v attribute.Value) []byte {
	switch v.Type() {
	case attribute.BOOL:
		return strconv.AppendBool(dst, v.AsBool())
	case attribute.INT64:
		return strconv.AppendInt(dst, v.AsInt64(), 10)
	case attribute.FLOAT64:
		f := v.AsFloat64()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			dst = append(dst, '"')
			dst = appendFloat(dst, f)
			return append(dst, '"')
		}
		return appendFloat(dst, f)
	case attribute.STRING:
		dst = append(dst, '"')
		dst = appendText(dst, v.AsString())
		return append(dst, '"')
	case attribute.BYTESLICE: // base64
		dst = append(dst, '"')
		dst = append(dst, v.String()...)
		return append(dst, '"')
	case attribute.BOOLSLICE, attribute.INT64SLICE, attribute.FLOAT64SLICE, attribute.STRINGSLICE,
		attribute.SLICE, attribute.MAP:
		return append(dst, v.String()...) // is JSON
	}
	return append(dst, "null"...)
}
