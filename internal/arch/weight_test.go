// SPDX-License-Identifier: Apache-2.0

package arch_test

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

const maxModules = 22

// programs are what is weighed, with the most bytes each may have: stripped,
// linux/amd64. otelhttp, which httpwrap is built on, weighs 1.9 MB of them.
var programs = map[string]int64{
	"./internal/arch/testdata/hello":   10_500_000,
	"./internal/arch/testdata/wrapped": 12_800_000,
}

func TestAServerWithSetupCompilesFewModules(t *testing.T) {
	for program := range programs {
		cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", program)
		cmd.Dir, cmd.Stderr = "../..", os.Stderr
		out, err := cmd.Output()
		require.NoError(t, err)
		modules := strings.Fields(string(out))
		slices.Sort(modules)
		modules = slices.Compact(modules)
		t.Logf("%s: %d modules: %s", program, len(modules), strings.Join(modules, " "))
		assert.LessOrEqual(t, len(modules), maxModules)
		assert.Contains(t, modules, module)
		for _, m := range modules {
			assert.False(t, strings.HasPrefix(m, "google.golang.org/"), "%s: no gRPC, no protobuf", m)
		}
	}
}

func TestAServerWithSetupIsSmall(t *testing.T) {
	for program, most := range programs {
		binary := filepath.Join(t.TempDir(), "hello")
		cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", binary, program)
		cmd.Dir, cmd.Stderr = "../..", os.Stderr
		require.NoError(t, cmd.Run())
		info, err := os.Stat(binary)
		require.NoError(t, err)
		t.Logf("%s: %d bytes, %s/%s", program, info.Size(), runtime.GOOS, runtime.GOARCH)
		if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
			assert.LessOrEqual(t, info.Size(), most, program)
		}
	}
}
