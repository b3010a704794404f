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
// and what was given since. A record that gains nothing goes to next, which
// has everything formatted already; one that gains something while a group
// is open is folded: its groups become group attributes of a new record.
type rooted struct {
	next   slog.Handler // with every With and WithGroup
	root   slog.Handler // next as it was before the first open group; nil without one
	groups []group      // open, outermost first
	nested bool         // whether an attribute of groups is, or may be, a group
	keys   []string     // given to With at the top level

	configured []field // of TraceContext
	fields     []field // those whose key is not in keys
	attrs      bool    // whether those of ContextWithAttrs are added
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
		h := *next
		return &h
	default:
		return &rooted{next: next}
	}
}

func (h *rooted) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *rooted) Handle(ctx context.Context, r slog.Record) error {
	var buf [20]slog.Attr
	added := buf[:0]
	if h.attrs {
		added = h.appendContextAttrs(ctx, added)
	}
	if len(h.fields) > 0 {
		added = appendFields(ctx, h.fields, added)
	}
	if len(added) == 0 {
		return h.next.Handle(ctx, r)
	}
	if h.root != nil && h.nested {
		return h.derive(added).Handle(ctx, r)
	}
	// What is added comes first. slog's own JSON handler forgets the comma
	// after a group that ReplaceAttr or empty attributes leave empty, so
	// nothing of ours may follow one.
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	if h.root == nil {
		added = without(added, r)
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
	next := h.root.WithAttrs(slices.Clone(added))
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
	derived := *h
	derived.next = h.next.WithAttrs(attrs)
	if h.root == nil {
		derived.keys = slices.Clip(h.keys)
		for _, a := range attrs {
			derived.keys = appendKeys(derived.keys, a)
		}
		derived.setFields()
		return &derived
	}
	derived.groups = slices.Clone(h.groups)
	last := &derived.groups[len(derived.groups)-1]
	last.attrs = append(slices.Clip(last.attrs), attrs...)
	derived.nested = h.nested || slices.ContainsFunc(attrs, mayBeGroup)
	return &derived
}

func (h *rooted) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	derived := *h
	derived.next = h.next.WithGroup(name)
	if h.root == nil {
		derived.root = h.next
	}
	derived.groups = append(slices.Clip(h.groups), group{name: name})
	return &derived
}

func mayBeGroup(a slog.Attr) bool {
	k := a.Value.Kind()
	return k == slog.KindGroup || k == slog.KindLogValuer
}

// setFields leaves out the fields whose key the program gave to With: its own
// value wins.
func (h *rooted) setFields() {
	h.fields = slices.DeleteFunc(slices.Clone(h.configured), func(f field) bool {
		return slices.Contains(h.keys, f.key)
	})
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
