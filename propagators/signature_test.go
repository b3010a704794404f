// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVerifyTriesEveryKeyAndTakesOneSpelling(t *testing.T) {
	var keys signers
	for _, key := range []string{"secret1", "secret2"} {
		s, err := newSigner(key)
		require.NoError(t, err)
		keys = append(keys, s)
	}
	// printf text | openssl dgst -sha1 -hmac secret2
	const signature = "4c800276cab7690e9694d6045579b78fa9faaaf2"
	for given, want := range map[string]bool{
		signature:                        true,
		" " + signature + "\t":           true,
		strings.ToUpper(signature):       false,
		signature[:39]:                   false,
		signature + "0":                  false,
		"":                               false,
		strings.Repeat("\xff", 40):       false,
		strings.Repeat("é", 20):          false,
		signature[1:] + signature[:1]:    false,
		signature + signature:            false,
		"0x" + signature[:38]:            false,
		signature[:20] + " " + signature: false,
	} {
		assert.Equal(t, want, keys.verify("text", given), "%q", given)
	}
	assert.False(t, signers(nil).verify("text", signature), "no key believes nobody")
}

// Where FIPS 140 is enforced crypto/hmac panics for SHA-1. Setup must not.
func TestNoHMACSHA1IsAnErrorAndNoPanic(t *testing.T) {
	if os.Getenv("WAYMARK_TEST_FIPS") == "" {
		again := exec.Command(os.Args[0], "-test.run=^TestNoHMACSHA1IsAnErrorAndNoPanic$", "-test.v")
		again.Env = append(os.Environ(), "WAYMARK_TEST_FIPS=1", "GODEBUG=fips140=only")
		out, err := again.CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Contains(t, string(out), "--- PASS: TestNoHMACSHA1IsAnErrorAndNoPanic")
		return
	}
	x, err := NewXTraceInfo(XTraceInfoConfig{HMACKeys: []string{"a key of twenty bytes"}})
	assert.Nil(t, x)
	require.ErrorContains(t, err, "propagators: X-Trace-Info HMAC key 1 of 1: HMAC-SHA1 is not available")
	assert.NotContains(t, err.Error(), "twenty")
}
