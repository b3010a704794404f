// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
)

// TestMain prints what ran. go test shows it when it is run in this folder,
// without a list of packages, or with -v.
func TestMain(m *testing.M) {
	if os.Getenv(asService) != "" {
		if err := serve(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	shared.stop()
	ran.print(os.Stdout)
	os.Exit(code)
}

// notHad are the peers for which there is no test, and why: they are named
// whenever all tests were asked for.
var notHad = []row{
	{name: "tomograph", version: "any", from: "GitHub", reason: "Python 2, and no package index has it (PyPI's package of that name is another): its header's form is spoken by a program of ours"},
	{name: "pickle of Python 2", version: "2.7", from: "Debian", reason: "no current system has it: its bytes are golden in the tests of propagators"},
	{name: "Envoy", version: "any", from: "container image", reason: "no package of a registry in use here: its documented headers are fixtures"},
	{name: "Kong", version: "any", from: "container image", reason: "no package of a registry in use here: its documented headers are fixtures"},
	{name: "Jaeger", version: "v1.76.0", from: "Go proxy", reason: "no checksums here for the Collector's modules that it requires: v1.62.0 is used"},
	{name: "Sentry", version: "any", from: "container image", reason: "no package of a registry in use here: logbridge/sentrylog lets Sentry's own client send to an ingest endpoint of ours"},
	{name: "opentracing-go by OpenTelemetry's bridge", version: "v1.45.0", from: "Go proxy", reason: "no release for the OpenTelemetry in go.mod: examples/opentracing tests it with the older API it needs"},
}

// row is a line of the table.
type row struct {
	name, version, from string
	tests               int      // that passed
	failed              []string // tests
	users               []string // tests that run now
	reason              string   // why it could not be had
}

// result is what the table says of the peer.
func (r row) result() string {
	switch {
	case len(r.failed) > 0:
		return "FAILED"
	case r.tests > 0:
		return "ok"
	case r.reason != "":
		return "not had"
	}
	return "not run"
}

// table is what is known of the peers of a run.
type table struct {
	mu     sync.Mutex
	rows   map[string]*row
	latest map[string][]*row // by test: what it asked for last
}

var ran = table{rows: map[string]*row{}, latest: map[string][]*row{}}

// uses puts a peer into the table: its name, its version, and where it is had
// from. What becomes of the test is what the table says of the peer. The
// functions that start a peer call it first, so that a peer that cannot be had
// is named there too. A test may use several.
func uses(t testing.TB, name, version, from string) {
	t.Helper()
	usesAll(t, row{name: name, version: version, from: from})
}

// usesAll is uses for peers that can only be had together.
func usesAll(t testing.TB, peers ...row) {
	t.Helper()
	test := t.Name()
	ran.mu.Lock()
	defer ran.mu.Unlock()
	ran.latest[test] = nil
	for _, p := range peers {
		key := p.name + " " + p.version
		r := ran.rows[key]
		if r == nil {
			r = &p
			ran.rows[key] = r
		}
		ran.latest[test] = append(ran.latest[test], r)
		if slices.Contains(r.users, test) {
			continue
		}
		r.users = append(r.users, test)
		t.Cleanup(func() {
			ran.mu.Lock()
			defer ran.mu.Unlock()
			r.users = slices.DeleteFunc(r.users, func(user string) bool { return user == test })
			switch {
			case t.Failed():
				r.failed = append(r.failed, test)
			case !t.Skipped():
				r.tests++
			}
		})
	}
}

// usesModule is uses for a Go module that is linked into this test.
func usesModule(t testing.TB, path string) {
	t.Helper()
	uses(t, path, required(t, "go.mod", path), "Go proxy")
}

// named sets the version of the peer that a test asked for last, when it is
// known only afterwards.
func named(t testing.TB, version string) {
	ran.mu.Lock()
	defer ran.mu.Unlock()
	for _, r := range ran.latest[t.Name()] {
		r.version = version
	}
}

// missing notes why the peer that a test asked for last cannot be had: the
// first line of a reason, and the last, where programs say what they died of.
func (tab *table) missing(test, reason string) {
	lines := strings.Split(strings.TrimSpace(reason), "\n")
	if reason = lines[0]; len(lines) > 1 {
		reason += ": " + strings.TrimSpace(lines[len(lines)-1])
	}
	tab.mu.Lock()
	defer tab.mu.Unlock()
	for of := test; of != ""; of = of[:max(strings.LastIndexByte(of, '/'), 0)] {
		for _, r := range tab.latest[of] {
			r.reason = reason
		}
		if tab.latest[of] != nil {
			return
		}
	}
	// What it is for was not said yet, and is not left out all the same.
	tab.rows[test] = &row{name: test, version: "any", from: "unknown", reason: reason}
}

// print writes the table, if any peer was used.
func (tab *table) print(w io.Writer) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	if len(tab.rows) == 0 {
		return
	}
	var rows []row
	for _, r := range tab.rows {
		rows = append(rows, *r)
	}
	if f := flag.Lookup("test.run"); f == nil || f.Value.String() == "" {
		rows = append(rows, notHad...)
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name)), cmp.Compare(a.version, b.version))
	})
	totals := map[string]int{}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "\nPEER\tVERSION\tFROM\tRESULT\tTESTS\tREMARK\n")
	for _, r := range rows {
		remark := r.reason
		if len(r.failed) > 0 {
			remark = strings.Join(r.failed, " ")
		}
		totals[r.result()]++
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%d\t%s\n", r.name, r.version, r.from, r.result(), r.tests, remark)
	}
	_ = out.Flush()
	for _, result := range slices.Sorted(maps.Keys(totals)) {
		fmt.Fprintf(w, "%d %s, ", totals[result], result)
	}
	fmt.Fprintf(w, "on %s/%s with %s\n\n", runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// shared are the peers that outlive the test that started them.
var shared sharedPeers

type sharedPeers struct {
	starting sync.Mutex // held by who starts one
	mu       sync.Mutex
	stops    []func()
}

// add says how one is stopped.
func (p *sharedPeers) add(stop func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stops = append(p.stops, stop)
}

// stop stops them, the last one first.
func (p *sharedPeers) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, stop := range slices.Backward(p.stops) {
		stop()
	}
	p.stops = nil
}
