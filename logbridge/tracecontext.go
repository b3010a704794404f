// SPDX-License-Identifier: Apache-2.0

package logbridge

import (
	"context"
	"log/slog"
	"slices"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/propagators"
)

// TraceContext returns a handler that adds trace_id, span_id, trace_flags and
// correlation_id to each record, from the context the record is logged with,
// and passes it to next. The ids are there for sampled, unsampled and remote
// spans alike; without a valid span there are none. The correlation id is
// there whenever the context has one.
//
// They stand at the top level whatever groups the logger has opened. A key
// that the program uses itself at the top level, in With, as the name of a
// group or in the call, is not added: the program's own wins. What a group was
// given with With after TraceContext is formatted for each record that has
// ids, not once.
//
// On top of ContextAttrs, or of another TraceContext, it becomes one handler
// with it. A nil next discards. A nil Option is skipped.
func TraceContext(next slog.Handler, opts ...Option) slog.Handler {
	h := decorate(next)
	h.configured = slices.Clip(h.configured)
	for _, f := range newFields(opts) {
		if !slices.ContainsFunc(h.configured, func(have field) bool { return have.key == f.key }) {
			h.configured = append(h.configured, f)
		}
	}
	h.setFields()
	return h
}

// TraceAttrs returns what TraceContext adds to a record that is logged with
// ctx, for loggers that are not slog's and for those that are given no
// context. It returns nil when that is nothing.
func TraceAttrs(ctx context.Context, opts ...Option) []slog.Attr {
	found := idsFrom(ctx)
	return appendFields(ctx, newFields(opts), &found, nil)
}

// An Option sets one thing of TraceContext and TraceAttrs.
type Option interface{ apply(*fieldConfig) }

type optionFunc func(*fieldConfig)

func (f optionFunc) apply(c *fieldConfig) { f(c) }

type fieldConfig struct {
	keys    Keys
	b3      bool
	baggage []field
}

// Keys are the names TraceContext gives what it adds. An empty one keeps the
// default; "-" leaves that field out.
type Keys struct {
	TraceID       string // by default, "trace_id": 32 lower-case hexadecimal digits
	SpanID        string // by default, "span_id": 16 of them
	TraceFlags    string // by default, "trace_flags": 2 of them; "01" is sampled
	CorrelationID string // by default, "correlation_id"
}

// WithKeys sets the names. The defaults are those of OpenTelemetry's "Trace
// Context in non-OTLP Log Formats".
func WithKeys(k Keys) Option { return optionFunc(func(c *fieldConfig) { c.keys = k }) }

// WithB3Keys adds, beside the others, X-B3-TraceId, X-B3-SpanId and
// X-B3-Sampled ("1" or "0"), the names of the B3 headers, by which the logs
// of older Zipkin clients are searched. By default, they are not added.
func WithB3Keys() Option { return optionFunc(func(c *fieldConfig) { c.b3 = true }) }

// WithBaggage adds these members of the context's baggage, each as the prefix
// and its name. An empty prefix means "baggage.". Baggage is whatever callers
// send: no member is added unless it is named here. Values are cut at 256
// bytes; control and formatting characters in them become U+FFFD. Called
// twice, it adds.
func WithBaggage(prefix string, members ...string) Option {
	return optionFunc(func(c *fieldConfig) {
		if prefix == "" {
			prefix = "baggage."
		}
		for _, m := range members {
			c.baggage = append(c.baggage, field{key: prefix + m, kind: fieldBaggage, member: m})
		}
	})
}

// field is one thing TraceContext adds.
type field struct {
	key    string
	kind   fieldKind
	member string // of baggage
}

type fieldKind uint8

const (
	fieldTraceID fieldKind = iota
	fieldSpanID
	fieldTraceFlags
	fieldSampled
	fieldCorrelationID
	fieldBaggage
)

var defaultFields = (&fieldConfig{}).fields()

func newFields(opts []Option) []field {
	if len(opts) == 0 {
		return defaultFields
	}
	var c fieldConfig
	for _, o := range opts {
		if o != nil {
			o.apply(&c)
		}
	}
	return c.fields()
}

// fields returns what is configured; of two with one key, the first.
func (c *fieldConfig) fields() []field {
	var all []field
	add := func(key, byDefault string, kind fieldKind, member string) {
		if key == "" {
			key = byDefault
		}
		if key != "-" && !slices.ContainsFunc(all, func(f field) bool { return f.key == key }) {
			all = append(all, field{key, kind, member})
		}
	}
	add(c.keys.TraceID, "trace_id", fieldTraceID, "")
	add(c.keys.SpanID, "span_id", fieldSpanID, "")
	add(c.keys.TraceFlags, "trace_flags", fieldTraceFlags, "")
	add(c.keys.CorrelationID, "correlation_id", fieldCorrelationID, "")
	if c.b3 {
		add("X-B3-TraceId", "", fieldTraceID, "")
		add("X-B3-SpanId", "", fieldSpanID, "")
		add("X-B3-Sampled", "", fieldSampled, "")
	}
	for _, f := range c.baggage {
		add(f.key, "", f.kind, f.member)
	}
	return all
}

// ids are what a context says of who is logging.
type ids struct {
	span        trace.SpanContext
	correlation string
}

func idsFrom(ctx context.Context) ids {
	return ids{trace.SpanContextFromContext(ctx), propagators.CorrelationIDFromContext(ctx)}
}

func (i *ids) none() bool { return !i.span.IsValid() && i.correlation == "" }

// appendFields appends those of the fields that have a value.
func appendFields(ctx context.Context, fields []field, found *ids, added []slog.Attr) []slog.Attr {
	var text string
	if found.span.IsValid() {
		text = idText(found.span.TraceID(), found.span.SpanID())
	}
	own := len(added) // what the program put into the context wins
	for i := range fields {
		f := &fields[i]
		var value string
		switch {
		case f.kind == fieldCorrelationID:
			value = found.correlation
		case f.kind == fieldBaggage:
			value = baggageMember(ctx, f.member)
		case text == "":
		case f.kind == fieldTraceID:
			value = text[:traceIDDigits]
		case f.kind == fieldSpanID:
			value = text[traceIDDigits:]
		case f.kind == fieldTraceFlags:
			value = flagText(found.span.TraceFlags())
		case f.kind == fieldSampled:
			value = "0"
			if found.span.IsSampled() {
				value = "1"
			}
		}
		if value != "" && indexKey(added[:own], f.key) < 0 {
			added = append(added, slog.String(f.key, value))
		}
	}
	return added
}

func hasBaggage(ctx context.Context) bool {
	return ctx != nil && baggage.FromContext(ctx).Len() > 0
}

func baggageMember(ctx context.Context, name string) string {
	if ctx == nil {
		return ""
	}
	return clean(baggage.FromContext(ctx).Member(name).Value())
}
