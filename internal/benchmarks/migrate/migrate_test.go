// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	// What the pages move from, and nothing else here imports.
	_ "github.com/XSAM/otelsql"
	_ "github.com/honeycombio/otel-config-go/otelconfig"
)

var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

func TestMigrationPagesCompile(t *testing.T) {
	pages, err := filepath.Glob("../../../docs/migrate/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	here, err := os.Getwd()
	require.NoError(t, err)
	overlay := map[string]string{}
	var programs []string
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		blocks := goBlock.FindAllStringSubmatch(string(text), -1)
		for i, block := range blocks {
			if !assert.True(t, strings.HasPrefix(block[1], "package main\n"), "%s, block %d is not a program", page, i+1) {
				continue
			}
			name := fmt.Sprintf("%s_%d", strings.TrimSuffix(filepath.Base(page), ".md"), i+1)
			file := filepath.Join(t.TempDir(), "main.go")
			require.NoError(t, os.WriteFile(file, []byte(block[1]), 0o600))
			overlay[filepath.Join(here, name, "main.go")] = file
			programs = append(programs, "./"+name)
		}
	}
	content, err := json.Marshal(map[string]any{"Replace": overlay})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "overlay.json")
	require.NoError(t, os.WriteFile(file, content, 0o600))
	cmd := exec.Command("go", append([]string{"build", "-o", os.DevNull, "-overlay", file}, programs...)...)
	out, err := cmd.CombinedOutput()
	assert.NoError(t, err, "%s", out)
}
