// SPDX-License-Identifier: Apache-2.0

package influx

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var at = time.Unix(1, 5)

func TestLinesOnTheWire(t *testing.T) {
	one := []Field{Int("v", 1)}
	for name, tc := range map[string]struct {
		point Point
		want  string
	}{
		"all types": {
			Point{Measurement: "m", Fields: []Field{Float("f", 1.5), Int("i", -7), Bool("t", true), Bool("n", false), String("s", "x y"), Duration("d", 250*time.Millisecond)}},
			`m f=1.5,i=-7i,t=true,n=false,s="x y",d=0.25`,
		},
		"extremes": {
			Point{Measurement: "m", Fields: []Field{Float("a", math.MaxFloat64), Float("b", 5e-324), Float("c", math.Copysign(0, -1)), Int("d", math.MinInt64), Int("e", math.MaxInt64)}},
			"m a=1.7976931348623157e+308,b=5e-324,c=-0,d=-9223372036854775808i,e=9223372036854775807i",
		},
		"tags by key":          {Point{Measurement: "m", Tags: []Tag{{"b", "2"}, {"a", "1"}}, Fields: one}, "m,a=1,b=2 v=1i"},
		"empty tags":           {Point{Measurement: "m", Tags: []Tag{{"", "x"}, {"y", ""}}, Fields: one}, "m v=1i"},
		"the later tag wins":   {Point{Measurement: "m", Tags: []Tag{{"a", "1"}, {"a", "2"}, {"a", ""}}, Fields: one}, "m,a=2 v=1i"},
		"the later field":      {Point{Measurement: "m", Fields: []Field{Int("v", 1), Float("v", 2), {}}}, "m v=2"},
		"escapes":              {Point{Measurement: "a b,c=d", Tags: []Tag{{"k ,=", "v ,="}}, Fields: []Field{Int("f ,=", 1)}}, `a\ b\,c=d,k\ \,\==v\ \,\= f\ \,\==1i`},
		"line breaks":          {Point{Measurement: "a\nb", Tags: []Tag{{"k\r", "v\n"}}, Fields: []Field{Int("f\x00", 1)}}, "a_b,k_=v_ f_=1i"},
		"backslashes":          {Point{Measurement: `a\`, Tags: []Tag{{`k\`, `C:\x\`}}, Fields: []Field{Int(`f\`, 1)}}, "a_,k_=C:_x_ f_=1i"},
		"comment":              {Point{Measurement: "#m", Fields: one}, "_#m v=1i"},
		"reserved":             {Point{Measurement: "time", Tags: []Tag{{"time", "x"}}, Fields: []Field{Int("time", 1)}}, "time,time_=x time_=1i"},
		"keys that become one": {Point{Measurement: "m", Tags: []Tag{{"a\\", "1"}, {"a\n", "2"}, {"time", "3"}, {"time_", "4"}}, Fields: []Field{Int("v\n", 1), Int("v_", 2)}}, "m,a_=2,time_=4 v_=2i"},
		"before all times":     {Point{Measurement: "m", Fields: one, Time: time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC)}, ""},
		"after all times":      {Point{Measurement: "m", Fields: one, Time: time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC)}, ""},
		"letters":              {Point{Measurement: "größe", Tags: []Tag{{"land", "日本"}}, Fields: []Field{String("s", "é")}}, `größe,land=日本 s="é"`},
		"no UTF-8":             {Point{Measurement: "a\xff", Tags: []Tag{{"k", "\xfe"}}, Fields: []Field{String("s", "\xff")}}, `a_,k=_ s="_"`},
		"text":                 {Point{Measurement: "m", Fields: []Field{String("s", "a\"b\\c\nd,e=f")}}, "m s=\"a\\\"b\\\\c\nd,e=f\""},
		"empty text":           {Point{Measurement: "m", Fields: []Field{String("s", "")}}, `m s=""`},
		"no numbers":           {Point{Measurement: "m", Fields: []Field{Float("a", math.NaN()), Float("b", math.Inf(1)), Int("c", 1)}}, "m c=1i"},
		"no name":              {Point{Fields: one}, ""},
		"no field":             {Point{Measurement: "m"}, ""},
		"no field with a key":  {Point{Measurement: "m", Fields: []Field{Int("", 1), {}}}, ""},
		"no field left":        {Point{Measurement: "m", Fields: []Field{Float("a", math.NaN())}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			when := at
			if !tc.point.Time.IsZero() {
				when = tc.point.Time
			}
			line, _, ok := appendPoint([]byte("before\n"), tc.point, when)
			if tc.want == "" {
				assert.False(t, ok)
				assert.Equal(t, "before\n", string(line))
				return
			}
			assert.True(t, ok)
			assert.Equal(t, "before\n"+tc.want+" 1000000005\n", string(line))
		})
	}
}

// FuzzOnePointIsOneLine reads what was written back, by the rules of the
// server.
func FuzzOnePointIsOneLine(f *testing.F) {
	f.Add("m", "k", "v", "f", "text")
	f.Add("#", "time", "a\\", "=", "\"\\\n")
	f.Add("a,b c=d", "\n", " ", "\xff", "\x00")
	f.Fuzz(func(t *testing.T, name, key, value, field, text string) {
		line, _, ok := appendPoint(nil, Point{Measurement: name, Tags: []Tag{{key, value}}, Fields: []Field{String(field, text)}}, at)
		if !ok {
			if name != "" && field != "" {
				t.Fatalf("%q is not written", name)
			}
			return
		}
		rest := string(line)
		_, rest = token(t, rest, ", ")
		if key != "" && value != "" {
			_, rest = token(t, rest[1:], "=")
			_, rest = token(t, rest[1:], ", ")
		}
		if rest[0] != ' ' {
			t.Fatalf("%q has more tags than one", line)
		}
		_, rest = token(t, rest[1:], "=")
		rest = rest[1:]
		if rest[0] != '"' {
			t.Fatalf("%q has no text", line)
		}
		i := 1
		for ; rest[i] != '"'; i++ {
			if rest[i] == '\\' {
				i++
			}
		}
		if rest[i+1:] != " 1000000005\n" {
			t.Fatalf("%q goes on with %q", line, rest[i+1:])
		}
	})
}

// token reads up to one of ends that is not escaped.
func token(t *testing.T, s, ends string) (string, string) {
	t.Helper()
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '\n':
			t.Fatalf("%q has a line break", s)
		case strings.IndexByte(ends, s[i]) >= 0:
			if i == 0 {
				t.Fatalf("%q has an empty part", s)
			}
			return s[:i], s[i:]
		}
	}
	t.Fatalf("%q does not end with any of %q", s, ends)
	return "", ""
}
