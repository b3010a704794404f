// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// libraries returns the libraries that a package of Debian's needs, but for
// those that every system has.
func libraries(t testing.TB, name string) []string {
	t.Helper()
	var needed []string
	for _, library := range depends(t, name) {
		if strings.HasPrefix(library, "lib") && !strings.HasPrefix(library, "libc6") && !strings.HasPrefix(library, "libgcc") &&
			!strings.HasPrefix(library, "libstdc++") && !strings.HasPrefix(library, "libllvm") {
			needed = append(needed, library)
		}
	}
	return needed
}

// depends returns what a package depends on.
func depends(t testing.TB, name string) []string {
	t.Helper()
	out, err := output(t.TempDir(), []string{"LC_ALL=C"}, tool(t, "apt-cache"), "depends", name)
	if err != nil {
		unavailable(t, "no package %s: %v\n%s", name, err, out)
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		if dependency, ok := strings.CutPrefix(strings.TrimSpace(line), "Depends: "); ok && !strings.HasPrefix(dependency, "<") {
			names = append(names, dependency)
		}
	}
	return names
}

// unpacked is a program of a package that is unpacked in dir, with its
// libraries.
func unpacked(dir, program string, args ...string) *exec.Cmd {
	found, _ := filepath.Glob(filepath.Join(dir, "usr", "lib", "*-linux-gnu"))
	more, _ := filepath.Glob(filepath.Join(dir, "lib", "*-linux-gnu"))
	cmd := exec.Command(filepath.Join(dir, program), args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "LD_LIBRARY_PATH="+strings.Join(append(found, more...), ":"))
	return cmd
}

// startDatabase starts a server, and returns when it is ready. A signal asks it
// to end before it is made to: a database leaves things behind otherwise.
func startDatabase(t testing.TB, cmd *exec.Cmd, end os.Signal, port string, ready func(context.Context) error) {
	t.Helper()
	startCommand(t, "tcp://127.0.0.1:"+port, cmd)
	t.Cleanup(func() {
		limit := time.Now().Add(10 * time.Second)
		for err := cmd.Process.Signal(end); !errors.Is(err, os.ErrProcessDone) && time.Now().Before(limit); err = cmd.Process.Signal(end) {
			time.Sleep(50 * time.Millisecond)
		}
	})
	require.Eventually(t, func() bool { return ready(t.Context()) == nil }, time.Minute, 50*time.Millisecond)
}
