// SPDX-License-Identifier: Apache-2.0

package arch_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")
	mdLink  = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
)

func documents(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	return append(pages, "../../README.md", "../../CHANGELOG.md", "../../CONTRIBUTING.md")
}

// TestProgramsInDocumentsCompile builds every Go block that is a whole file.
func TestProgramsInDocumentsCompile(t *testing.T) {
	programs := 0
	for _, page := range documents(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for i, block := range goBlock.FindAllStringSubmatch(string(text), -1) {
			if !strings.HasPrefix(block[1], "package ") {
				continue
			}
			programs++
			file := filepath.Join(t.TempDir(), "main.go")
			require.NoError(t, os.WriteFile(file, []byte(block[1]), 0o600))
			cmd := exec.Command("go", "vet", file)
			cmd.Dir = "../.."
			out, err := cmd.CombinedOutput()
			assert.NoError(t, err, "%s, block %d:\n%s", page, i+1, out)
		}
	}
	assert.NotZero(t, programs, "README has a program")
}

func TestLinksBetweenDocumentsLead(t *testing.T) {
	more, err := filepath.Glob("../../examples/*/README.md")
	require.NoError(t, err)
	migrate, err := filepath.Glob("../../docs/migrate/*.md")
	require.NoError(t, err)
	for _, page := range append(append(documents(t), more...), append(migrate, "../../examples/README.md")...) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, link := range mdLink.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			_, err := os.Stat(filepath.Join(filepath.Dir(page), filepath.FromSlash(link[1])))
			assert.NoError(t, err, "%s links to %s", page, link[1])
		}
	}
}
