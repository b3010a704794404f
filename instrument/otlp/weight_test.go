// SPDX-License-Identifier: Apache-2.0

package otlp_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a server with OTLP may weigh: docs/otlp.md has the figures beside those
// of one without.
const (
	mostModules = 34
	mostBytes   = 18_200_000 // stripped, linux/amd64
)

func TestAServerWithOTLPWeighsWhatIsWritten(t *testing.T) {
	const program = "./testdata/hello"
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", program)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	modules := strings.Fields(string(out))
	slices.Sort(modules)
	modules = slices.Compact(modules)
	t.Logf("%d modules: %s", len(modules), strings.Join(modules, " "))
	assert.LessOrEqual(t, len(modules), mostModules)
	assert.Contains(t, modules, "google.golang.org/grpc", "the program does not link what is weighed")

	binary := filepath.Join(t.TempDir(), "hello")
	cmd = exec.Command("go", "build", "-ldflags=-s -w", "-o", binary, program)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Run())
	info, err := os.Stat(binary)
	require.NoError(t, err)
	t.Logf("%d bytes, %s/%s", info.Size(), runtime.GOOS, runtime.GOARCH)
	if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
		assert.LessOrEqual(t, info.Size(), int64(mostBytes))
	}
}
