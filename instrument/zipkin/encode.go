// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// encoder appends spans as Zipkin v2 JSON, by the mapping that OpenTelemetry
// documents. It keeps what spans have in common and the space it needs, and
// serves one goroutine.
type encoder struct {
	own       trace.TraceID                    // of spans to be left out; zero is none
	debug     func(sdktrace.ReadOnlySpan) bool // nil: no span is
	resources [4]*encodedResource              // the last ones seen
	next      int                              // of resources, to be replaced

	keys    keySet // of the attributes of the span being encoded
	scratch []byte

	// A span that is too large is encoded twice more: to see how long its
	// values are, and with the longest cut to limit bytes of JSON.
	measuring bool
	lengths   []int
	limit     int // 0: none
	cut       int // values left out or shortened
}

// verdict is what became of a span given to an encoder.
type verdict uint8

const (
	encoded verdict = iota
	// invalid: it has no ids, started before the first second of 1970 was
	// over, or ended before it started.
	invalid
	// own: it is of the trace that the exporter's own requests carry.
	own
)

// append appends span. When that cannot be, dst is returned as it was.
func (e *encoder) append(dst []byte, span sdktrace.ReadOnlySpan) (out []byte, v verdict) {
	defer func() {
		// An implementation of ReadOnlySpan that panics must not take the
		// program with it, nor the other spans of the batch.
		if recover() != nil {
			out, v = dst, invalid
		}
	}()
	if span == nil {
		return dst, invalid
	}
	sc := span.SpanContext()
	if !sc.IsValid() {
		return dst, invalid
	}
	if sc.TraceID() == e.own {
		return dst, own
	}
	timestamp, duration, ok := times(span.StartTime(), span.EndTime())
	if !ok {
		return dst, invalid
	}
	parent, shared := parentOf(span, sc)
	kind := span.SpanKind()

	out = append(dst, `{"traceId":"`...)
	traceID := sc.TraceID()
	if binary.BigEndian.Uint64(traceID[:8]) == 0 {
		out = appendHex(out, traceID[8:]) // a 64-bit trace id, as B3 has them
	} else {
		out = appendHex(out, traceID[:])
	}
	if parent.IsValid() {
		out = append(out, `","parentId":"`...)
		out = appendHex(out, parent[:])
	}
	id := sc.SpanID()
	out = append(out, `","id":"`...)
	out = appendHex(out, id[:])
	out = append(out, '"')
	out = append(out, kindField(kind)...)
	if name := span.Name(); name != "" {
		out = append(out, `,"name":"`...)
		out = e.appendName(out, name)
		out = append(out, '"')
	}
	if timestamp > 0 {
		out = append(out, `,"timestamp":`...)
		out = strconv.AppendInt(out, timestamp, 10)
	}
	if duration > 0 {
		out = append(out, `,"duration":`...)
		out = strconv.AppendInt(out, duration, 10)
	}
	if e.debug != nil && e.debug(span) {
		out = append(out, `,"debug":true`...)
	}
	if shared {
		out = append(out, `,"shared":true`...)
	}
	res := e.resource(span.Resource())
	out = append(out, res.endpoint...)
	attrs := span.Attributes()
	if kind == trace.SpanKindClient || kind == trace.SpanKindProducer {
		out = e.appendRemote(out, attrs)
	}
	out = e.appendAnnotations(out, span.Events(), timestamp)
	out = e.appendTags(out, span, attrs, res)
	return append(out, '}'), encoded
}

// parentOf returns the id of the parent, if there is one, and whether the
// span shares its own id with the caller's span, as Zipkin's own libraries
// do on the server's side of a call.
func parentOf(span sdktrace.ReadOnlySpan, sc trace.SpanContext) (parent trace.SpanID, shared bool) {
	p := span.Parent()
	if p.SpanID() == sc.SpanID() {
		return trace.SpanID{}, p.IsRemote()
	}
	return p.SpanID(), false
}

// times returns start in microseconds since 1970 and the duration in
// microseconds; 0 stands for unknown. Zipkin has no time before 1970 and no
// negative duration: its server would keep such a span and forget its times.
func times(start, end time.Time) (timestamp, duration int64, ok bool) {
	if start.IsZero() {
		return 0, 0, true
	}
	if start.Unix() < 1 {
		return 0, 0, false
	}
	d := end.Sub(start)
	switch {
	case d < 0:
		return 0, 0, false
	case d > 0 && d < time.Microsecond:
		duration = 1 // Zipkin reads 0 as unknown
	case d <= math.MaxInt64-500:
		duration = int64(d+500) / 1000
	default:
		duration = int64(d / 1000)
	}
	return microseconds(start), duration, true
}

// microseconds rounds t, which may be any year, to microseconds since 1970.
func microseconds(t time.Time) int64 {
	return t.Unix()*1_000_000 + int64(t.Nanosecond()+500)/1000
}

// kindField is empty for a kind that Zipkin does not have.
func kindField(kind trace.SpanKind) string {
	switch kind {
	case trace.SpanKindServer:
		return `,"kind":"SERVER"`
	case trace.SpanKindClient:
		return `,"kind":"CLIENT"`
	case trace.SpanKindProducer:
		return `,"kind":"PRODUCER"`
	case trace.SpanKindConsumer:
		return `,"kind":"CONSUMER"`
	}
	return ""
}

// appendName appends a name in lower case, as Zipkin keeps them.
func (e *encoder) appendName(dst []byte, name string) []byte {
	start := len(dst)
	dst = e.appendLower(dst, name)
	e.measure(len(dst) - start)
	if e.limit > 0 && len(dst)-start > e.limit {
		dst, _ = appendCut(dst[:start], strings.ToLower(name), e.limit)
		e.cut++
	}
	return dst
}

// appendAnnotations appends events. One without a time that Zipkin has is
// given the time of the span's start: a server would show it at 1970.
func (e *encoder) appendAnnotations(dst []byte, events []sdktrace.Event, start int64) []byte {
	if len(events) == 0 {
		return dst
	}
	dst = append(dst, `,"annotations":[`...)
	for i := range events {
		event := &events[i]
		timestamp := max(start, 1)
		if event.Time.Unix() >= 1 {
			timestamp = microseconds(event.Time)
		}
		dst = append(dst, `{"timestamp":`...)
		dst = strconv.AppendInt(dst, timestamp, 10)
		dst = append(dst, `,"value":"`...)
		if len(event.Attributes) == 0 && event.DroppedAttributeCount <= 0 {
			dst = value(e, dst, event.Name)
		} else {
			e.scratch = append(e.scratch[:0], event.Name...)
			e.scratch = append(e.scratch, ": "...)
			e.scratch = e.appendObject(e.scratch, event.Attributes, event.DroppedAttributeCount)
			dst = value(e, dst, e.scratch)
		}
		dst = append(dst, `"},`...)
	}
	dst[len(dst)-1] = ']'
	return dst
}

// appendObject appends attrs, and how many were dropped of them, as a JSON
// object. Of a key that occurs twice the last value counts.
func (e *encoder) appendObject(dst []byte, attrs []attribute.KeyValue, dropped int) []byte {
	e.keys.set(attrs)
	dst = append(dst, '{')
	for i := range attrs {
		if e.keys.shadowed(attrs, i) || dropped > 0 && attrs[i].Key == keyDroppedAttributes {
			continue
		}
		dst = append(dst, '"')
		dst = appendText(dst, string(attrs[i].Key))
		dst = append(dst, `":`...)
		dst = appendJSON(dst, attrs[i].Value)
		dst = append(dst, ',')
	}
	if dropped > 0 {
		dst = append(dst, `"`+keyDroppedAttributes+`":`...)
		dst = strconv.AppendInt(dst, int64(dropped), 10)
		dst = append(dst, ',')
	}
	dst[len(dst)-1] = '}'
	return dst
}

// value appends s as the inside of a JSON string, cut when that is needed.
func value[T string | []byte](e *encoder, dst []byte, s T) []byte {
	if e.limit > 0 {
		out, cut := appendCut(dst, s, e.limit)
		if cut {
			e.cut++
		}
		return out
	}
	start := len(dst)
	dst = appendText(dst, s)
	e.measure(len(dst) - start)
	return dst
}

func (e *encoder) measure(n int) {
	if e.measuring {
		e.lengths = append(e.lengths, n)
	}
}
