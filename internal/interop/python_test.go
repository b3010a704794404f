// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// virtualenv returns the Python of an environment that holds what
// testdata/<peer>/requirements.txt lists, and nothing else. The peers, which
// it lists first, are put into the table.
func virtualenv(t testing.TB, peer string, peers int) (python string) {
	t.Helper()
	file, err := filepath.Abs(filepath.Join("testdata", peer, "requirements.txt"))
	require.NoError(t, err)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var list []row
	for line := range strings.Lines(string(text)) {
		if name, version, ok := strings.Cut(strings.TrimSpace(line), "=="); ok && len(list) < peers {
			list = append(list, row{name: name, version: version, from: "PyPI"})
		}
	}
	usesAll(t, list...)
	base := tool(t, "python3")
	// An environment is of no use to another Python than the one it came from.
	is, err := exec.Command(base, "-c", "import sys; print(sys.version, sys.base_prefix)").Output()
	if err != nil {
		unavailable(t, "python3 does not run: %v", err)
	}
	sum := sha256.Sum256(append(is, text...))
	dir := installed(t, peer+"-"+hex.EncodeToString(sum[:6]), func(dir string) ([]byte, error) {
		if out, err := output(dir, nil, base, "-m", "venv", dir); err != nil {
			return out, err
		}
		return output(dir, nil, filepath.Join(dir, "bin", "python"), "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check", "--requirement", file)
	})
	return filepath.Join(dir, "bin", "python")
}

// startPython starts testdata/<peer>/<program>.py as a service, and stops it
// at the end of the test: it then sends what it has not sent yet. The further
// variables are part of its environment.
func startPython(t testing.TB, python, peer, program, name, zipkin string, env ...string) *hop {
	t.Helper()
	source, err := filepath.Abs("testdata")
	require.NoError(t, err)
	cmd := exec.Command(python, filepath.Join(source, peer, program+".py"))
	cmd.Env = append(os.Environ(), append([]string{
		"PYTHONPATH=" + filepath.Join(source, "python"), "PYTHONDONTWRITEBYTECODE=1", "HOP_ZIPKIN=" + zipkin + "/api/v2/spans",
	}, env...)...)
	return startHop(t, name, cmd)
}
