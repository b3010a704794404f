// SPDX-License-Identifier: Apache-2.0

package logbridge

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	maxScopeAttrs   = 64  // of one ContextWithAttrs, with what AddAttrs added to it
	maxContextAttrs = 128 // of a record, from all of them
)

// ContextAttrs returns a handler that adds the attributes of ContextWithAttrs
// and AddAttrs to each record, from the context the record is logged with,
// and passes it to next. They stand at the top level whatever groups the
// logger has opened. A key that the program uses itself at the top level, in
// With, as the name of a group or in the call, is not added.
//
// On top of TraceContext, or of another ContextAttrs, it becomes one handler
// with it. A nil next discards.
func ContextAttrs(next slog.Handler) slog.Handler {
	h := decorate(next)
	h.attrs = true
	return h
}

// scope is a context with attributes of its own.
type scope struct {
	context.Context
	outer *scope
	mu    sync.Mutex                  // held to change attrs
	attrs atomic.Pointer[[]slog.Attr] // what it points to never changes
}

type scopeKey struct{}

func (s *scope) Value(key any) any {
	if _, ok := key.(scopeKey); ok {
		return s
	}
	return s.Context.Value(key)
}

func scopeFrom(ctx context.Context) *scope {
	if ctx == nil {
		return nil
	}
	s, _ := ctx.Value(scopeKey{}).(*scope)
	return s
}

// ContextWithAttrs returns a context that carries the attributes, beside
// those of ctx; of two with one key the later wins. It also begins a scope:
// what AddAttrs is given further down, up to the next ContextWithAttrs, is
// added to it and seen by all who hold the context. Call it once where a
// request begins, without attributes if there are none yet.
//
// A scope holds 64 attributes; more are dropped. A nil ctx means
// context.Background().
func ContextWithAttrs(ctx context.Context, attrs ...slog.Attr) context.Context {
	if ctx == nil {
		ctx = context.Background()
	}
	s := &scope{Context: ctx, outer: scopeFrom(ctx)}
	s.add(attrs)
	return s
}

// AddAttrs adds attributes to the innermost scope of ctx: all its later
// records have them, also those of the functions that called this one. It
// reports whether all were added: false when ctx is not from
// ContextWithAttrs, or when the scope is full. An attribute whose key is
// there already replaces it. It may be called from several goroutines.
func AddAttrs(ctx context.Context, attrs ...slog.Attr) bool {
	s := scopeFrom(ctx)
	if s == nil {
		return false
	}
	return s.add(attrs)
}

func (s *scope) add(attrs []slog.Attr) bool {
	if len(attrs) == 0 {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all, added := overlay(slices.Clone(s.own()), attrs, maxScopeAttrs)
	s.attrs.Store(&all)
	return added
}

func (s *scope) own() []slog.Attr {
	if p := s.attrs.Load(); p != nil {
		return *p
	}
	return nil
}

// overlay puts more over all. Groups without a key are inlined, and empty
// attributes left out, as slog does. It reports false when limit left out
// some.
func overlay(all, more []slog.Attr, limit int) (_ []slog.Attr, complete bool) {
	complete = true
	for _, a := range more {
		switch i := indexKey(all, a.Key); {
		case a.Key == "":
			if v := a.Value.Resolve(); v.Kind() == slog.KindGroup {
				var ok bool
				all, ok = overlay(all, v.Group(), limit)
				complete = complete && ok
			}
		case i >= 0:
			all[i] = a
		case len(all) < limit:
			all = append(all, a)
		default:
			complete = false
		}
	}
	return all, complete
}

// appendContextAttrs appends what the scopes of ctx hold, the outer ones
// first, less what was given to With.
func (h *rooted) appendContextAttrs(ctx context.Context, added []slog.Attr) []slog.Attr {
	s := scopeFrom(ctx)
	if s == nil {
		return added
	}
	added = s.collect(added)
	if len(h.keys) > 0 {
		added = slices.DeleteFunc(added, func(a slog.Attr) bool { return slices.Contains(h.keys, a.Key) })
	}
	return added
}

func (s *scope) collect(added []slog.Attr) []slog.Attr {
	if s.outer != nil {
		added = s.outer.collect(added)
	}
	added, _ = overlay(added, s.own(), maxContextAttrs)
	return added
}
