// SPDX-License-Identifier: Apache-2.0

package logbridge

import (
	"context"
	"log/slog"
	"slices"
)

// rooted is a decorator that adds attributes at the top level of a record.
//
// A slog.Handler cannot add to the top level once WithGroup was called, so a
// rooted remembers what the next handler was before the first open group,
// and what was given since. There are three ways for a record:
//
//   - one that gains nothing goes to next, which has everything formatted;
//   - the ids of a span that logs again go into a handler derived for that
//     span, which has them formatted too, if next is one of slog's (lines.go);
//   - else a new record is made, with what is added first and then its own
//     attributes, folded into groups when some are open.
type rooted struct {
	next   slog.Handler // with every With and WithGroup
	root   slog.Handler // next as it was before the first open group; nil without one
	groups []group      // open, outermost first
	nested bool         // whether an attribute of groups is, or may be, a group
	keys   []string     // at the top level by With, or by the first open group

	configured []field // of TraceContext
	fields     []field // those whose key is not in keys
	baggage    bool    // whether one of the fields is
	attrs      bool    // whether those of ContextWithAttrs are added

	formats bool // next formats what With is given once
	lines   lineCache
}

// group is what was given after one WithGroup and before the next.
type group struct {
	name  string
	attrs []slog.Attr
}

var _ slog.Handler = (*rooted)(nil)

// decorate returns a copy of next if it is a rooted itself, so that
// decorators on top of one another are one, and cannot add a key twice.
func decorate(next slog.Handler) *rooted {
	switch next := next.(type) {
	case nil:
		return &rooted{next: slog.DiscardHandler}
	case *rooted:
		return next.clone()
	case *slog.JSONHandler, *slog.TextHandler:
		return &rooted{next: next, formats: true}
	default:
		return &rooted{next: next}
	}
}

// clone copies all but the lines, which are of one next.
func (h *rooted) clone() *rooted {
	return &rooted{
		next: h.next, root: h.root, groups: h.groups, nested: h.nested, keys: h.keys,
		configured: h.configured, fields: h.fields, baggage: h.baggage, attrs: h.attrs,
		formats: h.formats,
	}
}

func (h *rooted) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *rooted) Handle(ctx context.Context, r slog.Record) error {
	var found ids
	if len(h.fields) > 0 {
		found = idsFrom(ctx)
	}
	if h.attrs && scopeFrom(ctx) != nil || h.baggage && hasBaggage(ctx) {
		return h.add(ctx, r, &found)
	}
	if found.none() {
		return h.next.Handle(ctx, r)
	}
	if h.formats {
		if next := h.lines.handler(h, &found); next != nil && (h.root != nil || !h.collides(r)) {
			return next.Handle(ctx, r)
		}
	}
	return h.add(ctx, r, &found)
}

// add hands on a new record with all that is to be added.
func (h *rooted) add(ctx context.Context, r slog.Record, found *ids) error {
	var buf [20]slog.Attr
	added := buf[:0]
	if h.attrs {
		added = h.appendContextAttrs(ctx, added)
	}
	added = appendFields(ctx, h.fields, found, added)
	if h.root == nil {
		added = without(added, r)
	}
	if len(added) == 0 {
		return h.next.Handle(ctx, r)
	}
	if h.nested {
		return h.derive(added).Handle(ctx, r)
	}
	// What is added comes first. slog's own JSON handler forgets the comma
	// after a group that ReplaceAttr or empty attributes leave empty, so
	// nothing of ours may follow one.
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	if h.root == nil {
		r.Attrs(func(a slog.Attr) bool {
			added = append(added, a)
			return true
		})
		out.AddAttrs(added...)
		return h.next.Handle(ctx, out)
	}
	if g, ok := fold(h.groups, r); ok {
		added = append(added, g)
	}
	out.AddAttrs(added...)
	return h.root.Handle(ctx, out)
}

// derive does again, with what is added first, what was done to the logger.
// It costs more than to fold. Attributes are given one by one, so that none
// follows a group that turns out empty.
func (h *rooted) derive(added []slog.Attr) slog.Handler {
	next := h.root
	if next == nil {
		next = h.next
	}
	next = next.WithAttrs(slices.Clone(added))
	for i := range h.groups {
		next = next.WithGroup(h.groups[i].name)
		for j := range h.groups[i].attrs {
			next = next.WithAttrs(h.groups[i].attrs[j : j+1 : j+1])
		}
	}
	return next
}

// fold returns the open groups and the record's attributes as one attribute.
// It reports false when nothing is in them.
func fold(groups []group, r slog.Record) (folded slog.Attr, ok bool) {
	n := r.NumAttrs()
	for i := range groups {
		n += len(groups[i].attrs)
	}
	if n == 0 {
		return slog.Attr{}, false
	}
	// One slice for all: the innermost group first, each outer one with the
	// one before as its last attribute.
	all := make([]slog.Attr, 0, n+len(groups)-1)
	for i := len(groups) - 1; i >= 0; i-- {
		start := len(all)
		all = append(all, groups[i].attrs...)
		if i == len(groups)-1 {
			r.Attrs(func(a slog.Attr) bool {
				all = append(all, a)
				return true
			})
		}
		if ok {
			all = append(all, folded)
		}
		if len(all) > start {
			folded = slog.Attr{Key: groups[i].name, Value: slog.GroupValue(all[start:len(all):len(all)]...)}
			ok = true
		}
	}
	return folded, ok
}

func (h *rooted) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	derived := h.clone()
	derived.next = h.next.WithAttrs(attrs)
	if h.root == nil {
		derived.keys = slices.Clip(h.keys)
		for _, a := range attrs {
			derived.keys = appendKeys(derived.keys, a)
		}
		derived.setFields()
		return derived
	}
	derived.groups = slices.Clone(h.groups)
	last := &derived.groups[len(derived.groups)-1]
	last.attrs = append(slices.Clip(last.attrs), attrs...)
	derived.nested = h.nested || slices.ContainsFunc(attrs, mayBeGroup)
	return derived
}

func (h *rooted) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	derived := h.clone()
	derived.next = h.next.WithGroup(name)
	if h.root == nil { // the group is at the top level, and its name a key
		derived.root = h.next
		derived.keys = append(slices.Clip(h.keys), name)
		derived.setFields()
	}
	derived.groups = append(slices.Clip(h.groups), group{name: name})
	return derived
}

func mayBeGroup(a slog.Attr) bool {
	k := a.Value.Kind()
	return k == slog.KindGroup || k == slog.KindLogValuer
}

// setFields leaves out the fields whose key the program gave to With or
// WithGroup: its own value wins.
func (h *rooted) setFields() {
	h.fields = h.configured
	taken := func(f field) bool { return slices.Contains(h.keys, f.key) }
	if slices.ContainsFunc(h.fields, taken) {
		h.fields = slices.DeleteFunc(slices.Clone(h.fields), taken)
	}
	h.baggage = slices.ContainsFunc(h.fields, func(f field) bool { return f.kind == fieldBaggage })
}

// appendKeys appends the keys that a has at the top level: its own, or those
// within it when it is a group without a key, which handlers inline.
func appendKeys(keys []string, a slog.Attr) []string {
	if a.Key != "" {
		return append(keys, a.Key)
	}
	if v := a.Value.Resolve(); v.Kind() == slog.KindGroup {
		for _, inner := range v.Group() {
			keys = appendKeys(keys, inner)
		}
	}
	return keys
}

// collides reports whether the record has, or may have, one of the fields'
// keys at its top level.
func (h *rooted) collides(r slog.Record) bool {
	collides := false
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "" {
			collides = true
			return false
		}
		for i := range h.fields {
			if h.fields[i].key == a.Key {
				collides = true
				return false
			}
		}
		return true
	})
	return collides
}

// without removes from added what the record has under the same key.
func without(added []slog.Attr, r slog.Record) []slog.Attr {
	r.Attrs(func(a slog.Attr) bool {
		added = withoutKey(added, a)
		return len(added) > 0
	})
	return added
}

func withoutKey(added []slog.Attr, a slog.Attr) []slog.Attr {
	if a.Key != "" {
		if i := indexKey(added, a.Key); i >= 0 {
			return slices.Delete(added, i, i+1)
		}
		return added
	}
	if v := a.Value.Resolve(); v.Kind() == slog.KindGroup {
		for _, inner := range v.Group() {
			added = withoutKey(added, inner)
		}
	}
	return added
}

func indexKey(attrs []slog.Attr, key string) int {
	for i := range attrs {
		if attrs[i].Key == key {
			return i
		}
	}
	return -1
}
