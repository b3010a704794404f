// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/metrics"
)

// described is one statement as spans, metrics and logs name it, made once
// and shared.
type described struct {
	name    string
	summary string // "" when there is none
	text    string // as it may be recorded, "" when it may not

	attrs []attribute.KeyValue
	start []trace.SpanStartOption

	key    seriesKey             // of a success
	record []metric.RecordOption // likewise
	timer  *metrics.Timer        // likewise

	// other is the same text under the last summary that a caller gave it, and
	// prepare the preparation of it.
	other, prepare atomic.Pointer[described]
}

type summaryKey struct{}

// contextWithSummary returns ctx with the summary of the statements run in it.
func contextWithSummary(ctx context.Context, summary string) context.Context {
	return context.WithValue(ctx, summaryKey{}, clean(strings.TrimSpace(summary), maxSummaryBytes))
}

// describe returns what query is called.
func (o *observer) describe(ctx context.Context, query string) *described {
	d := o.described(query)
	summary, _ := ctx.Value(summaryKey{}).(string)
	if summary == "" || summary == d.summary {
		return d
	}
	if other := d.other.Load(); other != nil && other.summary == summary {
		return other
	}
	other := o.newDescribed(summary, "", d.text)
	d.other.Store(other)
	return other
}

func (o *observer) described(query string) *described {
	s := o.statements.get(query)
	if s.described != nil {
		if d := s.described.Load(); d != nil {
			return d
		}
	}
	text := ""
	switch {
	case o.text == QueryTextNone:
	case o.text == QueryTextRaw, s.parameterized:
		text = clean(query, maxTextBytes)
	default:
		text = clean(s.sanitized, maxTextBytes)
	}
	made := o.newDescribed(s.summary, "", text)
	if s.described != nil {
		s.described.Store(made)
	}
	return made
}

func (o *observer) describeFixed(operation string) *described {
	return o.newDescribed("", operation, "")
}

// preparing returns the preparation of what d describes.
func (d *described) preparing(o *observer) *described {
	if p := d.prepare.Load(); p != nil {
		return p
	}
	const operation = "PREPARE"
	p := o.newDescribed(d.summary, operation, d.text)
	if d.summary != "" {
		p.name = operation + " " + d.summary
	}
	d.prepare.Store(p)
	return p
}

// newDescribed makes what follows from summary, operation and text.
func (o *observer) newDescribed(summary, operation, text string) *described {
	d := &described{name: o.name(summary, operation), summary: summary, text: text}
	d.attrs = slices.Clone(o.attrs)
	if operation != "" {
		d.attrs = append(d.attrs, keyOperation.String(operation))
	}
	if summary != "" {
		d.attrs = append(d.attrs, keySummary.String(summary))
	}
	if text != "" {
		d.attrs = append(d.attrs, keyText.String(text))
	}
	// Samplers see at the start all that there is to see.
	d.start = []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(d.attrs...),
	}
	d.key, d.record = o.series.admit(seriesKey{operation: operation, summary: summary})
	d.timer = o.timer.Timer(timerName, timerTags(d.key)...)
	return d
}

// name is the name of a span: the summary, else the operation and what it is
// done to, else the system.
func (o *observer) name(summary, operation string) string {
	switch {
	case summary != "":
		return summary
	case operation == "":
		return cmp.Or(o.value(keySystem), o.target.system)
	}
	if namespace := o.value(keyNamespace); namespace != "" {
		return operation + " " + namespace
	}
	if o.target.address != "" {
		return operation + " " + o.target.hostPort()
	}
	return operation
}

// value returns what is known under key, which the caller may know better.
func (o *observer) value(key attribute.Key) string {
	for _, kv := range o.attrs {
		if kv.Key == key {
			return kv.Value.AsString()
		}
	}
	return ""
}
