// SPDX-License-Identifier: Apache-2.0

// Package outline writes what has arrived of a trace as indented lines, for
// the tests of the examples.
package outline

import (
	"cmp"
	"slices"
	"strings"

	"github.com/waymark-otel/waymark/instrument/viewer"
)

// Of returns a line for each span below the line of its parent, in the order
// of their starts: service, name, kind, and an exclamation mark when it failed.
func Of(t viewer.Trace) string {
	spans := slices.Clone(t.Spans)
	slices.SortStableFunc(spans, func(a, b viewer.Span) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
	here := map[string]bool{}
	for _, s := range spans {
		here[s.ID] = true
	}
	var b strings.Builder
	var below func(parent, indent string)
	below = func(parent, indent string) {
		for _, s := range spans {
			p := s.ParentID
			if p != "" && !here[p] {
				p = "" // a parent that is not here
			}
			if p != parent {
				continue
			}
			b.WriteString(indent + strings.Join(strings.Fields(s.Service()+" "+s.Name+" "+strings.ToLower(s.Kind)), " "))
			if s.Failed() {
				b.WriteString(" !")
			}
			b.WriteByte('\n')
			below(s.ID, indent+"  ")
		}
	}
	below("", "")
	return b.String()
}

// All returns the outlines of every trace, sorted.
func All(v *viewer.Viewer) []string {
	var out []string
	for _, t := range v.Traces() {
		out = append(out, Of(t))
	}
	slices.Sort(out)
	return out
}
