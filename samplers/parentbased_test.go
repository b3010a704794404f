// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
	"github.com/waymark-otel/waymark/samplers"
)

func TestParentBasedFollowsTheParentAndKeepsItsTracestate(t *testing.T) {
	const state = "ot=rv:00000000000001;xx:1,vendor=x"
	for name, p := range map[string]parent{
		"remote sampled":   {sampled: true, tracestate: state},
		"remote unsampled": {tracestate: state},
		"local sampled":    {local: true, sampled: true, tracestate: state},
		"local unsampled":  {local: true, tracestate: state},
	} {
		t.Run(name, func(t *testing.T) {
			for _, root := range []float64{0, 1} {
				got := ask(samplers.ParentBased(samplers.Probability(root)), p.context(t, kept), kept)
				assert.Equal(t, decision(p.sampled), got.Decision)
				assert.Equal(t, state, got.Tracestate.String())
			}
		})
	}
}

func TestParentBasedAsksRootWithoutAParent(t *testing.T) {
	s := samplers.ParentBased(samplers.Probability(0.001))
	got := ask(s, context.Background(), kept)
	assert.Equal(t, sdktrace.RecordAndSample, got.Decision)
	assert.Equal(t, "ot=th:ffbe77", got.Tracestate.String())
	assert.Equal(t, sdktrace.Drop, ask(s, context.Background(), dropped).Decision)
}

func TestDeferIsSentToRoot(t *testing.T) {
	s := samplers.ParentBased(samplers.Probability(0.001))
	deferred := func(p parent, id, bound trace.TraceID) context.Context {
		return p.contextOn(t, intent.ContextWith(context.Background(), intent.Defer, bound), id)
	}
	for name, tc := range map[string]struct {
		ctx  context.Context
		id   trace.TraceID
		want sdktrace.SamplingDecision
		ot   string
	}{
		"root keeps":                 {deferred(parent{}, kept, kept), kept, sdktrace.RecordAndSample, "ot=th:ffbe77"},
		"root drops":                 {deferred(parent{}, dropped, dropped), dropped, sdktrace.Drop, ""},
		"stale threshold is erased":  {deferred(parent{tracestate: "ot=th:0,v=1"}, dropped, dropped), dropped, sdktrace.Drop, "v=1"},
		"bound to another trace":     {deferred(parent{}, kept, dropped), kept, sdktrace.Drop, ""},
		"a local parent has decided": {deferred(parent{local: true}, kept, kept), kept, sdktrace.Drop, ""},
		"bound to nothing":           {deferred(parent{}, kept, trace.TraceID{}), kept, sdktrace.Drop, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(s, tc.ctx, tc.id)
			assert.Equal(t, tc.want, got.Decision)
			assert.Equal(t, tc.ot, got.Tracestate.String())
		})
	}
}

func TestStaleThresholdOfAnSDKRootSamplerIsErased(t *testing.T) {
	ctx := parent{tracestate: "ot=th:0;rv:00000000000001"}.contextOn(t,
		intent.ContextWith(context.Background(), intent.Defer, kept), kept)
	got := ask(samplers.ParentBased(sdktrace.NeverSample()), ctx, kept)
	assert.Equal(t, sdktrace.Drop, got.Decision)
	assert.Equal(t, "ot=rv:00000000000001", got.Tracestate.String())
}

func TestTwoThresholdsAreNoThreshold(t *testing.T) {
	got := ask(samplers.ParentBased(nil), parent{sampled: true, tracestate: "ot=th:8;a:b;th:c,v=1"}.context(t, kept), kept)
	assert.Equal(t, "ot=a:b,v=1", got.Tracestate.String())
}

func TestParentBasedWithoutARootSamplesNothing(t *testing.T) {
	assert.Equal(t, sdktrace.Drop, ask(samplers.ParentBased(nil), context.Background(), kept).Decision)
}
