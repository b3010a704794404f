// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/propagators"
)

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

// guarded embeds one of ours and has an Extract of its own.
type guarded struct{ propagators.B3 }

func (g guarded) Extract(ctx context.Context, c propagation.TextMapCarrier) context.Context {
	if c.Get("x-internal") == "" {
		return ctx
	}
	return g.B3.Extract(ctx, c)
}

func TestFirstLetsATypeThatEmbedsOneOfOursHaveItsWay(t *testing.T) {
	p := propagators.First(guarded{})
	b3 := [2]string{"b3", traceHex + "-" + spanHex + "-d"}
	ctx := background(t)
	assert.True(t, p.Extract(ctx, header(b3)) == ctx)
	assert.Equal(t, "8/e 01, debug", outcome(p.Extract(ctx, header(b3, [2]string{"x-internal", "1"}))))
	assert.Equal(t, []string{"b3"}, p.Fields())

	pointers := propagators.First(&propagators.TraceContext{}, &propagators.B3{}, &propagators.Baggage{})
	assert.Equal(t, "8/e 01, debug", outcome(pointers.Extract(ctx, header([2]string{"traceparent", traceparent}, b3))))
}
