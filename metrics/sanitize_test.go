// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNamesHoldSafeCharactersOnly(t *testing.T) {
	for name, tc := range map[string]struct{ prefix, name, want string }{
		"clean":                        {"", "shop.check-out_2", "shop.check-out_2"},
		"prefix":                       {"app", "hits", "app.hits"},
		"separators":                   {"", "a:b|c@d#e,f;g=h", "a_b_c_d_e_f_g_h"},
		"line break":                   {"", "a\nevil:1|c", "a_evil_1_c"},
		"slash and space":              {"", "GET /orders/{id}", "GET__orders__id_"},
		"one underscore per character": {"", "größe", "gr__e"},
		"no UTF-8":                     {"", "a\xff\xfeb", "a__b"},
		"zero byte":                    {"", "a\x00b", "a_b"},
		"empty":                        {"", "", "_"},
		"empty under a prefix":         {"app", "", "app._"},
		"unclean prefix":               {"a b", "c", "a_b.c"},
		"constructor":                  {"", "constructor", "constructor_"},
		"__proto__":                    {"", "__proto__", "__proto___"},
		"toString":                     {"", "toString", "toString_"},
		"valueOf":                      {"", "valueOf", "valueOf_"},
		"hasOwnProperty":               {"", "hasOwnProperty", "hasOwnProperty_"},
		"becomes one":                  {"", "  proto  ", "__proto___"},
		"constructor with prefix":      {"app", "constructor", "app.constructor"},
		"not quite":                    {"", "constructors", "constructors"},
		"DogStatsD event":              {"", "_e{1,1}", "_e_1_1_"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, fullName(tc.prefix, tc.name))
		})
	}
}

func TestPrefixesJoinWithOneDot(t *testing.T) {
	for name, tc := range map[string]struct{ parent, prefix, want string }{
		"none":         {"", "", ""},
		"first":        {"", "app", "app"},
		"second":       {"app", "db", "app.db"},
		"trailing dot": {"app", "db.", "app.db"},
		"leading dot":  {"app", ".db", "app.db"},
		"dots only":    {"app", "...", "app"},
		"inner dots":   {"", "a.b", "a.b"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, joinPrefix(tc.parent, tc.prefix))
		})
	}
}

func TestTagsLoseWhatWouldEndThem(t *testing.T) {
	for name, tc := range map[string]struct{ in, ascii, unicode string }{
		"clean":           {"eu-west-1", "eu-west-1", "eu-west-1"},
		"route":           {"/orders/{id}", "/orders/{id}", "/orders/{id}"},
		"separators":      {"a:b,c|d#e;f=g", "abcdefg", "abcdefg"},
		"line breaks":     {"a\r\nb\u2028c\u0085d", "abcd", "abcd"},
		"injected metric": {"eu\nhits:1|c", "euhits1c", "euhits1c"},
		"space":           {"a b", "a_b", "a_b"},
		"letters":         {"größe", "gr__e", "größe"},
		// E4 BA 8A: seven bits of the last byte are a line break.
		"seven bits":  {"\u4e8a", "_", "\u4e8a"},
		"no UTF-8":    {"a\xffb", "a_b", "a_b"},
		"replacement": {"\ufffd", "_", "\ufffd"},
		"nothing":     {":|,", "", ""},
		"delete":      {"a\x7fb\x00", "ab", "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.ascii, sanitizeTag(tc.in, false))
			assert.Equal(t, tc.unicode, sanitizeTag(tc.in, true))
		})
	}
}

func TestTagsThatGraphiteWouldNotSeeAreDropped(t *testing.T) {
	for _, d := range []Dialect{Plain, NoTags, DogStatsD, InfluxDB, Graphite} {
		f := d.frame(kindCounter, "", "n", 1, []Tag{{"%", "x"}, {"y", "{}"}, {"", "z"}, {"k", "a%b"}})
		for _, gone := range []string{"x", "y", "z"} {
			assert.NotContains(t, f.head[1:]+f.tail, gone, "%v", d)
		}
		assert.Contains(t, f.head+f.tail, "k", "%v", d)
	}
}

func TestKeysThatBelongToAReceiverAreChanged(t *testing.T) {
	for key, want := range map[string]string{
		"quantile": "quantile_", "le": "le_", "quantiles": "quantiles", "name": "name_", "_x": "_x", "x__": "x__",
		"__name__": "x__name__", "..": "x..", "-.x": "x-.x", "_": "_", "1st": "1st", "": "", "日本": "x日本", "é": "é",
	} {
		assert.Equal(t, want, ownKey(key), "%q", key)
	}
	for _, d := range []Dialect{Plain, DogStatsD, InfluxDB, Graphite} {
		f := d.frame(kindTiming, "", "t", 1, []Tag{{"quantile", "0.5"}, {":__name__", "x"}})
		assert.Contains(t, f.head+f.tail, "quantile_", "%v", d)
		assert.Contains(t, f.head+f.tail, "x__name__", "%v", d)
		assert.True(t, f.sanitized)
	}
}

func TestSetMembersStayDistinct(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"clean":      {"user-1", "user-1"},
		"separators": {"a:b|c\nd\re", "abcde"},
		"address":    {"[::1]:80", "[1]80"},
		"letters":    {"é", "%C3%A9"},
		"other":      {"è", "%C3%A8"},
		"space":      {"a b", "a b"},
		"minus":      {"-5", "%2D5"},
		"plus":       {":+5-", "%2B5-"},
		"__proto__":  {"__proto__", "__proto___"},
		"becomes it": {"__proto__|", "__proto___"},
		"nothing":    {"|\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, sanitizeSetValue(tc.in))
		})
	}
}

func TestCleanStringsAreNotCopied(t *testing.T) {
	name, tag := strings.Repeat("a.b", 10), "eu-west-1"
	if n := testing.AllocsPerRun(100, func() {
		_ = sanitizeName(name)
		_ = sanitizeTag(tag, false)
		_ = sanitizeSetValue(tag)
	}); n != 0 {
		t.Errorf("sanitizing clean strings allocates %v times, want 0", n)
	}
}

func TestPathKeepsEachPartOneLevel(t *testing.T) {
	for name, tc := range map[string]struct {
		parts []string
		want  string
	}{
		"plain":   {[]string{"db", "query", "users"}, "db.query.users"},
		"address": {[]string{"db", "10.0.0.1", "query"}, "db.10-0-0-1.query"},
		"empty":   {[]string{"", "db", "", "query"}, "db.query"},
		"none":    {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, Path(tc.parts...))
		})
	}
}
