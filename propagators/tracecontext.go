// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// TraceContext reads and writes W3C traceparent and tracestate
// (https://www.w3.org/TR/trace-context-2/). It differs from
// propagation.TraceContext where that one departs from the recommendation:
// more than one traceparent restarts the trace, several tracestate headers are
// joined, of two members with one key the first is kept, unknown flags are
// ignored and not passed on, and a miss costs no allocation. The zero value is ready; it may be used from several goroutines.
type TraceContext struct{}

var _ extractor = TraceContext{}

var (
	traceparentField = field{"Traceparent", "traceparent"}
	tracestateField  = field{"Tracestate", "tracestate"}
)

const traceparentLen = 55 // 00-<32>-<16>-<2>

// Extract returns a context with the remote span context of the carrier, or
// ctx itself when there is no valid traceparent. A tracestate that is
// malformed or over 8 KiB is dropped, and the traceparent kept.
func (t TraceContext) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	e, ok := t.extract(carrier)
	if !ok {
		return ctx
	}
	return e.apply(ctx)
}

func (TraceContext) extract(carrier propagation.TextMapCarrier) (e extraction, ok bool) {
	header, n := traceparentField.one(carrier)
	switch {
	case n > 1:
		reject(traceparentRepeated)
		return e, false
	case header == "":
		return e, false
	}
	flags, ok := parseTraceparent(header, &e.traceID, &e.spanID)
	if !ok {
		reject(traceparentMalformed)
		return e, false
	}
	e.decision = sampledDecision(flags&trace.FlagsSampled != 0)
	e.random = flags&trace.FlagsRandom != 0
	e.state = extractTracestate(carrier)
	return e, true
}

func (TraceContext) reads() []field { return []field{traceparentField} }

// parseTraceparent reads a traceparent of any version but ff: a version that
// is not known yet is read as 00 and may be longer (W3C section 4.3).
func parseTraceparent(h string, traceID *trace.TraceID, spanID *trace.SpanID) (trace.TraceFlags, bool) {
	var version, flags [1]byte
	switch {
	case len(h) < traceparentLen, h[2] != '-', h[35] != '-', h[52] != '-',
		!unhex(version[:], h[:2]),
		!unhex(traceID[:], h[3:35]),
		!unhex(spanID[:], h[36:52]),
		!unhex(flags[:], h[53:55]),
		!traceID.IsValid(), !spanID.IsValid(),
		version[0] == 0xff,
		version[0] == 0 && len(h) != traceparentLen,
		len(h) > traceparentLen && h[traceparentLen] != '-':
		return 0, false
	}
	return trace.TraceFlags(flags[0]), true
}

// Inject writes traceparent, and tracestate when there is one, for the span
// context in ctx. Without a valid one it writes nothing.
func (TraceContext) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	sc := trace.SpanContextFromContext(ctx)
	if !sc.IsValid() {
		return
	}
	var buf [traceparentLen]byte
	traceparentField.set(carrier, string(appendTraceparent(buf[:0], sc)))
	if sc.TraceState().Len() == 0 {
		tracestateField.clear(carrier)
		return
	}
	tracestateField.set(carrier, sc.TraceState().String())
}

func appendTraceparent(b []byte, sc trace.SpanContext) []byte {
	traceID, spanID := sc.TraceID(), sc.SpanID()
	b = append(b, "00-"...)
	b = append(appendHex(b, traceID[:]), '-')
	b = append(appendHex(b, spanID[:]), '-')
	return appendHex(b, []byte{byte(sc.TraceFlags() & (trace.FlagsSampled | trace.FlagsRandom))})
}

// Fields returns the headers that Inject writes.
func (TraceContext) Fields() []string {
	return []string{traceparentField.lower, tracestateField.lower}
}
