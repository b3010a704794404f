// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// fakeTest is a test that ends as it is told.
type fakeTest struct {
	testing.TB
	name            string
	failed, skipped bool
	cleanups        []func()
}

func (f *fakeTest) Helper()           {}
func (f *fakeTest) Name() string      { return f.name }
func (f *fakeTest) Failed() bool      { return f.failed }
func (f *fakeTest) Skipped() bool     { return f.skipped }
func (f *fakeTest) Cleanup(do func()) { f.cleanups = append(f.cleanups, do) }
func (f *fakeTest) end() {
	for _, do := range f.cleanups {
		do()
	}
}

func TestTableSaysWhatBecameOfEachPeer(t *testing.T) {
	kept, without := ran.rows, notHad
	ran.rows, notHad = map[string]*row{}, nil
	defer func() { ran.rows, notHad = kept, without }()

	passes, fails, skips := &fakeTest{name: "A"}, &fakeTest{name: "B", failed: true}, &fakeTest{name: "C", skipped: true}
	uses(passes, "good", "1", "PyPI")
	uses(passes, "flaky", "2", "npm")
	uses(fails, "flaky", "2", "npm")
	uses(skips, "good", "1", "PyPI")
	uses(skips, "idle", "4", "npm")
	usesAll(skips, row{name: "lost", version: "3", from: "Debian"}, row{name: "lost too", version: "3", from: "Debian"})
	ran.missing("C/a part of it", "no such package\nand a page of output\nno network\n")
	uses(passes, "twice", "5", "npm")
	uses(passes, "twice", "5", "npm")
	for _, f := range []*fakeTest{passes, fails, skips} {
		f.end()
	}
	again := &fakeTest{name: "A", failed: true} // with -count
	uses(again, "twice", "5", "npm")
	again.end()

	var out strings.Builder
	ran.print(&out)
	lines := strings.Split(out.String(), "\n")
	var got []string
	for _, line := range lines[2:8] {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	assert.Equal(t, []string{"flaky 2 npm FAILED 1 B", "good 1 PyPI ok 1", "idle 4 npm not run 0", "lost 3 Debian not had 0 no such package: no network", "lost too 3 Debian not had 0 no such package: no network", "twice 5 npm FAILED 1 A"}, got)
}
