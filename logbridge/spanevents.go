// SPDX-License-Identifier: Apache-2.0

package logbridge

import (
	"context"
	"log/slog"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// SpanEvents returns a sink: a record of level min or above becomes an event
// on the span in the record's context, if that is recording. The event has
// the record's message as its name ("log" when it is empty), its time, its
// level as the attribute "level", and its attributes: resolved, those of
// groups as "group.key", durations and times as text. A record of
// slog.LevelError or above also sets the status of the span to Error, with
// the message as description; a status Ok set by the program stays.
//
// A nil min means slog.LevelInfo. OpenTelemetry is moving events from spans
// to logs, see NewHandler; SpanEvents is for where traces are read without
// logs, as in Zipkin, which shows events as annotations.
func SpanEvents(min slog.Leveler) slog.Handler {
	if min == nil {
		min = slog.LevelInfo
	}
	return &spanEvents{min: min}
}

type spanEvents struct {
	min    slog.Leveler
	prefix string               // of open groups, with a dot after each
	attrs  []attribute.KeyValue // given to With
}

var _ slog.Handler = (*spanEvents)(nil)

const levelKey = attribute.Key("level")

func (h *spanEvents) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.min.Level() && trace.SpanFromContext(ctx).IsRecording()
}

func (h *spanEvents) Handle(ctx context.Context, r slog.Record) error {
	span := trace.SpanFromContext(ctx)
	if r.Level < h.min.Level() || !span.IsRecording() {
		return nil
	}
	attrs := make([]attribute.KeyValue, 0, 1+len(h.attrs)+r.NumAttrs())
	attrs = append(attrs, levelKey.String(r.Level.String()))
	attrs = append(attrs, h.attrs...)
	r.Attrs(func(a slog.Attr) bool {
		attrs = appendAttribute(attrs, h.prefix, a, maxDepth)
		return true
	})
	name := r.Message
	if name == "" {
		name = "log"
	}
	opts := []trace.EventOption{trace.WithAttributes(attrs...)}
	if !r.Time.IsZero() {
		opts = append(opts, trace.WithTimestamp(r.Time))
	}
	span.AddEvent(name, opts...)
	if r.Level >= slog.LevelError {
		span.SetStatus(codes.Error, r.Message)
	}
	return nil
}

func (h *spanEvents) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	derived := *h
	derived.attrs = slices.Clip(h.attrs)
	for _, a := range attrs {
		derived.attrs = appendAttribute(derived.attrs, h.prefix, a, maxDepth)
	}
	return &derived
}

func (h *spanEvents) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	derived := *h
	derived.prefix += name + "."
	return &derived
}
