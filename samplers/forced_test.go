// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
	"github.com/waymark-otel/waymark/samplers"
)

func asked(d intent.Decision, bound trace.TraceID) context.Context {
	return intent.ContextWith(context.Background(), d, bound)
}

func TestForcedObeysWhatWasAskedForTheRoot(t *testing.T) {
	nobody := trace.TraceID{}
	for name, tc := range map[string]struct {
		ctx  context.Context
		next float64
		want bool
	}{
		"accept":                               {asked(intent.Accept, nobody), 0, true},
		"debug":                                {asked(intent.Debug, nobody), 0, true},
		"deny":                                 {asked(intent.Deny, nobody), 1, false},
		"nothing asked, next keeps":            {context.Background(), 1, true},
		"nothing asked, next drops":            {context.Background(), 0, false},
		"defer, next keeps":                    {asked(intent.Defer, nobody), 1, true},
		"defer, next drops":                    {asked(intent.Defer, nobody), 0, false},
		"asked of another trace":               {asked(intent.Debug, dropped), 0, false},
		"debug with ids":                       {parent{sampled: true}.contextOn(t, asked(intent.Debug, kept), kept), 0, true},
		"accept with ids is the caller's flag": {parent{sampled: true}.contextOn(t, asked(intent.Accept, kept), kept), 0, false},
		"deny with ids is the caller's flag":   {parent{}.contextOn(t, asked(intent.Deny, kept), kept), 1, true},
		"debug without ids has nothing to say of a caller's trace": {parent{}.contextOn(t, asked(intent.Debug, nobody), kept), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(samplers.Forced(samplers.Probability(tc.next)), tc.ctx, kept)
			assert.Equal(t, decision(tc.want), got.Decision)
		})
	}
}

func TestWhatWasAskedHoldsForTheFirstRootAlone(t *testing.T) {
	s := samplers.Forced(samplers.Probability(0))
	ctx := asked(intent.Accept, trace.TraceID{})
	assert.Equal(t, sdktrace.RecordAndSample, ask(s, ctx, trace.TraceID{15: 1}).Decision)
	assert.Equal(t, sdktrace.Drop, ask(s, ctx, trace.TraceID{15: 2}).Decision)
}

func TestForcedSpanCarriesNoThreshold(t *testing.T) {
	s := samplers.Forced(samplers.Probability(0))
	got := ask(s, asked(intent.Accept, trace.TraceID{}), kept)
	assert.Empty(t, got.Tracestate.String())
	ctx := parent{sampled: true, tracestate: "ot=th:8;rv:ffffffffffffff,v=1"}.contextOn(t, asked(intent.Debug, kept), kept)
	assert.Equal(t, "ot=rv:ffffffffffffff,v=1", ask(s, ctx, kept).Tracestate.String())
}

func TestForcedChildrenFollowTheirRootWithoutParentBased(t *testing.T) {
	const state = "ot=th:8;rv:ffffffffffffff"
	child := func(d intent.Decision, sampled bool, next float64) sdktrace.SamplingResult {
		ctx := parent{local: true, sampled: sampled, tracestate: state}.contextOn(t, asked(d, kept), kept)
		return ask(samplers.Forced(samplers.Probability(next)), ctx, kept)
	}
	for _, d := range []intent.Decision{intent.Accept, intent.Debug} {
		assert.Equal(t, sdktrace.RecordAndSample, child(d, true, 0).Decision)
		assert.Equal(t, state, child(d, true, 0).Tracestate.String(), "as its parent has it")
		assert.Equal(t, sdktrace.Drop, child(d, false, 0).Decision, "its root was beyond the cap")
	}
	assert.Equal(t, sdktrace.Drop, child(intent.Deny, false, 1).Decision)
	assert.Equal(t, sdktrace.RecordAndSample, child(intent.Deny, true, 1).Decision, "its root was kept all the same")
}

// In either order: a caller's threshold survives what its header asked.
func TestForcedAndParentBasedAgreeWhicheverIsOutside(t *testing.T) {
	for name, s := range map[string]sdktrace.Sampler{
		"inside":  samplers.ParentBased(samplers.Forced(samplers.Probability(0))),
		"outside": samplers.Forced(samplers.ParentBased(samplers.Probability(0))),
	} {
		for _, local := range []bool{false, true} {
			ctx := parent{local: local, sampled: true, tracestate: "ot=th:8"}.contextOn(t, asked(intent.Accept, kept), kept)
			got := ask(s, ctx, kept)
			assert.Equal(t, sdktrace.RecordAndSample, got.Decision, name)
			assert.Equal(t, "ot=th:8", got.Tracestate.String(), name)
		}
		assert.Equal(t, sdktrace.RecordAndSample, ask(s, asked(intent.Debug, trace.TraceID{}), kept).Decision, name)
		assert.Equal(t, sdktrace.Drop, ask(s, asked(intent.Defer, trace.TraceID{}), kept).Decision, name)
	}
}

func TestForcedBeyondItsCapIsDecidedByNextAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := samplers.ForcedAtMost(3, samplers.Probability(0))
		force := func() bool {
			return ask(s, asked(intent.Debug, trace.TraceID{}), dropped).Decision == sdktrace.RecordAndSample
		}
		n := 0
		for range 10 {
			if force() {
				n++
			}
		}
		assert.Equal(t, 3, n)
		assert.Equal(t, samplers.ForcedStats{Forced: 3, Capped: 7}, s.Stats())
		time.Sleep(time.Second/3 + time.Nanosecond)
		assert.True(t, force(), "a third of a second later there is one more")
		assert.False(t, force())
		assert.Equal(t, sdktrace.Drop, ask(s, asked(intent.Deny, trace.TraceID{}), kept).Decision)
		assert.Equal(t, samplers.ForcedStats{Forced: 4, Denied: 1, Capped: 8}, s.Stats())
	})
}

func TestForcedCapThatMakesNoSenseForcesNothing(t *testing.T) {
	for _, n := range []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		s := samplers.ForcedAtMost(n, samplers.Probability(0))
		assert.Equal(t, sdktrace.Drop, ask(s, asked(intent.Debug, trace.TraceID{}), kept).Decision, n)
		assert.Equal(t, "Forced{0,ProbabilitySampler{0}}", s.Description())
	}
}
