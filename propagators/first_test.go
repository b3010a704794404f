// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
	"github.com/waymark-otel/waymark/propagators"
)

// Four traces, so that it is seen whose parent was taken.
const (
	idA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	idB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	spA = "aaaaaaaaaaaaaaaa"
	spB = "bbbbbbbbbbbbbbbb"
)

func uuidOf(id string) string {
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}

func xtraceOf(traceID, spanID string) [][2]string {
	return osprofiler("secret1", fmt.Sprintf(`{"base_id": %q, "parent_id": %q}`, uuidOf(traceID), uuidOf(strings.Repeat("0", 16)+spanID)))
}

// outcome is what a context says, in one line.
func outcome(ctx context.Context) string {
	sc := trace.SpanContextFromContext(ctx)
	asked := intent.FromContext(ctx)
	words := map[intent.Decision]string{intent.None: "none", intent.Defer: "defer", intent.Deny: "deny", intent.Accept: "accept", intent.Debug: "debug"}
	if !sc.IsValid() {
		return "no ids, " + words[asked.Unbound()]
	}
	line := fmt.Sprintf("%.1s/%.1s %s, %s", sc.TraceID(), sc.SpanID(), sc.TraceFlags(), words[asked.For(sc.TraceID())])
	if state := sc.TraceState().String(); state != "" {
		line += ", " + state
	}
	return line
}

// TestFirstHasOneOutcomeForEachOrderAndConflict is the table of
// docs/propagators.md. W is tracecontext, B is b3, X is xtraceinfo.
func TestFirstHasOneOutcomeForEachOrderAndConflict(t *testing.T) {
	w := func(id, span, flags string) [2]string {
		return [2]string{"traceparent", "00-" + id + "-" + span + "-" + flags}
	}
	state := [2]string{"tracestate", "vendor=1"}
	b := func(value string) [2]string { return [2]string{"b3", value} }
	x := func(id, span string) [][2]string { return xtraceOf(id, span) }
	join := func(headers ...[][2]string) (all [][2]string) {
		for _, h := range headers {
			all = append(all, h...)
		}
		return all
	}
	one := func(h ...[2]string) [][2]string { return h }
	for name, tc := range map[string]struct {
		headers [][2]string
		want    map[string]string // order: outcome
	}{
		"same trace, both sampled": {
			one(w(idA, spA, "01"), state, b(idA+"-"+spB+"-1")),
			map[string]string{"WB": "a/a 01, accept, vendor=1", "BW": "a/b 01, accept, vendor=1"},
		},
		"same trace, flags disagree": {
			one(w(idA, spA, "00"), b(idA+"-"+spB+"-1")),
			map[string]string{"WB": "a/a 00, deny", "BW": "a/b 01, accept"},
		},
		"same trace, b3 defers": {
			one(w(idA, spA, "01"), b(idA+"-"+spB)),
			map[string]string{"WB": "a/a 01, accept", "BW": "a/b 01, accept"},
		},
		"same trace, b3 debug, W sampled": {
			one(w(idA, spA, "01"), b(idA+"-"+spB+"-d")),
			map[string]string{"WB": "a/a 01, debug", "BW": "a/b 01, debug"},
		},
		"same trace, b3 debug, W not sampled": {
			one(w(idA, spA, "00"), b(idA+"-"+spB+"-d")),
			map[string]string{"WB": "a/a 00, deny", "BW": "a/b 01, debug"},
		},
		"same trace, random is kept": {
			one(w(idA, spA, "03"), b(idA+"-"+spB+"-1")),
			map[string]string{"WB": "a/a 03, accept", "BW": "a/b 03, accept"},
		},
		"another trace": {
			one(w(idA, spA, "01"), state, b(idB+"-"+spB+"-0")),
			map[string]string{"WB": "a/a 01, none, vendor=1", "BW": "b/b 00, deny"},
		},
		"another trace with debug": {
			one(w(idA, spA, "00"), b(idB+"-"+spB+"-d")),
			map[string]string{"WB": "a/a 00, none", "BW": "b/b 01, debug"},
		},
		"b3 denies without ids": {
			one(w(idA, spA, "01"), b("0")),
			map[string]string{"WB": "a/a 01, accept", "BW": "a/a 00, deny"},
		},
		"b3 debugs without ids": {
			one(w(idA, spA, "00"), b("d")),
			map[string]string{"WB": "a/a 00, deny", "BW": "a/a 01, debug"},
		},
		"b3 debugs a sampled trace without ids": {
			one(w(idA, spA, "01"), b("d")),
			map[string]string{"WB": "a/a 01, debug", "BW": "a/a 01, debug"},
		},
		"b3 alone, without ids": {
			one(b("1")),
			map[string]string{"WB": "no ids, accept", "BW": "no ids, accept"},
		},
		"an invalid traceparent": {
			one(w(idA, spA, "zz"), state, b(idB+"-"+spB+"-1")),
			map[string]string{"WB": "b/b 01, accept", "BW": "b/b 01, accept"},
		},
		"an invalid b3": {
			one(w(idA, spA, "01"), b(idB+"-"+spB+"-D")),
			map[string]string{"WB": "a/a 01, none", "BW": "a/a 01, none"},
		},
		"invalid single, valid multi": {
			one(w(idA, spA, "01"), b("D"), [2]string{"X-B3-TraceId", idB}, [2]string{"X-B3-SpanId", spB}, [2]string{"X-B3-Sampled", "0"}),
			map[string]string{"WB": "a/a 01, none", "BW": "b/b 00, deny"},
		},
		"two traceparents": {
			one(w(idA, spA, "01"), w(idA, spB, "01"), b(idB+"-"+spB+"-1")),
			map[string]string{"WB": "b/b 01, accept", "BW": "b/b 01, accept"},
		},
		"xtraceinfo of the same trace": {
			join(one(w(idA, spA, "00"), state), x(idA, spB)),
			map[string]string{"WX": "a/a 00, deny, vendor=1", "XW": "a/b 01, accept, vendor=1"},
		},
		"xtraceinfo of another trace": {
			join(one(w(idA, spA, "01")), x(idB, spB)),
			map[string]string{"WX": "a/a 01, none", "XW": "b/b 01, accept"},
		},
		"all three, one trace": {
			join(one(w(idA, spA, "01"), state, b(idA+"-"+spB)), x(idA, spB)),
			map[string]string{
				"WBX": "a/a 01, accept, vendor=1", "WXB": "a/a 01, accept, vendor=1",
				"BWX": "a/b 01, accept, vendor=1", "XBW": "a/b 01, accept, vendor=1",
			},
		},
		"all three, the last agrees with the first": {
			join(one(w(idA, spA, "00"), b(idB+"-"+spB+"-d")), x(idA, spB)),
			map[string]string{"WBX": "a/a 00, deny", "BWX": "b/b 01, debug", "XBW": "a/b 01, accept"},
		},
	} {
		for order, want := range tc.want {
			t.Run(name+"/"+order, func(t *testing.T) {
				byLetter := map[rune]propagation.TextMapPropagator{
					'W': propagators.TraceContext{}, 'B': propagators.B3{Encoding: propagators.B3Both}, 'X': signed(t),
				}
				var inOrder []propagation.TextMapPropagator
				for _, letter := range order {
					inOrder = append(inOrder, byLetter[letter])
				}
				p := propagators.First(append(inOrder, propagators.Baggage{}, propagators.CorrelationID{})...)
				carrier := header(append(tc.headers, [2]string{"X-Request-ID", "order-7"}, [2]string{"baggage", "a=1"})...)
				for range 3 { // deterministically
					ctx := p.Extract(context.Background(), carrier)
					assert.Equal(t, want, outcome(ctx))
					assert.Equal(t, "order-7", propagators.CorrelationIDFromContext(ctx))
					assert.Equal(t, "1", baggage.FromContext(ctx).Member("a").Value())
				}
				for name, root := range map[string]sdktrace.Sampler{"always": sdktrace.AlwaysSample(), "never": sdktrace.NeverSample()} {
					ctx, span := tracer(t, root).Start(p.Extract(context.Background(), carrier), "local")
					assertOneAnswer(t, injected(ctx, p), span.SpanContext(), name)
				}
			})
		}
	}
}

// assertOneAnswer checks that every header injected says the same as sc.
func assertOneAnswer(t *testing.T, sent propagation.MapCarrier, sc trace.SpanContext, msg string) {
	t.Helper()
	sampled := sc.IsSampled()
	says := map[string]bool{}
	if h := sent["traceparent"]; h != "" {
		says["traceparent"] = h[len(h)-1]&1 != 0
	}
	if h := sent["b3"]; len(h) > 50 {
		says["b3"] = h[50] != '0'
	}
	if sent["x-b3-traceid"] != "" {
		says["x-b3"] = sent["x-b3-sampled"] == "1" || sent["x-b3-flags"] == "1"
	}
	for name, said := range says {
		assert.Equal(t, sampled, said, "%s: %s of %v", msg, name, sent)
	}
	if !sampled {
		assert.NotContains(t, sent, "x-trace-info", "%s: to its receivers it means traced", msg)
	}
}

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

// private carries a whole span context in headers of somebody's own.
type private struct{ propagation.TraceContext }

func (p private) Extract(ctx context.Context, c propagation.TextMapCarrier) context.Context {
	return p.TraceContext.Extract(ctx, propagation.MapCarrier{"traceparent": c.Get("x-parent"), "tracestate": c.Get("x-state")})
}

func TestFirstMergesTheTracestatesOfTwoFormats(t *testing.T) {
	full := func(from int) string {
		var list []string
		for i := range 32 {
			list = append(list, fmt.Sprintf("k%d=%d", from+i, from))
		}
		return strings.Join(list, ",")
	}
	for name, tc := range map[string]struct{ first, second, want string }{
		"other keys":          {"a=1,b=1", "c=2,d=2", "a=1,b=1,c=2,d=2"},
		"the same key":        {"a=1,b=1", "b=2,c=2", "a=1,b=1,c=2"},
		"one empty":           {"", "c=2", "c=2"},
		"the other empty":     {"a=1", "", "a=1"},
		"more than 32 in all": {full(0), full(100), full(0)},
	} {
		t.Run(name, func(t *testing.T) {
			carrier := header([2]string{"traceparent", traceparent}, [2]string{"tracestate", tc.first},
				[2]string{"x-parent", traceparent}, [2]string{"x-state", tc.second})
			ctx := propagators.First(propagators.TraceContext{}, private{}).Extract(context.Background(), carrier)
			assert.Equal(t, tc.want, trace.SpanContextFromContext(ctx).TraceState().String())
		})
	}
}

func TestFirstWithPropagatorsOfOthers(t *testing.T) {
	both := header([2]string{"traceparent", "00-" + idA + "-" + spA + "-01"}, [2]string{"tracestate", "vendor=1"},
		[2]string{"b3", idA + "-" + spB + "-1"}, [2]string{"baggage", "a=1"})
	conflict := header([2]string{"traceparent", "00-" + idA + "-" + spA + "-01"}, [2]string{"b3", idB + "-" + spB + "-1"}, [2]string{"baggage", "a=1"})
	stock := propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
	for name, tc := range map[string]struct {
		p       propagation.TextMapPropagator
		carrier propagation.TextMapCarrier
		want    string
		baggage string
	}{
		"the stock composite first":       {propagators.First(stock, propagators.B3{}), both, "a/a 01, accept, vendor=1", "1"},
		"contrib's b3 first":              {propagators.First(b3.New(), propagators.TraceContext{}, propagators.Baggage{}), both, "a/b 01, none, vendor=1", "1"},
		"the stock composite after":       {propagators.First(propagators.B3{}, stock), both, "a/b 01, accept, vendor=1", "1"},
		"a conflict drops all of the one": {propagators.First(propagators.B3{}, stock), conflict, "b/b 01, accept", ""},
		"and keeps all of the other":      {propagators.First(stock, propagators.B3{}), conflict, "a/a 01, none", "1"},
		"ours in a stock composite": {propagators.First(propagators.TraceContext{}, propagation.NewCompositeTextMapPropagator(propagators.B3{})),
			header([2]string{"traceparent", "00-" + idA + "-" + spA + "-01"}, [2]string{"b3", "d"}), "a/a 01, debug", ""},
		"a decision from a stock composite": {propagators.First(propagation.NewCompositeTextMapPropagator(propagators.B3{})),
			header([2]string{"b3", "0"}), "no ids, deny", ""},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := tc.p.Extract(context.Background(), tc.carrier)
			assert.Equal(t, tc.want, outcome(ctx))
			assert.Equal(t, tc.baggage, baggage.FromContext(ctx).Member("a").Value())
		})
	}
	ctx := background(t)
	assert.True(t, propagators.First(stock, propagators.B3{}).Extract(ctx, browserHeaders()) == ctx)
}

// watcher notes the context it was given, and answers as told.
type watcher struct {
	writer
	answer func(context.Context) context.Context
	given  *[]context.Context
}

func (w watcher) Extract(ctx context.Context, _ propagation.TextMapCarrier) context.Context {
	*w.given = append(*w.given, ctx)
	return w.answer(ctx)
}

type first struct{}
type second struct{}
type mapped struct{}

func TestFirstLetsEachReadOnceFromTheContextItWasGiven(t *testing.T) {
	remote := func(id trace.TraceID) func(context.Context) context.Context {
		return func(ctx context.Context) context.Context {
			return trace.ContextWithRemoteSpanContext(context.WithValue(ctx, first{}, id.String()), trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: trace.SpanID{1}}))
		}
	}
	value := func(key, v any) func(context.Context) context.Context {
		return func(ctx context.Context) context.Context { return context.WithValue(ctx, key, v) }
	}
	var given []context.Context
	w := func(answer func(context.Context) context.Context) propagation.TextMapPropagator {
		return watcher{answer: answer, given: &given}
	}
	a, b := trace.TraceID{0: 0xaa}, trace.TraceID{0: 0xbb}
	p := propagators.First(
		propagators.Baggage{}, propagators.CorrelationID{},
		w(remote(a)),
		w(remote(b)),
		w(value(second{}, 2)),
		w(func(ctx context.Context) context.Context { return ctx }),
		w(remote(a)),
		w(value(mapped{}, map[string]int{"new": 1})),
	)
	from := context.WithValue(background(t), mapped{}, map[string]int{"old": 1})
	ctx := p.Extract(from, header([2]string{"baggage", "a=1"}, [2]string{"X-Request-ID", "order-7"}))
	assert.Len(t, given, 6, "each once")
	for _, got := range given {
		assert.True(t, got == from)
	}
	assert.Equal(t, a, trace.SpanContextFromContext(ctx).TraceID())
	assert.Equal(t, a.String(), ctx.Value(first{}), "what the loser stored is dropped with it")
	assert.Equal(t, 2, ctx.Value(second{}))
	assert.Equal(t, "order-7", propagators.CorrelationIDFromContext(ctx))
	assert.Equal(t, "1", baggage.FromContext(ctx).Member("a").Value())
	assert.Equal(t, map[string]int{"old": 1}, ctx.Value(mapped{}), "maps cannot be compared, so the program's own stays")
	assert.Equal(t, t.Name(), ctx.Value(marker{}))
	assert.Nil(t, ctx.Value("absent"))
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
