// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/waymark-otel/waymark/examples/internal/outline"
	"github.com/waymark-otel/waymark/instrument/viewer"
)

func TestEachStatementIsASpanAndSlowOnesAreLogged(t *testing.T) {
	v, err := viewer.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	var out strings.Builder
	if err := run(t.Context(), &out, v.SpansURL()); err != nil {
		t.Fatal(err)
	}

	// Zipkin has names in lower case.
	want := []string{
		"shop add songs !\n  shop begin :memory: client\n  shop insert songs client\n  shop insert songs client !\n  shop rollback :memory: client\n",
		"shop add songs\n  shop begin :memory: client\n  shop insert songs client\n  shop insert songs client\n  shop commit :memory: client\n",
		"shop report\n  shop count songs client\n",
	}
	slices.Sort(want)
	if got := outline.All(v); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	trace := ""
	for _, tr := range v.Traces() {
		for _, s := range tr.Spans {
			if s.Name == "count songs" {
				trace = s.TraceID
			}
			if strings.Contains(s.Tags["db.query.text"], "hunter2") {
				t.Errorf("a literal is in %q", s.Tags["db.query.text"])
			}
			if s.Failed() && s.Name == "insert songs" && s.Tags["db.response.status_code"] != "2067" {
				t.Errorf("the code is %q, want SQLite's for a song that is there already", s.Tags["db.response.status_code"])
			}
		}
	}
	log := out.String()
	if trace == "" || !strings.Contains(log, `msg="slow statement" summary="count songs"`) || !strings.Contains(log, "trace_id="+trace) {
		t.Errorf("the slow statement of trace %q is not in the log:\n%s", trace, log)
	}
	if !strings.Contains(log, "2 songs\n") {
		t.Errorf("two songs were to be there:\n%s", log)
	}
	if strings.Contains(log, "hunter2") {
		t.Errorf("a literal is in the log:\n%s", log)
	}
}
