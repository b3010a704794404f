// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
)

// B3Encoding says which headers B3 writes.
type B3Encoding uint8

const (
	B3Single B3Encoding = iota // one b3 header
	B3Multi                    // X-B3-TraceId, X-B3-SpanId and X-B3-Sampled or X-B3-Flags
	B3Both                     // both, for receivers of either kind
)

// B3 reads and writes Zipkin's B3 headers
// (https://github.com/openzipkin/b3-propagation) with their sampling state:
// accept, deny, debug, and defer, which is ids without a state. Extract reads
// both encodings whatever Encoding says, the single header first. The zero
// value writes the single header. It may be used from several goroutines.
type B3 struct{ Encoding B3Encoding }

var _ extractor = B3{}

var (
	b3Field             = field{"B3", "b3"}
	b3TraceIDField      = field{"X-B3-Traceid", "x-b3-traceid"}
	b3SpanIDField       = field{"X-B3-Spanid", "x-b3-spanid"}
	b3ParentSpanIDField = field{"X-B3-Parentspanid", "x-b3-parentspanid"}
	b3SampledField      = field{"X-B3-Sampled", "x-b3-sampled"}
	b3FlagsField        = field{"X-B3-Flags", "x-b3-flags"}
)

// Extract returns a context with the remote span context of the carrier and
// its sampling state, or ctx itself when there is neither. A decision without
// ids (b3: 0, 1 or d, or X-B3-Sampled or X-B3-Flags alone) is left in the
// context for the first root started from it.
func (b B3) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	e, ok := b.extract(carrier)
	if !ok {
		return ctx
	}
	return e.apply(ctx)
}

func (B3) extract(carrier propagation.TextMapCarrier) (extraction, bool) {
	if header := b3Field.get(carrier); header != "" {
		if e, ok := parseB3(header); ok {
			return e, true
		}
		reject(b3Malformed)
	}
	return extractB3Multi(carrier)
}

func (B3) reads() []field { return []field{b3Field, b3TraceIDField, b3SampledField, b3FlagsField} }

// parseB3 reads {trace id}-{span id}[-{state}[-{parent span id}]] or a state
// alone. The parent is checked and dropped: OpenTelemetry has no use for it.
func parseB3(h string) (e extraction, ok bool) {
	e.explicit = true
	if len(h) == 1 {
		e.decision = b3State(h[0])
		return e, e.decision != intent.None
	}
	width := 32
	if len(h) > 16 && h[16] == '-' {
		width = 16
	}
	if len(h) < width+17 || h[width] != '-' ||
		!parseB3IDs(h[:width], h[width+1:width+17], &e) {
		return e, false
	}
	switch rest := h[width+17:]; len(rest) {
	case 0:
		e.decision = intent.Defer
		return e, true
	case 2, 19:
		e.decision = b3State(rest[1])
		if rest[0] != '-' || e.decision == intent.None {
			return e, false
		}
		return e, len(rest) == 2 || isB3Parent(rest[2:])
	}
	return e, false
}

func isB3Parent(s string) bool {
	var id trace.SpanID
	return s[0] == '-' && unhex(id[:], s[1:]) && id.IsValid()
}

func b3State(state byte) intent.Decision {
	switch state {
	case '0':
		return intent.Deny
	case '1':
		return intent.Accept
	case 'd':
		return intent.Debug
	}
	return intent.None
}

// parseB3IDs reads a trace id of 64 or 128 bits, the former left-padded with
// zeros, and a span id.
func parseB3IDs(traceID, spanID string, e *extraction) bool {
	into := e.traceID[:]
	if len(traceID) == 16 {
		into = e.traceID[8:]
	}
	return unhex(into, traceID) && unhex(e.spanID[:], spanID) &&
		e.traceID.IsValid() && e.spanID.IsValid()
}

// extractB3Multi does not look at X-B3-ParentSpanId: a proxy is known to send
// "-" there, and the ids beside it are good.
func extractB3Multi(carrier propagation.TextMapCarrier) (e extraction, ok bool) {
	traceID := b3TraceIDField.get(carrier)
	sampled := b3SampledField.get(carrier)
	debug := b3FlagsField.get(carrier) == "1" // any other value means nothing
	if traceID == "" && sampled == "" && !debug {
		return e, false
	}
	e.explicit = true
	spanID := b3SpanIDField.get(carrier)
	hasIDs := traceID != "" || spanID != ""
	if e.decision, ok = b3Sampled(sampled); !ok ||
		hasIDs && !parseB3IDs(traceID, spanID, &e) {
		reject(b3Malformed)
		return e, false
	}
	switch {
	case debug:
		e.decision = intent.Debug
	case e.decision == intent.None:
		e.decision = intent.Defer // ids and no state: sampled or debug would have had one
	}
	return e, true
}

// b3Sampled reads X-B3-Sampled. Older tracers wrote true and false.
func b3Sampled(s string) (intent.Decision, bool) {
	switch {
	case s == "":
		return intent.None, true
	case s == "1", strings.EqualFold(s, "true"):
		return intent.Accept, true
	case s == "0", strings.EqualFold(s, "false"):
		return intent.Deny, true
	}
	return intent.None, false
}

// Inject writes the ids and the sampling state of the span context in ctx.
// Without a valid one it writes nothing. Debug is written for a sampled span
// of the trace that came with it; no state is written while the remote parent
// deferred and nothing here has decided yet; else the span's own flag is.
func (b B3) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	sc := trace.SpanContextFromContext(ctx)
	if !sc.IsValid() {
		return
	}
	state := injectedB3State(ctx, sc)
	if b.single() {
		var buf [51]byte // <32>-<16>-<1>
		h := appendB3IDs(buf[:0], sc)
		if state != 0 {
			h = append(h, '-', state)
		}
		b3Field.set(carrier, string(h))
	}
	if b.multi() {
		injectB3Multi(carrier, sc, state)
	}
}

func (b B3) single() bool { return b.Encoding != B3Multi }
func (b B3) multi() bool  { return b.Encoding == B3Multi || b.Encoding == B3Both }

// injectedB3State returns 0 for no state at all.
func injectedB3State(ctx context.Context, sc trace.SpanContext) byte {
	asked := intent.FromContext(ctx).For(sc.TraceID())
	switch {
	case asked == intent.Debug && sc.IsSampled():
		return 'd'
	case asked == intent.Defer && sc.IsRemote():
		return 0
	case sc.IsSampled():
		return '1'
	}
	return '0'
}

func appendB3IDs(b []byte, sc trace.SpanContext) []byte {
	traceID, spanID := sc.TraceID(), sc.SpanID()
	b = append(appendHex(b, traceID[:]), '-')
	return appendHex(b, spanID[:])
}

func injectB3Multi(carrier propagation.TextMapCarrier, sc trace.SpanContext, state byte) {
	var buf [49]byte // <32>-<16>
	ids := string(appendB3IDs(buf[:0], sc))
	b3TraceIDField.set(carrier, ids[:32])
	b3SpanIDField.set(carrier, ids[33:])
	sampled, flags := "", ""
	switch state {
	case 'd':
		flags = "1" // debug implies accept, so X-B3-Sampled is not sent
	case '1':
		sampled = "1"
	case '0':
		sampled = "0"
	}
	setOrClear(b3SampledField, carrier, sampled)
	setOrClear(b3FlagsField, carrier, flags)
	b3ParentSpanIDField.clear(carrier)
}

func setOrClear(f field, carrier propagation.TextMapCarrier, value string) {
	if value == "" {
		f.clear(carrier)
		return
	}
	f.set(carrier, value)
}

// Fields returns the headers that Inject may write.
func (b B3) Fields() []string {
	var fields []string
	if b.single() {
		fields = append(fields, b3Field.lower)
	}
	if b.multi() {
		fields = append(fields, b3TraceIDField.lower, b3SpanIDField.lower, b3SampledField.lower, b3FlagsField.lower)
	}
	return fields
}
