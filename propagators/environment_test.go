// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/propagators"
)

func TestHMACKeysFromEnvironment(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	for name, tc := range map[string]struct {
		list, path string
		want       []string
		err        string // part of it
	}{
		"unset":                        {},
		"blank":                        {list: "  ", path: "\t"},
		"one":                          {list: "secret1", want: []string{"secret1"}},
		"several, with spaces":         {list: " secret1 , secret2,secret3 ", want: []string{"secret1", "secret2", "secret3"}},
		"a stray comma":                {list: "secret1,", err: "WAYMARK_HMAC_KEYS: key 2 is empty"},
		"commas alone":                 {list: ",,", err: "WAYMARK_HMAC_KEYS: key 1 is empty"},
		"a file":                       {path: file("one", "secret1\n"), want: []string{"secret1"}},
		"a file with lines and commas": {path: file("many", "secret1\r\n\r\nsecret2, secret3\n"), want: []string{"secret1", "secret2", "secret3"}},
		"a file without a line end":    {path: file("bare", "secret1"), want: []string{"secret1"}},
		"a file with a stray comma":    {path: file("stray", "secret1,\n"), err: "WAYMARK_HMAC_KEYS_FILE: key 2 is empty"},
		"an empty file":                {path: file("empty", "\n\n"), err: "WAYMARK_HMAC_KEYS_FILE: no key"},
		"no file":                      {path: filepath.Join(dir, "absent"), err: "WAYMARK_HMAC_KEYS_FILE: open"},
		"a directory":                  {path: dir, err: "WAYMARK_HMAC_KEYS_FILE: read"},
		"a file too large":             {path: file("large", strings.Repeat("secret1\n", 1<<14)), err: "is larger than 65536 bytes"},
		"both":                         {list: "secret1", path: file("two", "secret2"), err: "WAYMARK_HMAC_KEYS and WAYMARK_HMAC_KEYS_FILE are both set"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("WAYMARK_HMAC_KEYS", tc.list)
			t.Setenv("WAYMARK_HMAC_KEYS_FILE", tc.path)
			keys, err := propagators.HMACKeysFromEnvironment()
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
				assert.NotContains(t, err.Error(), "secret", "no key is ever in an error")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.want, keys)
		})
	}
}

func TestParseXTraceInfoSaysWhatIsWrongWithTheKeysAndNotTheKeys(t *testing.T) {
	withoutKeys(t)
	t.Setenv("WAYMARK_HMAC_KEYS", "secret1,hush")
	_, err := propagators.Parse("xtraceinfo")
	assert.EqualError(t, err, "propagators: X-Trace-Info HMAC key 2 of 2: 4 bytes, fewer than 6")
	t.Setenv("WAYMARK_HMAC_KEYS_FILE", "/also")
	_, err = propagators.Parse("xtraceinfo")
	assert.EqualError(t, err, "propagators: WAYMARK_HMAC_KEYS and WAYMARK_HMAC_KEYS_FILE are both set, one is allowed")
}
