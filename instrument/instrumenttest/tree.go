// SPDX-License-Identifier: Apache-2.0

package instrumenttest

import (
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// TreeOption sets what [Recorder.Tree] shows beside name, kind and status.
type TreeOption interface{ apply(*treeConfig) }

type treeConfig struct {
	all    bool
	keys   []attribute.Key
	events bool
	links  bool
}

type treeOption func(*treeConfig)

func (o treeOption) apply(c *treeConfig) { o(c) }

// ShowAttributes shows the attributes of these keys where a span or event has
// them, in this order; without keys, every attribute, in the order of keys.
func ShowAttributes(keys ...attribute.Key) TreeOption {
	return treeOption(func(c *treeConfig) {
		c.all = c.all || len(keys) == 0
		c.keys = append(c.keys, keys...)
	})
}

// ShowEvents shows the events of a span on lines of their own, after an @.
func ShowEvents() TreeOption { return treeOption(func(c *treeConfig) { c.events = true }) }

// ShowLinks shows the links of a span on lines of their own, after a &, by
// the name of the span linked to, or as "remote" when it was not recorded.
func ShowLinks() TreeOption { return treeOption(func(c *treeConfig) { c.links = true }) }

// Tree returns the spans started so far as text: one line a span, a child two
// spaces deeper than its parent, siblings in the order of their start. Behind
// the name stand, where they apply: the kind unless internal, the status
// unless unset, "remote parent", "parent missing", "not sampled", "not ended".
//
//	GET /orders/{id} | server
//	  price order
//	    SELECT orders | client | error: connection refused
func (r *Recorder) Tree(opts ...TreeOption) string {
	var config treeConfig
	for _, o := range opts {
		o.apply(&config)
	}
	r.mu.Lock()
	started, ended := slices.Clone(r.started), slices.Clone(r.ended)
	r.mu.Unlock()

	final := make(map[nodeID]sdktrace.ReadOnlySpan, len(ended))
	for _, span := range ended {
		final[idOf(span.SpanContext())] = span
	}
	names := make(map[nodeID]string, len(started))
	for _, span := range started {
		names[idOf(span.SpanContext())] = span.Name()
	}
	nodes := make([]*node, len(started))
	for i, span := range started {
		id := idOf(span.SpanContext())
		end, ok := final[id]
		if ok {
			span = end
		}
		parent := span.Parent()
		_, known := names[idOf(parent)]
		nodes[i] = &node{id: id, parent: idOf(parent), lines: config.describe(span, !parent.IsValid() || known, ok, names)}
	}
	return draw(nodes)
}

// AssertTree compares Tree, with the same options, with want and reports the
// difference by line. Blank lines around want, the indentation all its lines
// share, and the space at their ends do not count, and a tab in front of a
// line counts as two spaces: want may stand indented in the test's source.
func (r *Recorder) AssertTree(want string, opts ...TreeOption) bool {
	r.t.Helper()
	got, want := r.Tree(opts...), dedent(want)
	if got == want {
		return true
	}
	r.t.Errorf("instrumenttest: the span tree is not as expected (- want, + got):\n%s", diff(want, got))
	return false
}

func (c treeConfig) describe(span sdktrace.ReadOnlySpan, rooted, ended bool, names map[nodeID]string) []string {
	parts := []string{span.Name()}
	if kind := span.SpanKind(); kind != trace.SpanKindInternal && kind != trace.SpanKindUnspecified {
		parts = append(parts, kind.String())
	}
	switch status := span.Status(); {
	case status.Code == codes.Error && status.Description != "":
		parts = append(parts, "error: "+status.Description)
	case status.Code != codes.Unset:
		parts = append(parts, strings.ToLower(status.Code.String()))
	}
	if !rooted && span.Parent().IsRemote() {
		parts = append(parts, "remote parent")
	} else if !rooted {
		parts = append(parts, "parent missing")
	}
	if !span.SpanContext().IsSampled() {
		parts = append(parts, "not sampled")
	}
	if !ended {
		parts = append(parts, "not ended")
	}
	lines := []string{join(append(parts, c.attributes(span.Attributes())...))}
	if c.links {
		for _, link := range span.Links() {
			name, ok := names[idOf(link.SpanContext)]
			if !ok {
				name = "remote"
			}
			lines = append(lines, "  & "+join(append([]string{name}, c.attributes(link.Attributes)...)))
		}
	}
	if c.events {
		for _, event := range span.Events() {
			lines = append(lines, "  @ "+join(append([]string{event.Name}, c.attributes(event.Attributes)...)))
		}
	}
	return lines
}

func (c treeConfig) attributes(attrs []attribute.KeyValue) []string {
	set := attribute.NewSet(slices.Clone(attrs)...)
	keys := c.keys
	if c.all {
		keys = nil
		for _, kv := range set.ToSlice() {
			keys = append(keys, kv.Key)
		}
	}
	var out []string
	for _, key := range keys {
		if value, ok := set.Value(key); ok {
			out = append(out, string(key)+"="+value.String())
		}
	}
	return out
}

func idOf(sc trace.SpanContext) nodeID {
	return nodeID{trace: sc.TraceID().String(), span: sc.SpanID().String()}
}

// join puts parts on one line: what would break it is quoted.
func join(parts []string) string {
	for i, part := range parts {
		if strings.ContainsAny(part, "\n\r|") {
			parts[i] = strconv.Quote(part)
		}
	}
	return strings.TrimRight(strings.Join(parts, " | "), " \t")
}
