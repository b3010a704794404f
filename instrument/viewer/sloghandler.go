// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// What is kept of one line.
const (
	maxLogMessage = 4 << 10
	maxLogValue   = 1 << 10
	maxLogKey     = 128
	maxLogAttrs   = 64
)

// The names under which logbridge.TraceContext and others give ids.
var (
	traceKeys       = []string{"trace_id", "traceId", "traceid"}
	spanKeys        = []string{"span_id", "spanId", "spanid"}
	correlationKeys = []string{"correlation_id", "correlationId", "correlationid"}
)

// SlogHandler returns a handler that shows records beside the trace that their
// top-level attribute trace_id names, and beside the span of span_id. It reads
// no context, so put it below what adds the ids:
//
//	slog.SetDefault(slog.New(logbridge.TraceContext(
//		slog.NewMultiHandler(terminal, v.SlogHandler(slog.LevelInfo)))))
//
// Records below min are not taken; nil is slog.LevelInfo. Neither are those
// without a trace id. Long texts are cut. The lines may occupy an eighth of
// what WithMaxBytes says, beside the spans; the oldest go first. Of a nil
// Viewer, and of one that is Elsewhere, the handler is never enabled.
func (v *Viewer) SlogHandler(min slog.Leveler) slog.Handler {
	if v == nil || v.store == nil {
		return slog.DiscardHandler
	}
	if min == nil {
		min = slog.LevelInfo
	}
	return &slogHandler{to: v, min: min}
}

var _ slog.Handler = (*slogHandler)(nil)

type slogHandler struct {
	to     *Viewer
	min    slog.Leveler
	prefix string  // of keys within the open groups, "a.b."
	line   logLine // what With has said
}

func (h *slogHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.min.Level()
}

// Handle never fails: a line that cannot be shown harms nobody.
func (h *slogHandler) Handle(_ context.Context, r slog.Record) error {
	l := h.line
	l.attrs = slices.Clone(l.attrs)
	l.at, l.level, l.message = r.Time, r.Level.String(), cut(r.Message, maxLogMessage)
	if l.at.IsZero() {
		l.at = time.Now()
	}
	r.Attrs(func(a slog.Attr) bool {
		l.add(h.prefix, a, 0)
		return true
	})
	if l.trace == "" {
		return nil
	}
	h.to.logs.add(&l)
	h.to.hub.changed(l.trace)
	return nil
}

func (h *slogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.line.attrs = slices.Clone(h.line.attrs)
	for _, a := range attrs {
		c.line.add(h.prefix, a, 0)
	}
	return &c
}

func (h *slogHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	c.prefix = cut(h.prefix+name, maxLogKey) + "."
	return &c
}

// add flattens groups into keys with dots.
func (l *logLine) add(prefix string, a slog.Attr, depth int) {
	value := a.Value.Resolve() // a LogValue or String that panics is caught by slog and fmt
	if value.Kind() == slog.KindGroup {
		if depth >= 8 {
			return
		}
		if a.Key != "" {
			prefix = cut(prefix+a.Key, maxLogKey) + "."
		}
		for _, in := range value.Group() {
			l.add(prefix, in, depth+1)
		}
		return
	}
	if a.Equal(slog.Attr{}) {
		return
	}
	text := value.String()
	if prefix == "" {
		switch {
		case slices.Contains(traceKeys, a.Key):
			if key, ok := traceKey(strings.ToLower(text)); ok {
				l.trace = key
				return
			}
		case slices.Contains(spanKeys, a.Key):
			if key, ok := spanKey(strings.ToLower(text)); ok {
				l.span = key
				return
			}
		case a.Key == "trace_flags":
			return // whoever has the trace needs no more
		case slices.Contains(correlationKeys, a.Key):
			l.correlation = cut(text, maxLogValue)
		}
	}
	if len(l.attrs) < maxLogAttrs {
		l.attrs = append(l.attrs, [2]string{cut(prefix+cut(a.Key, maxLogKey), maxLogKey), cut(text, maxLogValue)})
	}
}

// cut keeps the first n bytes of s, whole runes, in memory of their own, so
// that a line does not keep what it, or its sender, cut them from.
func cut(s string, n int) string {
	if len(s) <= n {
		return strings.Clone(s)
	}
	return strings.ToValidUTF8(strings.Clone(s[:n]), "") + "…"
}
