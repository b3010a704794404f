// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPageSaysWhatIsTested: each test that docs/interop.md names is here, each
// version that it names is the one that is used, and each peer that cannot be
// had is on it.
func TestPageSaysWhatIsTested(t *testing.T) {
	text, err := os.ReadFile("../../docs/interop.md")
	require.NoError(t, err)
	page := string(text)

	var tests []string
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(source), -1) {
			tests = append(tests, m[1])
		}
	}
	named := regexp.MustCompile("`(Test\\w+)(…?)`").FindAllStringSubmatch(page, -1)
	require.NotEmpty(t, named)
	for _, m := range named {
		assert.True(t, slices.ContainsFunc(tests, func(name string) bool {
			return name == m[1] || m[2] != "" && strings.HasPrefix(name, m[1])
		}), "no %s", m[0])
	}

	pins, err := filepath.Glob("testdata/*/requirements.txt")
	require.NoError(t, err)
	for _, file := range pins {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		pin := regexp.MustCompile(`(?m)^[\w.-]+==(.+)$`).FindStringSubmatch(string(text)) // the peer is first
		require.NotNil(t, pin, file)
		assert.Contains(t, page, pin[1], file)
	}
	for _, version := range []string{zipkinVersion, statsdVersion, carbonVersion} {
		assert.Contains(t, page, version)
	}
	_, reasons, found := strings.Cut(page, "## What cannot be had, and why")
	require.True(t, found)
	for _, peer := range notHad {
		assert.Contains(t, reasons, strings.Fields(peer.name)[0])
		assert.NotEmpty(t, peer.reason)
	}
}
