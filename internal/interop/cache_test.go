// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// installed returns a directory of the user's cache that install has filled.
// It is filled once; a copy cut short is not found by the next run, and runs
// side by side do not meet.
func installed(t testing.TB, name string, install func(dir string) ([]byte, error)) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		unavailable(t, "no cache for %s: %v", name, err)
	}
	dir := filepath.Join(cache, "waymark-interop", name)
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		unavailable(t, "no cache for %s: %v", name, err)
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "fresh")
	if err != nil {
		unavailable(t, "no cache for %s: %v", name, err)
	}
	defer os.RemoveAll(fresh)
	if out, err := install(fresh); err != nil {
		unavailable(t, "%s cannot be installed: %v\n%s", name, err, out)
	}
	if err := os.Rename(fresh, dir); err != nil {
		t.Logf("another run was faster: %v", err)
	}
	return dir
}

// output runs a command of an installation.
func output(dir string, env []string, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	return cmd.CombinedOutput()
}

// jar returns the path of an artifact of Maven Central, given as
// group:artifact:version:type:classifier.
func jar(t testing.TB, coordinates string) string {
	t.Helper()
	dir := installed(t, strings.ReplaceAll(coordinates, ":", "_"), func(dir string) ([]byte, error) {
		return output(dir, nil, tool(t, "mvn"), "--batch-mode", "--quiet", "dependency:copy", "-Dartifact="+coordinates, "-DoutputDirectory="+dir)
	})
	found, _ := filepath.Glob(filepath.Join(dir, "*.jar"))
	if len(found) != 1 {
		unavailable(t, "%s is %d files", coordinates, len(found))
	}
	return found[0]
}

// built returns the program of a module under testdata. It is built once for
// what its sources are now.
func built(t testing.TB, module string) string {
	t.Helper()
	source, err := filepath.Abs(filepath.Join("testdata", module))
	require.NoError(t, err)
	sum := sha256.New()
	for _, name := range []string{"main.go", "go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(source, name))
		require.NoError(t, err)
		sum.Write(text)
	}
	dir := installed(t, module+"-"+hex.EncodeToString(sum.Sum(nil))[:12], func(dir string) ([]byte, error) {
		return output(source, []string{"GOWORK=off"}, tool(t, "go"), "build", "-o", filepath.Join(dir, module), ".")
	})
	return filepath.Join(dir, module)
}

// required returns the version of a dependency as a go.mod has it.
func required(t testing.TB, file, dependency string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require ")); len(fields) >= 2 && fields[0] == dependency {
			return fields[1]
		}
	}
	t.Fatalf("%s does not require %s", file, dependency)
	return ""
}
