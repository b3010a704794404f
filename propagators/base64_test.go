// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDecodeBase64IsStrict(t *testing.T) {
	for text, want := range map[string]string{
		"":     "",
		"TQ==": "M", "TWE=": "Ma", "TWFu": "Man", "TWFuTQ==": "ManM", "+/+/": "\xfb\xff\xbf",
	} {
		got, ok := decodeBase64(make([]byte, 16), &base64Std, text)
		assert.True(t, ok, text)
		assert.Equal(t, want, string(got))
	}
	for _, text := range []string{
		"T", "TQ", "TQ=", "TWE", "=", "==", "===", "====", "T===", "TWFu=", "TWFu====", "TQ==TWFu", "TR==", "TWF=", "TW=u",
		"TW\nFu", "TWFu\n", "TWFu\r\n\r\n", "TW u", "-_-_", "TW\x80u", "TW\x00u",
	} {
		_, ok := decodeBase64(make([]byte, 16), &base64Std, text)
		assert.False(t, ok, "%q", text)
	}
	_, ok := decodeBase64(make([]byte, 16), &base64URL, "-_-_")
	assert.True(t, ok)
	_, ok = decodeBase64(make([]byte, 16), &base64URL, "+/+/")
	assert.False(t, ok)
}

// FuzzDecodeBase64: as encoding/base64, which skips line ends even when strict.
func FuzzDecodeBase64(f *testing.F) {
	f.Add("KEk2MDA0Nzk5NTAzMTYwNjYxCkkxMjM0NTY3ODkwMTIzNDU2CnRwMAou")
	f.Add("TQ==")
	f.Add("T-_=")
	f.Add("T===")
	f.Fuzz(func(t *testing.T, text string) {
		for digits, oracle := range map[*[256]byte]*base64.Encoding{&base64Std: base64.StdEncoding.Strict(), &base64URL: base64.URLEncoding.Strict()} {
			want, err := oracle.DecodeString(text)
			got, ok := decodeBase64(make([]byte, len(text)), digits, text)
			if ok != (err == nil && !strings.ContainsAny(text, "\r\n")) || ok && !bytes.Equal(got, want) {
				t.Fatalf("%q: %q, %v; encoding/base64 %q, %v", text, got, ok, want, err)
			}
		}
	})
}
