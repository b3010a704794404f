// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// debian returns a directory with a package of Debian's in it, or of what is
// made of Debian, and the libraries it depends on. It is not installed:
// nothing of the machine changes.
func debian(t testing.TB, name string) string {
	t.Helper()
	uses(t, name, "any", "Debian")
	dpkg := tool(t, "dpkg")
	dir := installed(t, "debian-"+name, func(dir string) ([]byte, error) {
		packages := []string{name}
		for _, library := range depends(t, name) {
			if strings.HasPrefix(library, "lib") && !strings.HasPrefix(library, "libc6") && !strings.HasPrefix(library, "libgcc") &&
				!strings.HasPrefix(library, "libstdc++") && !strings.HasPrefix(library, "libllvm") {
				packages = append(packages, library)
			}
		}
		if out, err := apt(t, dir, "apt-get", append([]string{"download"}, packages...)...); err != nil {
			return out, err
		}
		debs, _ := filepath.Glob(filepath.Join(dir, "*.deb"))
		for _, deb := range debs {
			if out, err := output(dir, nil, dpkg, "-x", deb, dir); err != nil {
				return out, err
			}
			// The name of the file is all that is left of it: it has the version.
			if err := os.Truncate(deb, 0); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	if debs, _ := filepath.Glob(filepath.Join(dir, name+"_*.deb")); len(debs) == 1 {
		version, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(debs[0]), name+"_"), "_")
		named(t, strings.ReplaceAll(version, "%3a", ":"))
	}
	return dir
}

// apt runs a program of Debian's, if need be with lists of its own: on some
// machines nobody has asked for any yet.
func apt(t testing.TB, dir, program string, args ...string) ([]byte, error) {
	t.Helper()
	path, env := tool(t, program), []string{"LC_ALL=C", "DEBIAN_FRONTEND=noninteractive"}
	out, err := output(dir, env, path, args...)
	if err == nil {
		return out, nil
	}
	lists, listsErr := ownLists()
	if listsErr != nil {
		return out, errors.Join(err, listsErr)
	}
	return output(dir, env, path, append(lists[:len(lists):len(lists)], args...)...)
}

// ownLists returns the options by which apt uses lists of packages that are
// this run's.
var ownLists = sync.OnceValues(func() ([]string, error) {
	scratch, err := os.MkdirTemp("", "apt")
	if err != nil {
		return nil, err
	}
	shared.add(func() { _ = os.RemoveAll(scratch) })
	lists, archives := filepath.Join(scratch, "lists"), filepath.Join(scratch, "archives")
	for _, folder := range []string{lists, archives} {
		if err := os.MkdirAll(filepath.Join(folder, "partial"), 0o755); err != nil {
			return nil, err
		}
	}
	options := []string{
		"-o", "Dir::State::lists=" + lists, "-o", "Dir::Cache=" + scratch, "-o", "Dir::Cache::archives=" + archives,
		"-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=",
	}
	if out, err := output(scratch, nil, "apt-get", append(options[:len(options):len(options)], "update")...); err != nil {
		return nil, errors.Join(err, errors.New(string(out)))
	}
	return options, nil
})

// depends returns what a package depends on.
func depends(t testing.TB, name string) []string {
	t.Helper()
	out, err := apt(t, t.TempDir(), "apt-cache", "depends", name)
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
