// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"unicode"

	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/propagators"
)

// Run one with:
//
//	go test -run '^$' -fuzz 'FuzzFirst$' -fuzztime 10m -fuzzminimizetime 100x -parallel 1
//
// Without -fuzzminimizetime, Go spends up to a minute on making each new input
// shorter, and little on finding them.

// FuzzFirst throws headers of all formats at all propagators at once.
func FuzzFirst(f *testing.F) {
	f.Add(traceparent, "vendor=1", traceHex+"-"+spanHex+"-d", traceHex, spanHex, "1", "KEk2MDA0Nzk5NTAzMTYwNjYxCkkxMjM0NTY3ODkwMTIzNDU2CnRwMAou", "a=1", "order-7")
	f.Add("", "", "0", "", "", "", "", "", "")
	f.Add(otherTraceparent, "a@b@c=1", "x", "64fe8b2a57d3eff7", spanHex, "", "gAKKB1VVVVVVVRWKB8C6ijzVYgSGcQAu", "a=1,,b=%20;p", "a b")
	p := propagators.First(propagators.B3{Encoding: propagators.B3Both}, unsigned(f), propagators.TraceContext{}, propagators.Baggage{}, propagators.CorrelationID{})
	f.Fuzz(func(t *testing.T, w, state, single, traceID, spanID, sampled, info, bag, id string) {
		headers := [][2]string{{"traceparent", w}, {"tracestate", state}, {"b3", single}, {"X-B3-TraceId", traceID}, {"X-B3-SpanId", spanID},
			{"X-B3-Sampled", sampled}, {"X-Trace-Info", info}, {"baggage", bag}, {"X-Request-ID", id}}
		from := background(t)
		ctx := p.Extract(from, carriers["http.Header"](headers))
		heard := outcome(ctx) != outcome(from) || baggage.FromContext(ctx).Len() > 0 || propagators.CorrelationIDFromContext(ctx) != ""
		if heard == (ctx == from) {
			t.Fatalf("heard %v, context changed %v", heard, ctx != from)
		}
		for kind, carrier := range carriers {
			if got := outcome(p.Extract(from, carrier(headers))); got != outcome(ctx) {
				t.Fatalf("%s says %q, http.Header %q", kind, got, outcome(ctx))
			}
		}
		sent := injected(ctx, p)
		assertOneAnswer(t, sent, trace.SpanContextFromContext(ctx), "relayed")
		for key, value := range sent {
			// A tab is white space to RFC 9110 and to baggage, which keeps it.
			if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }) {
				t.Fatalf("%s: %q is no header", key, value)
			}
			if !slices.Contains(p.Fields(), key) {
				t.Fatalf("%s is not of Fields", key)
			}
		}
		back := p.Extract(context.Background(), sent)
		if was, is := trace.SpanContextFromContext(ctx), trace.SpanContextFromContext(back); !was.Equal(is) && sent["x-trace-info"] == "" {
			t.Fatalf("%v came back as %v", was, is)
		}
	})
}

// FuzzB3AgainstContrib: contrib's b3 is right about the format. It is asked
// only where it has a say: a decision without ids leaves nothing in it that a
// test can see, of the parent of multiple headers we think otherwise, and of
// the separators around the state it takes any byte.
func FuzzB3AgainstContrib(f *testing.F) {
	f.Add(traceHex+"-"+spanHex+"-1-05e3ac9a4f6e3b90", "", "", "", "")
	f.Add(traceHex[:16]+"-"+spanHex+"-d", "", "", "", "")
	f.Add("bad", traceHex, spanHex, "0", "")
	f.Add("", traceHex[:16], spanHex, "", "1")
	f.Add("", traceHex, spanHex, "TRUE", "2")
	f.Fuzz(func(t *testing.T, single, traceID, spanID, sampled, flags string) {
		if len(single) == 1 || !separated(single) {
			return
		}
		carrier := propagation.MapCarrier{"b3": single, "x-b3-traceid": traceID, "x-b3-spanid": spanID, "x-b3-sampled": sampled, "x-b3-flags": flags}
		theirs := b3.New().Extract(context.Background(), carrier)
		ours := propagators.B3{}.Extract(context.Background(), carrier)
		want, got := trace.SpanContextFromContext(theirs), trace.SpanContextFromContext(ours)
		if !want.Equal(got) {
			t.Fatalf("contrib reads %v, we %v", want, got)
		}
		if !want.IsValid() {
			return
		}
		if w, g := injected(theirs, b3.New())["b3"], injected(ours, propagators.B3{})["b3"]; w != g {
			t.Fatalf("contrib passes on %q, we %q", w, g)
		}
		multi := injected(ours, propagators.B3{Encoding: propagators.B3Multi})
		if again := (propagators.B3{}).Extract(context.Background(), multi); outcome(again) != outcome(ours) {
			t.Fatalf("%q does not survive the multiple headers: %q", outcome(ours), outcome(again))
		}
	})
}

// separated reports whether a single header has "-" around its state.
func separated(single string) bool {
	for _, width := range []int{16, 32} {
		if len(single) > width && single[width] == '-' {
			after := single[min(len(single), width+17):]
			return (len(after) == 0 || after[0] == '-') && (len(after) < 3 || after[2] == '-')
		}
	}
	return true
}

// FuzzTraceContextAgainstOTel: whatever the stock propagator takes we take
// alike, but for a "-" at the end of version 00. We take more: reserved flags,
// and tracestates that W3C allows.
func FuzzTraceContextAgainstOTel(f *testing.F) {
	f.Add(traceparent, "vendor=1,other=2")
	f.Add("cc-"+traceHex+"-"+spanHex+"-ff-more", "a=1,,a=2")
	f.Add("00-"+traceHex+"-"+spanHex+"-ff", "a@=1, ,b=2")
	f.Fuzz(func(t *testing.T, parent, state string) {
		if len(parent) == 56 && parent[:2] == "00" {
			return
		}
		carrier := propagation.MapCarrier{"traceparent": parent, "tracestate": state}
		want := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
		ours := propagators.TraceContext{}.Extract(context.Background(), carrier)
		got := trace.SpanContextFromContext(ours)
		if want.IsValid() && len(state) <= 8192 && want.TraceState().Len() > 0 && !want.Equal(got) ||
			!want.WithTraceState(trace.TraceState{}).Equal(got.WithTraceState(trace.TraceState{})) && (want.IsValid() || parent[53:55] <= "03") {
			t.Fatalf("OpenTelemetry reads %v, we %v", want, got)
		}
		sent := injected(ours, propagators.TraceContext{})
		if again := trace.SpanContextFromContext(propagators.TraceContext{}.Extract(context.Background(), sent)); !again.Equal(got) {
			t.Fatalf("%v came back as %v", got, again)
		}
	})
}

// FuzzBaggage: what baggage.Parse takes whole we take alike, and what we take
// of the rest is within the limits and survives. It trims every white space of
// Unicode where W3C trims spaces and tabs.
func FuzzBaggage(f *testing.F) {
	f.Add("a=1,b=2;p=1;q", "c=3")
	f.Add("a=1,,=,b c=2,d=%20", "")
	f.Add(members(0, 66, 7), members(64, 3, 7))
	f.Fuzz(func(t *testing.T, first, second string) {
		p := propagators.Baggage{}
		ctx := p.Extract(context.Background(), header([2]string{"baggage", first}))
		got := baggage.FromContext(ctx)
		odd := strings.ContainsFunc(first, func(r rune) bool { return unicode.IsSpace(r) && r != ' ' && r != '\t' })
		if want, err := baggage.Parse(first); err == nil && !odd && strings.Count(first, ",") < 64 && !equalBaggage(got, want) {
			t.Fatalf("baggage.Parse reads %q, we %q", want, got)
		}
		merged := baggage.FromContext(p.Extract(ctx, header([2]string{"baggage", second})))
		for _, b := range []baggage.Baggage{got, merged} {
			if b.Len() > 64 || len(b.String()) > 8192 {
				t.Fatalf("%d members, %d bytes", b.Len(), len(b.String()))
			}
		}
		for _, m := range got.Members() {
			if merged.Member(m.Key()).Key() == "" {
				t.Fatalf("%q was lost in the merge", m.Key())
			}
		}
		back := p.Extract(context.Background(), injected(baggage.ContextWithBaggage(context.Background(), merged), p))
		if !equalBaggage(baggage.FromContext(back), merged) {
			t.Fatalf("%q came back as %q", merged, baggage.FromContext(back))
		}
	})
}

func equalBaggage(a, b baggage.Baggage) bool {
	if a.Len() != b.Len() {
		return false
	}
	for _, m := range a.Members() {
		if b.Member(m.Key()).String() != m.String() {
			return false
		}
	}
	return true
}

// FuzzXTraceInfo: a header is turned away whole, or its ids survive.
func FuzzXTraceInfo(f *testing.F) {
	for _, v := range []string{
		"KEk2MDA0Nzk5NTAzMTYwNjYxCkkxMjM0NTY3ODkwMTIzNDU2CnRwMAou", "gAKKB1VVVVVVVRWKB8C6ijzVYgSGcQAu",
		"eyJiYXNlX2lkIjogIjRlM2UwZWM2LTI5MzgtNDBiMS04NTA0LTA5ZWIxZDRiMGRlZSJ9",
	} {
		f.Add(v, "")
		f.Add(v, sign("secret2", v))
	}
	pair, tomo := signed(f), unsigned(f)
	f.Fuzz(func(t *testing.T, info, signature string) {
		for name, tc := range map[string]struct {
			x         *propagators.XTraceInfo
			signature string
			allowed   bool
		}{
			"as it came":     {pair, signature, strings.TrimSpace(signature) == sign("secret1", info) || strings.TrimSpace(signature) == sign("secret2", info)},
			"properly":       {pair, sign("secret2", info), true},
			"nobody's key":   {pair, sign("secret", info), false},
			"without a key":  {tomo, signature, true},
			"nil as no keys": {nil, signature, false},
		} {
			from := background(t)
			ctx := tc.x.Extract(from, propagation.MapCarrier{"x-trace-info": info, "x-trace-hmac": tc.signature})
			sc := trace.SpanContextFromContext(ctx)
			if sc.IsValid() == (ctx == from) || sc.IsValid() && (!tc.allowed || len(info) > 1024 || !sc.IsSampled()) {
				t.Fatalf("%s: %v out of %q", name, sc, info)
			}
			if again := trace.SpanContextFromContext(tc.x.Extract(context.Background(), injected(ctx, tc.x))); !again.Equal(sc) {
				t.Fatalf("%s: %v came back as %v", name, sc, again)
			}
		}
	})
}

// FuzzCorrelationID: an id is taken as it came or not at all.
func FuzzCorrelationID(f *testing.F) {
	f.Add("order-7", "a b", 0)
	f.Add("a\r\nSet-Cookie: b", "", 300)
	f.Fuzz(func(t *testing.T, one, two string, maxBytes int) {
		c := propagators.CorrelationID{MaxBytes: maxBytes, Accept: []string{"x-one", one, "x-two"}}
		from := background(t)
		ctx := c.Extract(from, propagation.MapCarrier{"x-one": one, "x-two": two})
		id := propagators.CorrelationIDFromContext(ctx)
		if id != "" && id != one && id != two || (id == "") != (ctx == from) || id != "" && !c.Valid(id) || id == "" && (c.Valid(one) || c.Valid(two)) {
			t.Fatalf("%q out of %q and %q", id, one, two)
		}
		if sent := injected(ctx, c)["x-correlation-id"]; sent != id {
			t.Fatalf("%q was sent as %q", id, sent)
		}
		_ = propagators.CorrelationID{Header: one}.Fields()
	})
}

// FuzzRejectionAllocations: what is turned away costs nothing, however long.
// The input is repeated, so that a cost that grows with it is seen.
func FuzzRejectionAllocations(f *testing.F) {
	f.Add("traceparent", "00-", 100)
	f.Add("b3", traceHex, 3)
	f.Add("x-trace-info", "KEk2", 1000)
	f.Add("x-request-id", "a b", 10)
	f.Add("x-trace-info", "K", 983)
	formats := []propagation.TextMapPropagator{propagators.TraceContext{}, propagators.B3{}, signed(f), unsigned(f), propagators.CorrelationID{}}
	f.Fuzz(func(t *testing.T, name, unit string, n int) {
		value := strings.Repeat(unit, max(0, min(n, 10_000))%(1+100_000/(len(unit)+1)))
		carrier := propagation.MapCarrier{strings.ToLower(name): value, "x-trace-hmac": strings.Repeat("0", 40)}
		from := context.Background()
		for _, p := range formats {
			if p.Extract(from, carrier) != from {
				continue
			}
			// Under the race detector a sync.Pool forgets at random.
			if got := testing.AllocsPerRun(5, func() { p.Extract(from, carrier) }); got != 0 && !raceEnabled {
				t.Fatalf("%T allocates %v times to reject %d bytes of %s", p, got, len(value), name)
			}
		}
	})
}

// FuzzParse: any list is a propagator or a short error.
func FuzzParse(f *testing.F) {
	f.Add("tracecontext, B3,baggage")
	f.Add("none,,")
	f.Add("jaeger;b3multi")
	f.Fuzz(func(t *testing.T, list string) {
		p, err := propagators.Parse(list, propagators.Named{Name: "xtraceinfo", Propagator: signed(t)})
		if (p == nil) == (err == nil) || err != nil && len(err.Error()) > 600 {
			t.Fatalf("%q: %v, %v", list, p, err)
		}
	})
}
