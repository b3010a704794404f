// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
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
