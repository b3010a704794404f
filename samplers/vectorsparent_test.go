// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/samplers"
)

func TestVectorsOfParentThresholds(t *testing.T) {
	const high, low = "d0000000000000", "10000000000000" // randomness
	cases := map[string]struct {
		parent     *parent
		randomness string
		keep       bool
		ot         string
	}{
		"none":                              {nil, high, true, "th:8"}, // what the root sampler says
		"sampled, th:8, R>=T":               {&parent{sampled: true, tracestate: "ot=th:8"}, high, true, "th:8"},
		"sampled, no th":                    {&parent{sampled: true}, low, true, ""},
		"not sampled, no th":                {&parent{}, high, false, ""},
		"sampled, th:c, R<T (inconsistent)": {&parent{sampled: true, tracestate: "ot=th:c"}, low, true, ""},
		"not sampled, th:0 (inconsistent: R>=T but unsampled)": {&parent{tracestate: "ot=th:0"}, high, false, ""},
	}
	v := load(t)
	require.Len(t, v.Parent, len(cases))
	s := samplers.ParentBased(samplers.Probability(0.5))
	for _, tc := range v.Parent {
		t.Run(tc.Parent, func(t *testing.T) {
			want, ok := cases[tc.Parent]
			require.True(t, ok)
			for _, local := range []bool{false, true} {
				id := traceID(t, "000000000000000001"+want.randomness)
				ctx := context.Background()
				if want.parent != nil {
					p := *want.parent
					p.local = local
					ctx = p.context(t, id)
				}
				got := ask(s, ctx, id)
				assert.Equal(t, decision(want.keep), got.Decision)
				assert.Equal(t, want.ot, got.Tracestate.Get("ot"))
				if tc.Out != "" {
					assert.Equal(t, strings.HasPrefix(tc.Out, "sampled"), want.keep)
					assert.Equal(t, strings.HasSuffix(tc.Out, "th:8"), want.ot == "th:8")
				}
			}
		})
	}
}

// The three intents of a composable sampler, as the samplers here express
// them. Where a threshold is unreliable ours is always 0, which any fresh
// randomness reaches, so none is drawn.
func TestVectorsOfCompositeIntents(t *testing.T) {
	const in = "ot=th:0;rv:ffffffffffffff;xx:1"
	cases := map[string]struct {
		sampler sdktrace.Sampler
		keep    bool
		ot      []string
	}{
		"threshold null":              {samplers.RateLimited(0), false, []string{"rv:ffffffffffffff", "xx:1"}},
		"threshold T, reliable=true":  {samplers.Probability(0.5), true, []string{"th:8", "rv:ffffffffffffff", "xx:1"}},
		"threshold T, reliable=false": {samplers.RateLimited(1), true, []string{"rv:ffffffffffffff", "xx:1"}},
	}
	v := load(t)
	require.Len(t, v.Composite, len(cases))
	for _, tc := range v.Composite {
		t.Run(tc.Intent, func(t *testing.T) {
			want, ok := cases[tc.Intent]
			require.True(t, ok)
			got := ask(want.sampler, parent{sampled: true, tracestate: in}.context(t, dropped), dropped)
			assert.Equal(t, decision(want.keep), got.Decision)
			assert.ElementsMatch(t, want.ot, strings.Split(got.Tracestate.Get("ot"), ";"))
		})
	}
}

// A sampled parent (threshold Ts) decided again here by Probability (Td). The
// specification's samplers that equalize and multiply belong to collectors;
// what a service does is the third column: its own ratio, on the same
// randomness.
func TestVectorsOfDownstreamSampling(t *testing.T) {
	v := load(t)
	require.Len(t, v.Downstream, 4)
	for _, tc := range v.Downstream {
		t.Run(tc.Kind+" "+tc.Ts+" "+tc.R, func(t *testing.T) {
			randomness := tc.R
			if randomness == "" {
				randomness = "d0000000000000"
			}
			td := tc.Td
			if tc.Kind == "proportional" {
				// p of what arrives is p times its probability of all.
				td = tc.To
				assert.InDelta(t, tc.P*ratioOfTh(t, tc.Ts), ratioOfTh(t, td), 1e-12)
			}
			if td < tc.Ts {
				td = tc.Ts // less was kept already: nothing to decide, ParentBased passes it on
			}
			id := traceID(t, "000000000000000001"+randomness)
			ctx := parent{sampled: true, tracestate: "ot=th:" + tc.Ts}.context(t, id)
			got := ask(samplers.Probability(ratioOfTh(t, td)), ctx, id)
			if tc.Out == "drop" {
				assert.Equal(t, sdktrace.Drop, got.Decision)
				assert.Empty(t, got.Tracestate.Get("ot"))
				return
			}
			assert.Equal(t, sdktrace.RecordAndSample, got.Decision)
			assert.True(t, strings.HasSuffix(tc.Out, got.Tracestate.Get("ot")), "%s, got %s", tc.Out, got.Tracestate)
		})
	}
}
