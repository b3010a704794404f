// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"context"
	"encoding/binary"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
)

// extractor is a trace format of ours: it reads without touching a context,
// so that First can weigh several answers before it makes one context.
type extractor interface {
	propagation.TextMapPropagator
	extract(propagation.TextMapCarrier) (extraction, bool)
	reads() []field // at least one of them is there when extract finds anything
}

// extraction is what one format says of a request: ids, a decision, or both.
type extraction struct {
	traceID  trace.TraceID // zero: a decision without ids
	spanID   trace.SpanID
	state    trace.TraceState
	decision intent.Decision
	random   bool // W3C level 2: the trace id is known to be random
	hashed   bool // the trace id is known not to be: samplers need a hash of it
	explicit bool // the format says more than the sampled flag can carry
}

// apply puts what was extracted in a context, once all formats have spoken.
func (e *extraction) apply(ctx context.Context) context.Context {
	if !e.traceID.IsValid() {
		return intent.ContextWith(ctx, e.decision, trace.TraceID{})
	}
	ctx = trace.ContextWithRemoteSpanContext(ctx, e.spanContext())
	if e.explicit {
		ctx = intent.ContextWith(ctx, e.decision, e.traceID)
	}
	return ctx
}

func (e *extraction) spanContext() trace.SpanContext {
	var flags trace.TraceFlags
	if e.decision == intent.Accept || e.decision == intent.Debug {
		flags = trace.FlagsSampled
	}
	if e.random {
		flags |= trace.FlagsRandom
	}
	state := e.state
	if e.hashed && state.Get("ot") == "" {
		state, _ = state.Insert("ot", randomness(e.traceID))
	}
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID:    e.traceID,
		SpanID:     e.spanID,
		TraceFlags: flags,
		TraceState: state,
		Remote:     true,
	})
}

// sampledDecision is the decision of a format that has only a sampled flag.
func sampledDecision(sampled bool) intent.Decision {
	if sampled {
		return intent.Accept
	}
	return intent.Deny
}

// randomness returns the rv sub-key of OpenTelemetry's tracestate entry for a
// trace id that is not random: the high 56 bits of SplitMix64 (Steele, Lea,
// Flood 2014) seeded with the low 64 bits of the trace id, as 14 hex digits.
// Every hop computes the same.
func randomness(id trace.TraceID) string {
	z := binary.BigEndian.Uint64(id[8:]) + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	var bits [8]byte
	binary.BigEndian.PutUint64(bits[:], z)
	var rv [17]byte
	return string(appendHex(append(rv[:0], "rv:"...), bits[:7]))
}
