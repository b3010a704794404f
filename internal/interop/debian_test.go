// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// debian returns a directory with a package of Debian's in it, and the
// libraries it depends on. It is not installed: nothing of the machine changes.
func debian(t testing.TB, name string) string {
	t.Helper()
	return installed(t, name+"-debian", func(dir string) ([]byte, error) {
		packages := []string{name}
		for _, library := range depends(t, name) {
			if strings.HasPrefix(library, "lib") && !strings.HasPrefix(library, "libc6") && !strings.HasPrefix(library, "libgcc") &&
				!strings.HasPrefix(library, "libstdc++") && !strings.HasPrefix(library, "libllvm") {
				packages = append(packages, library)
			}
		}
		if out, err := output(dir, nil, tool(t, "apt-get"), append([]string{"download"}, packages...)...); err != nil {
			return out, err
		}
		debs, _ := filepath.Glob(filepath.Join(dir, "*.deb"))
		for _, deb := range debs {
			if out, err := output(dir, nil, tool(t, "dpkg"), "-x", deb, dir); err != nil {
				return out, err
			}
			_ = os.Remove(deb)
		}
		return nil, nil
	})
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

// debianCommand is a program of such a directory.
func debianCommand(dir, program string, args ...string) *exec.Cmd {
	libraries, _ := filepath.Glob(filepath.Join(dir, "usr", "lib", "*-linux-gnu"))
	more, _ := filepath.Glob(filepath.Join(dir, "lib", "*-linux-gnu"))
	cmd := exec.Command(filepath.Join(dir, program), args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "LD_LIBRARY_PATH="+strings.Join(append(libraries, more...), ":"))
	return cmd
}

// serve runs a server until the end of the test, and returns when it is ready.
func serve(t testing.TB, cmd *exec.Cmd, ready func(context.Context) error) {
	t.Helper()
	var printed syncBuffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	if err := cmd.Start(); err != nil {
		unavailable(t, "%s does not start: %v", cmd.Path, err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	})
	for limit := time.Now().Add(time.Minute); ; {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		err := ready(ctx)
		cancel()
		if err == nil {
			return
		}
		select {
		case <-ended:
			unavailable(t, "%s ended: %s", cmd.Path, printed.String())
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(limit) {
			unavailable(t, "%s is not up after a minute: %v\n%s", cmd.Path, err, printed.String())
		}
	}
}
