// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	minWidth = 40
	maxWidth = 1000
	maxRows  = 200 // more is for a page, not for a terminal
	minName  = 8
	minText  = 6 // of a name, after its indent
	gaps     = 6 // two before the name, three for the mark, one after the bar
)

// Colors that are readable on a light and on a dark ground.
const (
	red   = "\x1b[31m"
	bold  = "\x1b[1m"
	faint = "\x1b[2m"
	plain = "\x1b[0m"
)

var palette = []string{"\x1b[36m", "\x1b[35m", "\x1b[34m", "\x1b[32m", "\x1b[33m"}

// canvas writes a waterfall. What came in a span reaches it through clean,
// and no other way.
type canvas struct {
	strings.Builder
	width int
	color bool
}

func (c *canvas) paint(how, text string) {
	if !c.color || how == "" || text == "" {
		c.WriteString(text)
		return
	}
	c.WriteString(how)
	c.WriteString(text)
	c.WriteString(plain)
}

// waterfall draws a trace: a line that sums it up, then a line for each span
// with its service, its name at its depth, its bar and its duration, and a
// line below where there is something to say of an error or of a parent. Spans
// beyond the first most are counted, not drawn.
func waterfall(p picture, width, most int, color bool) string {
	c := &canvas{width: min(max(width, minWidth), maxWidth), color: color}
	all := rows(p.spans)
	shown := all[:min(len(all), most)]
	l := measure(all, shown, c.width)
	c.summary(p, l)
	for _, r := range shown {
		c.span(r, l)
	}
	if more := len(all) - len(shown); more > 0 {
		c.paint(faint, fmt.Sprintf("… and %s", count(more, "more span")))
		c.WriteByte('\n')
	}
	return c.String()
}

// layout is the columns of one waterfall, in runes, and its scale.
type layout struct {
	service, name, bar, duration int
	first, last                  Micros
	services                     map[string]int
	errors                       int
}

func measure(all, shown []row, width int) *layout {
	l := &layout{first: math.MaxInt64, services: make(map[string]int), duration: 1}
	for _, r := range all {
		if name := r.Service(); name != "" {
			if _, ok := l.services[name]; !ok {
				l.services[name] = len(l.services)
			}
		}
		if r.Failed() {
			l.errors++
		}
		if r.Timestamp > 0 {
			l.first = min(l.first, r.Timestamp)
			l.last = max(l.last, r.Timestamp.plus(r.Duration))
		}
	}
	for _, r := range shown {
		l.service = max(l.service, length(service(r), width))
		l.name = max(l.name, 2*r.depth+length(name(r), width))
		l.duration = max(l.duration, utf8.RuneCountInString(duration(r.Duration)))
	}
	// Bars take what is left: about a third of the width, or more.
	l.service = min(l.service, width/5)
	l.name = max(minName, min(l.name, width*2/3-l.service-l.duration-gaps))
	l.bar = width - l.service - l.name - l.duration - gaps
	return l
}

func (l *layout) total() Micros {
	if l.last == 0 {
		return 0
	}
	return l.last - l.first
}

func (c *canvas) summary(p picture, l *layout) {
	head := "trace " + p.id
	rest := []string{count(len(p.spans), "span"), count(len(l.services), "service")}
	if l.errors > 0 {
		rest = append(rest, count(l.errors, "error"))
	}
	rest = append(rest, duration(l.total()))
	if p.roots == 0 {
		rest = append(rest, "no root yet")
	}
	if p.missing > 0 {
		rest = append(rest, count(p.missing, "missing parent"))
	}
	if p.more > 0 {
		rest = append(rest, count(p.more, "late span"))
	}
	// The id stays whole, to be copied; the rest goes below where it must.
	used := len(head)
	c.paint(bold, head)
	for _, part := range rest {
		if n := utf8.RuneCountInString(part) + len(", "); used+n > c.width-1 {
			c.WriteString("\n  " + part)
			used = n
		} else {
			c.WriteString(", " + part)
			used += n
		}
	}
	c.WriteByte('\n')
}

func (c *canvas) span(r row, l *layout) {
	paint := palette[l.services[r.Service()]%len(palette)]
	mark, alarm, bar := " ", "", paint
	if r.Failed() {
		mark, alarm, bar = "✗", red, red
	}
	// A name keeps some room however deep it stands.
	indent := min(2*r.depth, l.name-minText)
	c.paint(paint, padRight(clean(service(r), l.service), l.service))
	c.WriteString("  " + strings.Repeat(" ", indent) + padRight(clean(name(r), l.name-indent), l.name-indent))
	c.WriteByte(' ')
	c.paint(alarm, mark)
	c.WriteByte(' ')
	before, filled := l.scale(r)
	c.WriteString(strings.Repeat(" ", before))
	c.paint(bar, strings.Repeat("█", filled))
	c.WriteString(strings.Repeat(" ", l.bar-before-filled+1))
	took := duration(r.Duration)
	c.WriteString(strings.Repeat(" ", l.duration-utf8.RuneCountInString(took)) + took + "\n")
	if r.Failed() {
		if why := r.Tags["error"]; why != "" && why != "true" {
			c.below(red, "✗ ", why, l.service+2+indent)
		}
	}
	if r.note != "" {
		c.below(faint, "", r.note, l.service+2+indent)
	}
}

func (c *canvas) below(how, what, text string, indent int) {
	indent = min(indent, c.width/2)
	c.WriteString(strings.Repeat(" ", indent))
	c.paint(how, what+clean(text, c.width-indent-utf8.RuneCountInString(what)))
	c.WriteByte('\n')
}

// scale returns where the bar of r begins and how long it is, in runes. It is
// one rune at least, and none for a span without a time.
func (l *layout) scale(r row) (before, filled int) {
	total := float64(l.total())
	if r.Timestamp == 0 {
		return 0, 0
	}
	if total <= 0 {
		return 0, l.bar
	}
	at := float64(r.Timestamp-l.first) / total * float64(l.bar)
	long := float64(r.Duration) / total * float64(l.bar)
	before = min(max(int(at), 0), l.bar-1)
	filled = min(max(int(math.Round(long)), 1), l.bar-before)
	return before, filled
}

func service(r row) string { return orElse(r.Service(), "?") }
func name(r row) string    { return orElse(r.Name, "(no name)") }

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// duration shows three digits or so, with their unit; "-" when not known.
func duration(m Micros) string {
	d := m.Duration()
	switch {
	case d == 0:
		return "-"
	case d < time.Millisecond:
		return fmt.Sprintf("%dµs", int64(m))
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2fms", d.Seconds()*1e3)
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%.1fms", d.Seconds()*1e3)
	case d < time.Second:
		return fmt.Sprintf("%.0fms", math.Floor(d.Seconds()*1e3))
	case d < time.Minute:
		return fmt.Sprintf("%.2fs", d.Truncate(10*time.Millisecond).Seconds())
	}
	if d >= 100*time.Hour {
		return fmt.Sprintf("%.0fh", math.Floor(d.Hours()))
	}
	return d.Truncate(time.Second).String()
}

// clean returns at most n runes of s, fit for a terminal and for one line of
// it. A control character, an escape, a mark that turns the direction of text
// or hides it, and what is not UTF-8 each become U+FFFD; only letters, marks,
// numbers, punctuation, symbols and the ASCII space pass. A rune counts as one
// column.
func clean(s string, n int) string {
	if n <= 0 {
		return ""
	}
	var b strings.Builder
	used := 0
	for i, r := range s {
		if used == n-1 && !lastRune(s[i:]) {
			b.WriteRune('…')
			break
		}
		if !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		b.WriteRune(r)
		if used++; used == n {
			break
		}
	}
	return b.String()
}

func lastRune(s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	return size == len(s)
}

// length counts the runes of s, up to most.
func length(s string, most int) int {
	n := 0
	for range s {
		if n++; n >= most {
			break
		}
	}
	return n
}

// padRight fills up to n runes.
func padRight(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-utf8.RuneCountInString(s)))
}
