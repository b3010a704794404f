// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// separators puts newlines for what appendText does.
var separators = strings.NewReplacer("\u2028", "\n", "\u2029", "\n")

func FuzzTextIsReadBackAsJSONReadsIt(f *testing.F) {
	for _, s := range []string{"", "plain", `"\`, "\x00\x1f ", "é\u2028😀", "a\xffb\xed\xa0\x80", "exactly8", "12345678\xf0\x9f", strings.Repeat("x", 40) + "\n"} {
		f.Add(s, 5)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		unquote := func(inside []byte) string {
			require.True(t, utf8.Valid(inside), "%q", inside)
			var got string
			require.NoError(t, json.Unmarshal([]byte(`"`+string(inside)+`"`), &got), "%q", inside)
			return got
		}
		want, err := json.Marshal(s)
		require.NoError(t, err)
		var expected string
		require.NoError(t, json.Unmarshal(want, &expected))
		expected = separators.Replace(expected)
		assert.Equal(t, expected, unquote(appendText(nil, s)))
		assert.Equal(t, appendText(nil, s), appendText(nil, []byte(s)))

		var e encoder
		assert.Equal(t, separators.Replace(strings.ToLower(s)), unquote(e.appendLower(nil, s)), "lower case of %q", s)

		limit = max(limit%64, -limit%64)
		out, cut := appendCut(nil, s, limit)
		assert.LessOrEqual(t, len(out), limit)
		if got := unquote(out); cut {
			assert.Greater(t, len(appendText(nil, s)), limit, "nothing needed to be cut")
			assert.True(t, strings.HasPrefix(expected, strings.TrimSuffix(got, ellipsis)), "%q of %q", got, expected)
		} else {
			assert.Equal(t, expected, got)
		}
	})
}

func TestCutKeepsAsMuchAsFits(t *testing.T) {
	for name, tc := range map[string]struct {
		text  string
		limit int
		want  string
	}{
		"fits":                    {"abc", 3, "abc"},
		"too long":                {"abcdefgh", 6, "abc…"},
		"not within a character":  {"aééé", 6, "aé…"},
		"not within an escape":    {"aaa\n\n\n", 7, "aaa…"},
		"escapes count":           {"\x01\x01", 9, "\\u0001…"},
		"room for nothing":        {"abcd", 3, "…"},
		"not even for that":       {"abcd", 2, ""},
		"a separator is two":      {"\u2028\u2028", 4, "\\n\\n"},
		"invalid counts as three": {"\xff\xff\xff", 6, "\uFFFD…"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := appendCut(nil, tc.text, tc.limit)
			assert.Equal(t, tc.want, string(got))
		})
	}
}
