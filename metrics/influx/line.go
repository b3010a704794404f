// SPDX-License-Identifier: Apache-2.0

package influx

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// appendPoint appends p as a line, stamped with at. It reports how many fields
// were no numbers, and false, with dst as it was, if nothing is left to write.
func appendPoint(dst []byte, p Point, at time.Time) (line []byte, invalid int, ok bool) {
	if p.Measurement == "" || at.Before(firstTime) || at.After(lastTime) {
		return dst, 0, false
	}
	line = dst
	if p.Measurement[0] == '#' { // would be a comment
		line = append(line, '_')
	}
	line = appendName(line, p.Measurement, false)
	for _, t := range sortedTags(p.Tags) {
		line = append(line, ',')
		line = appendName(line, t.Key, true)
		line = append(line, '=')
		line = appendName(line, t.Value, true)
	}
	separator := byte(' ')
	for i, f := range p.Fields {
		if f.kind == fieldNone || f.key == "" || again(p.Fields[i+1:], f.key) {
			continue
		}
		if v := math.Float64frombits(f.bits); f.kind == fieldFloat && (math.IsNaN(v) || math.IsInf(v, 0)) {
			invalid++
			continue
		}
		line = append(line, separator)
		line = appendField(line, f)
		separator = ','
	}
	if separator == ' ' {
		return dst, invalid, false
	}
	line = append(line, ' ')
	line = strconv.AppendInt(line, at.UnixNano(), 10)
	return append(line, '\n'), invalid, true
}

// firstTime and lastTime are those that InfluxDB keeps.
var (
	firstTime = time.Unix(0, math.MinInt64+2)
	lastTime  = time.Unix(0, math.MaxInt64-1)
)

// again reports whether a later field has the same key, and so wins.
func again(later []Field, key string) bool {
	return slices.ContainsFunc(later, func(f Field) bool { return f.kind != fieldNone && sameKey(f.key, key) })
}

// sameKey reports whether two keys are one on the line: the server refuses a
// point that has a key twice.
func sameKey(a, b string) bool {
	odd := func(s string) bool {
		return s == "time" || strings.ContainsFunc(s, func(r rune) bool { return r == '\\' || r < ' ' || r == 0x7f || r == utf8.RuneError })
	}
	return a == b || (odd(a) || odd(b)) && bytes.Equal(appendName(nil, a, true), appendName(nil, b, true))
}

// sortedTags returns tags by key, as InfluxDB stores them fastest, without
// empty ones. The later of two of a key wins.
func sortedTags(tags []Tag) []Tag {
	var list []Tag
	for i, t := range tags {
		if t.Key == "" || t.Value == "" ||
			slices.ContainsFunc(tags[i+1:], func(u Tag) bool { return u.Value != "" && sameKey(u.Key, t.Key) }) {
			continue
		}
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) })
	return list
}

// appendName appends a measurement or a part of a tag. Line protocol has no
// way to write a line break there, and a backslash would undo the escape that
// follows it: both become underscores, as does what is no UTF-8.
func appendName(dst []byte, s string, tag bool) []byte {
	start := len(dst)
	for i, r := range s {
		switch {
		case r == ',' || r == ' ' || r == '=' && tag:
			dst = append(dst, '\\', byte(r))
		case r == '\\' || r < ' ' || r == 0x7f:
			dst = append(dst, '_')
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			dst = append(dst, '_')
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	if tag && string(dst[start:]) == "time" { // reserved: the server drops the point
		dst = append(dst, '_')
	}
	return dst
}

func appendField(dst []byte, f Field) []byte {
	dst = appendName(dst, f.key, true)
	dst = append(dst, '=')
	switch f.kind {
	case fieldFloat:
		return strconv.AppendFloat(dst, math.Float64frombits(f.bits), 'g', -1, 64)
	case fieldInt:
		return append(strconv.AppendInt(dst, int64(f.bits), 10), 'i')
	case fieldBool:
		return strconv.AppendBool(dst, f.bits == 1)
	}
	dst = append(dst, '"')
	for _, r := range strings.ToValidUTF8(f.text, "_") {
		switch r {
		case '"', '\\':
			dst = append(dst, '\\')
		case 0:
			r = '_'
		}
		dst = utf8.AppendRune(dst, r)
	}
	return append(dst, '"')
}
