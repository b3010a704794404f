// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestURLsAreShownWithoutSecrets(t *testing.T) {
	for raw, want := range map[string]string{
		"http://zipkin:9411/api/v2/spans":        "http://zipkin:9411/api/v2/spans",
		"http://u:secret@zipkin:9411/x":          "http://REDACTED@zipkin:9411/x",
		"http://secret@zipkin/x":                 "http://REDACTED@zipkin/x",
		"https://zipkin/x?key=secret&b=secret":   "https://zipkin/x?key=REDACTED&b=REDACTED",
		"https://zipkin/x?secret":                "https://zipkin/x?REDACTED",
		"https://zipkin/x?a=a@secret#secret":     "https://zipkin/x?a=REDACTED",
		"https://zipkin/x?&":                     "https://zipkin/x",
		"unix:///run/z.sock:/api/v2/spans":       "unix:///run/z.sock:/api/v2/spans",
		"http://u:sec%zzret@zipkin/x":            "http://REDACTED@zipkin/x",
		"http://u:se?cret@zipkin/x":              "http://REDACTED@zipkin/x",
		"http://u:se/cret@zipkin/x":              "http://REDACTED@zipkin/x",
		"http://u:se#cret@zipkin/x?k=secret":     "http://REDACTED@zipkin/x",
		"u:secret@zipkin:9411":                   "REDACTED@zipkin:9411",
		"zipkin:9411/x?key=secret":               "zipkin:9411/x",
		"http://u:secret@zip kin/x\x00?k=secret": "http://REDACTED@zip kin/x\x00",
		"://u:secret@zipkin":                     "://REDACTED@zipkin",
		"":                                       "",
	} {
		got := redactURL(raw)
		assert.Equal(t, want, got, "%q", raw)
	}
}

func TestURLsThatCannotBeUsedAreRefusedWithoutSecrets(t *testing.T) {
	for raw, rule := range map[string]string{
		"zipkin:9411":                   "has a scheme other than http, https and unix",
		"ftp://u:secret@zipkin":         "has a scheme other than http, https and unix",
		"http://":                       "has no host",
		"http://:9411/x":                "has no host",
		"http:///api/v2/spans?k=secret": "has no host",
		"http://u:sec%zzret@zipkin/x":   "cannot be parsed",
		"http://u:se/cret@zipkin/x":     "cannot be parsed",
		"http://zipkin:port/":           "cannot be parsed",
		"http://zipkin:94110/":          "has a port outside of 1 to 65535",
		"https://u:secret@zipkin:0":     "has a port outside of 1 to 65535",
		"/api/v2/spans":                 "has a scheme other than",
		" ":                             "has a scheme other than",
		"unix://run/z.sock":             "is not of the form unix:///",
		"unix:///":                      "is not of the form unix:///",
		"unix:z.sock":                   "is not of the form unix:///",
	} {
		_, err := New(raw)
		require.Error(t, err, "%q", raw)
		assert.True(t, strings.HasPrefix(err.Error(), "zipkin: URL \""), "%v", err)
		assert.Contains(t, err.Error(), rule, "%q", raw)
		assert.NotContains(t, err.Error(), "secret")
		assert.NotContains(t, err.Error(), "cret@")
	}
}

func TestSecretsInTextOfOthersAreReplacedInEachForm(t *testing.T) {
	target, err := parseTarget("http://user:pass%2Fword@zipkin?key=a+key&one=x")
	require.NoError(t, err)
	target.addHeader("Authorization", "Bearer tok.en")
	target.addHeader("Host", "zipkin.example")
	assert.Equal(t, "http://zipkin/?key=a+key&one=x", target.url)
	for _, text := range []string{"pass/word", "pass%2Fword", "dXNlcjpwYXNzL3dvcmQ=", "a key", "a+key", "a%20key", "Bearer tok.en", "tok.en", "key=a+key&one=x"} {
		assert.Equal(t, "<REDACTED>", target.redact("<"+text+">"))
	}
	assert.Equal(t, "user at zipkin.example", target.redact("user at zipkin.example"))
	assert.True(t, target.short, "x is too short to be found")
	e := &Exporter{target: target}
	assert.Empty(t, e.show("a reply with x in it"))
}
