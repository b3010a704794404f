// SPDX-License-Identifier: Apache-2.0

// Package sentrylog sends error records and panics to Sentry, with the ids of
// the trace they belong to. It is a module of its own, and takes a hub of
// getsentry/sentry-go that the program has set up.
package sentrylog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/getsentry/sentry-go"
)

// NewHandler returns a sink that sends records to Sentry as events: the
// message, the level, the attributes as the context "attributes", the errors
// among them as exceptions, the ids of the span in the record's context as
// the context "trace", and its correlation id as a tag.
//
// A nil hub means the one in the record's context, or else
// sentry.CurrentHub(). Whoever ends the program flushes the hub. A nil Option
// is skipped. It may be used from several goroutines.
func NewHandler(hub *sentry.Hub, opts ...Option) slog.Handler {
	h := &handler{hub: hub, level: slog.LevelError}
	for _, o := range opts {
		if o != nil {
			o.apply(h)
		}
	}
	return h
}

// An Option sets one thing of NewHandler.
type Option interface{ apply(*handler) }

type optionFunc func(*handler)

func (f optionFunc) apply(h *handler) { f(h) }

// WithLevel sets the level below which records are not sent. By default, and
// when min is nil, Error.
func WithLevel(min slog.Leveler) Option {
	return optionFunc(func(h *handler) {
		if min == nil {
			min = slog.LevelError
		}
		h.level = min
	})
}

type handler struct {
	hub   *sentry.Hub
	level slog.Leveler
	steps []step
}

// step is one call of With, or of WithGroup.
type step struct {
	group string
	attrs []slog.Attr
}

var _ slog.Handler = (*handler)(nil)

func (h *handler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.level.Level()
}

func (h *handler) Handle(ctx context.Context, r slog.Record) (err error) {
	if ctx == nil {
		ctx = context.Background()
	}
	if !h.Enabled(ctx, r.Level) {
		return nil
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("sentrylog: sending a record panicked: %v", v)
		}
	}()
	event := sentry.NewEvent()
	event.Message, event.Logger, event.Level, event.Timestamp = r.Message, "slog", level(r.Level), r.Time
	top := &fields{values: map[string]any{}}
	in := top
	for _, s := range h.steps {
		if s.group != "" {
			in = in.group(s.group)
		}
		in.add(s.attrs, maxDepth)
	}
	r.Attrs(func(a slog.Attr) bool {
		in.add([]slog.Attr{a}, maxDepth)
		return true
	})
	if values := top.prune(); len(values) > 0 {
		event.Contexts["attributes"] = values
	}
	if found := top.allErrors(); len(found) == 1 {
		event.SetException(found[0], maxErrors)
	} else if len(found) > 1 {
		event.SetException(errors.Join(found...), maxErrors)
	}
	capture(ctx, h.hub, event)
	return nil
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	return h.with(step{attrs: attrs})
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.with(step{group: name})
}

func (h *handler) with(s step) slog.Handler {
	derived := *h
	derived.steps = append(slices.Clip(h.steps), s)
	return &derived
}

// level returns Sentry's name for l.
func level(l slog.Level) sentry.Level {
	switch {
	case l < slog.LevelInfo:
		return sentry.LevelDebug
	case l < slog.LevelWarn:
		return sentry.LevelInfo
	case l < slog.LevelError:
		return sentry.LevelWarning
	default:
		return sentry.LevelError
	}
}
