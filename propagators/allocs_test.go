// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/propagators"
)

func signed(t testing.TB) *propagators.XTraceInfo {
	t.Helper()
	x, err := propagators.NewXTraceInfo(propagators.XTraceInfoConfig{HMACKeys: []string{"secret1", "secret2"}})
	require.NoError(t, err)
	return x
}

func unsigned(t testing.TB) *propagators.XTraceInfo {
	t.Helper()
	x, err := propagators.NewXTraceInfo(propagators.XTraceInfoConfig{
		AllowUnsigned: true, Inject: propagators.XTraceInfoTomograph,
	})
	require.NoError(t, err)
	return x
}

// sampledContext holds a local, sampled span context and a correlation id.
func sampledContext(t testing.TB) context.Context {
	t.Helper()
	sc := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID:    trace.TraceID{0: 0x4e, 15: 0xee},
		SpanID:     trace.SpanID{0: 0x8c, 7: 0xf1},
		TraceFlags: trace.FlagsSampled,
	})
	ctx := trace.ContextWithSpanContext(context.Background(), sc)
	return propagators.ContextWithCorrelationID(ctx, "order-7")
}

// browserHeaders are the headers of a request that carries no trace.
func browserHeaders() propagation.HeaderCarrier {
	return propagation.HeaderCarrier{
		"Accept": {"*/*"}, "Accept-Encoding": {"gzip"}, "User-Agent": {"test"}, "Content-Type": {"text/plain"},
	}
}

func all(t testing.TB) propagation.TextMapPropagator {
	return propagators.First(propagators.TraceContext{}, propagators.Baggage{}, propagators.B3{}, signed(t), propagators.CorrelationID{})
}

func four() propagation.TextMapPropagator {
	return propagators.First(propagators.TraceContext{}, propagators.Baggage{}, propagators.B3{}, propagators.CorrelationID{})
}

// The bounds are those of the cost table in docs/propagators.md, exactly.

func TestInjectAllocations(t *testing.T) {
	ctx := sampledContext(t)
	for name, tc := range map[string]struct {
		p      propagation.TextMapPropagator
		want   float64
		pooled bool
	}{
		"tracecontext":         {p: propagators.TraceContext{}, want: 2},
		"b3 single":            {p: propagators.B3{}, want: 2},
		"b3 multi":             {p: propagators.B3{Encoding: propagators.B3Multi}, want: 4},
		"xtraceinfo signed":    {p: signed(t), want: 3, pooled: true},
		"xtraceinfo tomograph": {p: unsigned(t), want: 2},
		"correlationid":        {p: propagators.CorrelationID{}, want: 1},
		"baggage, none":        {p: propagators.Baggage{}, want: 0},
		"four":                 {p: four(), want: 5},
		"five":                 {p: all(t), want: 8, pooled: true},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.pooled && raceEnabled {
				return
			}
			carrier := propagation.HeaderCarrier(http.Header{})
			assert.Equal(t, tc.want, testing.AllocsPerRun(1000, func() { tc.p.Inject(ctx, carrier) }))
			assert.Len(t, carrier, len(tc.p.Fields())-len(absent(carrier, tc.p)))
		})
	}
}

// absent returns the fields that p did not write.
func absent(carrier propagation.HeaderCarrier, p propagation.TextMapPropagator) []string {
	var missing []string
	for _, f := range p.Fields() {
		if carrier.Get(f) == "" {
			missing = append(missing, f)
		}
	}
	return missing
}

func TestExtractHitAllocations(t *testing.T) {
	vectors := map[string]xtraceVector{}
	for _, v := range xtraceVectors(t) {
		vectors[v.Name] = v
	}
	osprofiler := vectors["osp valid key1"].Headers
	tomograph := vectors["tomo py2.7 pickle.py protocol 0 (what tomograph sends)"].Headers
	const traceparent = "00-4e3e0ec6293840b1850409eb1d4b0dee-8c00f6daa2bc32f1-01"
	for name, tc := range map[string]struct {
		p       propagation.TextMapPropagator
		headers [][2]string
		want    float64
		pooled  bool
	}{
		"tracecontext":           {p: propagators.TraceContext{}, headers: [][2]string{{"traceparent", traceparent}}, want: 2},
		"b3 single":              {p: propagators.B3{}, headers: [][2]string{{"b3", traceparent[3:53] + "1"}}, want: 3},
		"b3 single, debug":       {p: propagators.B3{}, headers: [][2]string{{"b3", traceparent[3:53] + "d"}}, want: 3},
		"b3 single, defer":       {p: propagators.B3{}, headers: [][2]string{{"b3", traceparent[3:52]}}, want: 3},
		"b3 decision only":       {p: propagators.B3{}, headers: [][2]string{{"b3", "0"}}, want: 1},
		"b3 multi":               {p: propagators.B3{}, headers: [][2]string{{"X-B3-TraceId", traceparent[3:35]}, {"X-B3-SpanId", traceparent[36:52]}, {"X-B3-Sampled", "1"}}, want: 3},
		"xtraceinfo signed":      {p: signed(t), headers: osprofiler, want: 3, pooled: true},
		"xtraceinfo tomograph":   {p: unsigned(t), headers: tomograph, want: 5},
		"correlationid":          {p: propagators.CorrelationID{}, headers: [][2]string{{"X-Request-ID", "order-7"}}, want: 1},
		"four, lone traceparent": {p: four(), headers: [][2]string{{"traceparent", traceparent}}, want: 2},
		"five, lone traceparent": {p: all(t), headers: [][2]string{{"traceparent", traceparent}}, want: 2},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.pooled && raceEnabled {
				return
			}
			carrier := header(tc.headers...)
			var got context.Context
			ctx := context.Background()
			assert.Equal(t, tc.want, testing.AllocsPerRun(1000, func() { got = tc.p.Extract(ctx, carrier) }))
			assert.False(t, got == ctx, "it must be a hit")
		})
	}
}

func TestExtractMissAllocatesNothing(t *testing.T) {
	ctx := background(t)
	p := all(t)
	for kind, carrier := range map[string]propagation.TextMapCarrier{
		"http.Header":     browserHeaders(),
		"map":             propagation.MapCarrier{"accept": "*/*"},
		"gRPC metadata":   metadataCarrier{"accept": {"*/*"}},
		"empty header":    propagation.HeaderCarrier{},
		"nil http.Header": propagation.HeaderCarrier(nil),
	} {
		t.Run(kind, func(t *testing.T) {
			var got context.Context
			assert.Zero(t, testing.AllocsPerRun(1000, func() { got = p.Extract(ctx, carrier) }))
			assert.True(t, got == ctx, "a miss returns the identical context")
		})
	}
}

// What is turned away must not cost more the longer it is.
func TestRejectionAllocationsDoNotGrowWithTheHeader(t *testing.T) {
	ctx := background(t)
	p := propagators.First(propagators.TraceContext{}, propagators.B3{}, signed(t), unsigned(t), propagators.CorrelationID{})
	for _, name := range []string{"traceparent", "b3", "x-b3-traceid", "x-trace-info", "x-correlation-id"} {
		for _, unit := range []string{"a", "0", "-", "=", "\x80", "K", "KEk2"} {
			for _, n := range []int{1, 100, 983, 1024, 10_000, 100_000} {
				carrier := header([2]string{name, strings.Repeat(unit, n)}, [2]string{"x-trace-hmac", strings.Repeat("0", 40)})
				var got context.Context
				allocs := testing.AllocsPerRun(20, func() { got = p.Extract(ctx, carrier) })
				valid := name == "x-correlation-id" && n*len(unit) <= 128 && unit != "\x80" || name == "b3" && n == 1 && unit == "0"
				if valid {
					continue
				}
				assert.True(t, got == ctx, "%s: %d × %q", name, n, unit)
				if !raceEnabled {
					assert.Zero(t, allocs, "%s: %d × %q", name, n, unit)
				}
			}
		}
	}
}
