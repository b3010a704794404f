// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
	"github.com/waymark-otel/waymark/propagators"
)

func TestFirstMergesTracestates(t *testing.T) {
	tomo := newXTraceInfo(t, propagators.XTraceInfoConfig{AllowUnsigned: true, Defer: true})
	const id = "00000000000000000015555555555555"
	headers := func(state string) propagation.TextMapCarrier {
		h := append(tomograph(pythonTwo), [2]string{"traceparent", "00-" + id + "-" + spA + "-00"})
		if state != "" {
			h = append(h, [2]string{"tracestate", state})
		}
		return header(h...)
	}
	const rv = "rv:[0-9a-f]{14}"
	for name, tc := range map[string]struct{ state, want string }{
		"none but the hash":        {"", "^ot=" + rv + "$"},
		"a vendor's beside it":     {"vendor=1", "^ot=" + rv + ",vendor=1$"},
		"an ot that came in stays": {"ot=th:8;rv:00000000000000,vendor=1", "^ot=th:8;rv:00000000000000,vendor=1$"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, p := range []propagation.TextMapPropagator{
				propagators.First(propagators.TraceContext{}, tomo), propagators.First(tomo, propagators.TraceContext{}),
			} {
				sc := trace.SpanContextFromContext(p.Extract(context.Background(), headers(tc.state)))
				assert.Equal(t, id, sc.TraceID().String())
				assert.Regexp(t, tc.want, sc.TraceState().String())
			}
		})
	}
}

func TestFirstKeepsAnAskOfTheProgramWhenAHeaderAsksNothing(t *testing.T) {
	asked := intent.ContextWith(context.Background(), intent.Accept, trace.TraceID{})
	for name, p := range map[string]propagation.TextMapPropagator{
		"ours":  propagators.First(propagators.TraceContext{}),
		"stock": propagators.First(propagation.TraceContext{}),
	} {
		t.Run(name, func(t *testing.T) {
			got := p.Extract(asked, header([2]string{"traceparent", traceparent}))
			assert.Equal(t, intent.Accept, intent.FromContext(got).Unbound())
		})
	}
}

func TestFirstOfNothing(t *testing.T) {
	var noX *propagators.XTraceInfo
	var noC *propagators.CorrelationID
	var noB *propagators.B3
	for name, p := range map[string]propagation.TextMapPropagator{
		"nothing": propagators.First(), "nil": propagators.First(nil, nil), "nil pointers": propagators.First(noX, noC, noB),
		"itself": propagators.First(propagators.First(), propagators.First(nil)),
	} {
		t.Run(name, func(t *testing.T) {
			ctx := background(t)
			assert.True(t, p.Extract(ctx, header([2]string{"traceparent", traceparent})) == ctx)
			assert.Empty(t, injected(sampledContext(t), p))
			assert.Empty(t, p.Fields())
		})
	}
	assert.Equal(t, []string{"b3"}, propagators.First(nil, propagators.B3{}, noX).Fields())
}

func TestFirstFieldsAreThoseInjectedEachOnce(t *testing.T) {
	p := propagators.First(propagators.B3{Encoding: propagators.B3Both}, propagators.B3{}, all(t))
	fields := p.Fields()
	assert.Len(t, fields, len(map[string]bool{"b3": true, "x-b3-traceid": true, "x-b3-spanid": true, "x-b3-sampled": true, "x-b3-flags": true,
		"traceparent": true, "tracestate": true, "baggage": true, "x-trace-info": true, "x-trace-hmac": true, "x-correlation-id": true}))
	for key := range injected(sampledContext(t), p) {
		assert.Contains(t, fields, key)
	}
	fields[0] = "changed"
	assert.NotEqual(t, "changed", p.Fields()[0], "the caller's slice is the caller's")
}

func TestFirstCountsAnotherTrace(t *testing.T) {
	another := propagators.Rejection{Format: "first", Reason: "another trace id"}
	before := propagators.Rejected()[another]
	p := propagators.First(propagators.TraceContext{}, propagators.B3{}, signed(t))
	p.Extract(t.Context(), header(append(xtraceOf(idB, spB), [2]string{"traceparent", "00-" + idA + "-" + spA + "-01"}, [2]string{"b3", idB + "-" + spB + "-1"})...))
	assert.Equal(t, before+2, propagators.Rejected()[another])
	p.Extract(t.Context(), header([2]string{"traceparent", "00-" + idA + "-" + spA + "-01"}, [2]string{"b3", idA + "-" + spB + "-1"}))
	assert.Equal(t, before+2, propagators.Rejected()[another])
}

func TestFirstWritesTheHeaderOfTheFirstWhereTwoWriteIt(t *testing.T) {
	first := propagators.CorrelationID{MaxBytes: 200}
	p := propagators.First(first, writer{"x-correlation-id", "other"})
	assert.Equal(t, "order-7", injected(sampledContext(t), p)["x-correlation-id"])
	p = propagators.First(writer{"x-correlation-id", "other"}, first)
	assert.Equal(t, "other", injected(sampledContext(t), p)["x-correlation-id"])
}

// writer is a propagator of somebody's own.
type writer struct{ key, value string }

func (w writer) Inject(_ context.Context, c propagation.TextMapCarrier) { c.Set(w.key, w.value) }
func (writer) Extract(ctx context.Context, _ propagation.TextMapCarrier) context.Context {
	return ctx
}
func (w writer) Fields() []string { return []string{w.key} }

func TestFirstTakesTheFirstOfTwoCorrelationIDs(t *testing.T) {
	p := propagators.First(propagators.CorrelationID{Accept: []string{"X-A"}}, propagators.CorrelationID{Accept: []string{"X-B"}})
	assert.Equal(t, "a", propagators.CorrelationIDFromContext(p.Extract(t.Context(), header([2]string{"X-B", "b"}, [2]string{"X-A", "a"}))))
	assert.Equal(t, "b", propagators.CorrelationIDFromContext(p.Extract(t.Context(), header([2]string{"X-B", "b"}))))
}

func TestFirstMayBeUsedFromManyGoroutines(t *testing.T) {
	p := all(t)
	ctx := sampledContext(t)
	done := make(chan string)
	for range 8 {
		go func() {
			carrier := propagation.MapCarrier{}
			p.Inject(ctx, carrier)
			done <- outcome(p.Extract(context.Background(), carrier))
		}()
	}
	for range 8 {
		require.Equal(t, "4/8 01, accept", <-done)
	}
}
