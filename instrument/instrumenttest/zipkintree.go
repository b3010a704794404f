// SPDX-License-Identifier: Apache-2.0

package instrumenttest

import (
	"cmp"
	"slices"
	"strings"
)

// Tree returns the spans accepted so far as text, as [Recorder.Tree] does: the
// service, a colon and the name of each; behind it, where they apply, the
// kind, the error and "parent missing". Siblings are in the order of their
// timestamps.
//
//	front: get / | server
//	  front: get | client
//	    catalog: get /items | server | error: no such table
func (c *Collector) Tree() string {
	spans := c.Spans()
	slices.SortStableFunc(spans, func(a, b ZipkinSpan) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
	known := make(map[nodeID]bool, len(spans))
	for _, span := range spans {
		known[nodeID{span.TraceID, span.ID}] = true
	}
	nodes := make([]*node, len(spans))
	for i, span := range spans {
		id, parent := nodeID{span.TraceID, span.ID}, nodeID{span.TraceID, span.ParentID}
		if span.Shared {
			// The two sides of one call share an id: the second hangs
			// below the first.
			id, parent = nodeID{span.TraceID, span.ID + " shared"}, id
		}
		nodes[i] = &node{id: id, parent: parent, lines: []string{span.describe(span.ParentID == "" || known[parent])}}
	}
	return draw(nodes)
}

func (s ZipkinSpan) describe(rooted bool) string {
	parts := []string{s.LocalEndpoint.ServiceName + ": " + s.Name}
	if s.Kind != "" {
		parts = append(parts, strings.ToLower(s.Kind))
	}
	if message, failed := s.Tags["error"]; failed {
		parts = append(parts, strings.TrimSuffix("error: "+message, ": "))
	}
	if !rooted {
		parts = append(parts, "parent missing")
	}
	return join(parts)
}
