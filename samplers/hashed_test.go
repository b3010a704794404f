// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/propagators"
	"github.com/waymark-otel/waymark/samplers"
)

// The hash is part of the contract: another version, and another language,
// must decide alike. The numbers come from another implementation of the
// finalizer (whose value for 0 is SplitMix64's published e220a8397b1dcdaf).
func TestHashIsTheSameEverywhere(t *testing.T) {
	s := samplers.Hashed(1)
	for id, want := range map[string]string{
		"00000000000000000000000000000001": "th:0;rv:910a2dec89025c",
		"00000000000000010000000000000000": "th:0;rv:5e41ab08743961",
		"4bf92f3577b34da6a3ce929d0e0e4736": "th:0;rv:06559f8c234d12",
	} {
		assert.Equal(t, want, ask(s, context.Background(), traceID(t, id)).Tracestate.Get("ot"), id)
	}
}

// One trace has one randomness, whichever of the two hashes it.
func TestHashAgreesWithTheXTraceInfoPropagator(t *testing.T) {
	x, err := propagators.NewXTraceInfo(propagators.XTraceInfoConfig{AllowUnsigned: true, Defer: true})
	require.NoError(t, err)
	for n := range 1000 {
		id := producers()["counter"](n)
		extracted := trace.SpanContextFromContext(byTomographHeader(t, x, id)).TraceState().Get("ot")
		assert.Equal(t, "th:0;"+extracted, ask(samplers.Hashed(1), context.Background(), id).Tracestate.Get("ot"))
	}
}

func TestHashedSpanCarriesWhatItWasDecidedBy(t *testing.T) {
	upstream := samplers.Hashed(0.25)
	downstream := samplers.Probability(0.25)
	n := 0
	for i := range 1000 {
		id := trace.TraceID{14: byte(i >> 8), 15: byte(i)}
		id[0] = 1
		got := ask(upstream, context.Background(), id)
		if got.Decision != sdktrace.RecordAndSample {
			assert.Empty(t, got.Tracestate.String())
			continue
		}
		n++
		behind := ask(downstream, parent{sampled: true, tracestate: got.Tracestate.String()}.context(t, id), id)
		assert.Equal(t, got, behind, "a service behind it decides alike")
		follow := ask(samplers.ParentBased(nil), parent{sampled: true, tracestate: got.Tracestate.String()}.context(t, id), id)
		assert.Equal(t, got.Tracestate.String(), follow.Tracestate.String(), "the threshold is consistent")
	}
	assert.NotZero(t, n)
}

func TestHashedUsesAnRvThatIsThere(t *testing.T) {
	s := samplers.Hashed(0.5)
	for rv, keep := range map[string]bool{"ffffffffffffff": true, "00000000000000": false} {
		for _, id := range []trace.TraceID{kept, dropped} {
			got := ask(s, parent{tracestate: "ot=rv:" + rv}.context(t, id), id)
			assert.Equal(t, decision(keep), got.Decision)
			if keep {
				assert.Equal(t, "th:8;rv:"+rv, got.Tracestate.Get("ot"))
			}
		}
	}
}

func TestHashedLeavesAnUnreadableRvAndSaysNothing(t *testing.T) {
	got := ask(samplers.Hashed(1), parent{tracestate: "ot=th:8;rv:xyz;a:b,v=1"}.context(t, kept), kept)
	assert.Equal(t, sdktrace.RecordAndSample, got.Decision)
	assert.Equal(t, "ot=rv:xyz;a:b,v=1", got.Tracestate.String())
}
