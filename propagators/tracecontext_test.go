// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/propagators"
)

const (
	traceparent      = "00-" + traceHex + "-" + spanHex + "-01"
	otherTraceparent = "00-4e3e0ec6293840b1850409eb1d4b0dee-8c00f6daa2bc32f1-01"
)

func TestTraceparent(t *testing.T) {
	ids := traceHex + "-" + spanHex
	for name, tc := range map[string]struct {
		header string
		flags  string // "" for a header that is rejected
	}{
		"sampled":                        {"00-" + ids + "-01", "01"},
		"not sampled":                    {"00-" + ids + "-00", "00"},
		"random":                         {"00-" + ids + "-02", "02"},
		"random and sampled":             {"00-" + ids + "-03", "03"},
		"unknown flags are not passed":   {"00-" + ids + "-ff", "03"},
		"future version":                 {"cc-" + ids + "-01", "01"},
		"future version, longer":         {"cc-" + ids + "-01-what-the-future-will-be-like", "01"},
		"future version, badly longer":   {"cc-" + ids + "-01.what-the-future-will-be-like", ""},
		"version 00 is not longer":       {"00-" + ids + "-01-more", ""},
		"version 00 ends without a dash": {"00-" + ids + "-01-", ""},
		"version ff":                     {"ff-" + ids + "-01", ""},
		"upper-case version":             {"CC-" + ids + "-01", ""},
		"upper-case trace id":            {"00-" + strings.ToUpper(traceHex) + "-" + spanHex + "-01", ""},
		"upper-case span id":             {"00-" + traceHex + "-" + strings.ToUpper(spanHex) + "-01", ""},
		"upper-case flags":               {"00-" + ids + "-0A", ""},
		"zero trace id":                  {"00-" + strings.Repeat("0", 32) + "-" + spanHex + "-01", ""},
		"zero span id":                   {"00-" + traceHex + "-" + strings.Repeat("0", 16) + "-01", ""},
		"flags of three digits":          {"00-" + ids + "-001", ""},
		"flags of one digit":             {"00-" + ids + "-1", ""},
		"short trace id":                 {"00-" + traceHex[1:] + "-" + spanHex + "0-01", ""},
		"other separators":               {"00_" + ids + "-01", ""},
		"list":                           {"00-" + ids + "-01,00-" + ids + "-01", ""},
		"space before, untrimmed":        {" 00-" + ids + "-01", ""},
		"bytes beyond ASCII":             {"00-" + strings.Repeat("\xff", 32) + "-" + spanHex + "-01", ""},
		"very long, of a future version": {"cc-" + ids + "-01-" + strings.Repeat("x", 1<<20), "01"},
	} {
		for kind, carrier := range carriers {
			t.Run(name+"/"+kind, func(t *testing.T) {
				ctx := background(t)
				got := propagators.TraceContext{}.Extract(ctx, carrier([][2]string{{"traceparent", tc.header}}))
				if tc.flags == "" {
					assert.True(t, got == ctx)
					return
				}
				sc := trace.SpanContextFromContext(got)
				assert.True(t, sc.IsRemote())
				assert.Equal(t, "00-"+ids+"-"+tc.flags, injected(got, propagators.TraceContext{})["traceparent"])
			})
		}
	}
}

func TestTwoTraceparentsRestartTheTrace(t *testing.T) {
	for name, second := range map[string]string{"different": otherTraceparent, "equal": traceparent, "empty": ""} {
		for _, kind := range []string{"http.Header", "gRPC metadata", "message"} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				ctx := background(t)
				for _, headers := range [][][2]string{
					{{"traceparent", traceparent}, {"traceparent", second}},
					{{"traceparent", second}, {"traceparent", traceparent}},
				} {
					assert.True(t, propagators.TraceContext{}.Extract(ctx, carriers[kind](headers)) == ctx)
				}
			})
		}
	}
}

func TestTracestate(t *testing.T) {
	many := func(from, n int) string {
		var members []string
		for i := range n {
			members = append(members, fmt.Sprintf("k%d=%d", from+i, from+i))
		}
		return strings.Join(members, ",")
	}
	for name, tc := range map[string]struct {
		headers []string
		want    string
	}{
		"one":                            {[]string{"foo=1,bar=2"}, "foo=1,bar=2"},
		"several headers are joined":     {[]string{"foo=1,bar=2", "rojo=1", "baz=3"}, "foo=1,bar=2,rojo=1,baz=3"},
		"empty headers":                  {[]string{"", "foo=1", ""}, "foo=1"},
		"white space":                    {[]string{" foo=1 \t , \t bar=2\t"}, "foo=1,bar=2"},
		"empty members":                  {[]string{"foo=1, ,\t,,bar=2,"}, "foo=1,bar=2"},
		"first of two equal keys":        {[]string{"foo=1,bar=2,foo=3"}, "foo=1,bar=2"},
		"equal keys in two headers":      {[]string{"foo=1", "foo=2"}, "foo=1"},
		"32 members":                     {[]string{many(0, 20), many(20, 12)}, many(0, 32)},
		"33 members discard all":         {[]string{many(0, 20), many(20, 13)}, ""},
		"33 members, one of level 2":     {[]string{"a@=1," + many(0, 32)}, ""},
		"33 members and a duplicate":     {[]string{"k0=0," + many(0, 33)}, ""},
		"key of level 2 alone":           {[]string{"foo@=1,bar=2"}, "bar=2"},
		"key with two @":                 {[]string{"a@b@c=1,bar=2"}, "bar=2"},
		"key that begins with @":         {[]string{"@foo=1,bar=2"}, ""},
		"upper-case key":                 {[]string{"FOO=1,bar=2"}, ""},
		"space in a key":                 {[]string{"foo =1,bar=2"}, ""},
		"no key":                         {[]string{"=1,bar=2"}, ""},
		"no value":                       {[]string{"foo=,bar=3"}, ""},
		"two equals signs":               {[]string{"foo=bar=baz"}, ""},
		"no equals sign":                 {[]string{"foo,bar=1"}, ""},
		"control character":              {[]string{"foo=1\x1b,bar=1"}, ""},
		"bytes beyond ASCII":             {[]string{"foo=\xff,bar=1"}, ""},
		"key of 257 bytes":               {[]string{"foo=1," + strings.Repeat("z", 257) + "=1"}, ""},
		"value of 257 bytes":             {[]string{"foo=1,bar=" + strings.Repeat("z", 257)}, ""},
		"over 8 KiB in one":              {[]string{"foo=1" + strings.Repeat(",", 8188)}, ""},
		"over 8 KiB in all":              {[]string{"foo=1" + strings.Repeat(",", 8000), "bar=1" + strings.Repeat(",", 8000)}, ""},
		"8 KiB of almost nothing":        {[]string{"foo=1" + strings.Repeat(",", 8187)}, "foo=1"},
		"spaces belong inside of values": {[]string{"foo=a b"}, "foo=a b"},
	} {
		for _, kind := range []string{"http.Header", "gRPC metadata", "message"} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				headers := [][2]string{{"traceparent", traceparent}}
				for _, h := range tc.headers {
					headers = append(headers, [2]string{"tracestate", h})
				}
				ctx := propagators.TraceContext{}.Extract(context.Background(), carriers[kind](headers))
				sc := trace.SpanContextFromContext(ctx)
				assert.Equal(t, traceHex, sc.TraceID().String(), "the traceparent is kept")
				assert.Equal(t, tc.want, sc.TraceState().String())
			})
		}
	}
}

func TestTracestateWithoutTraceparentIsNothing(t *testing.T) {
	ctx := background(t)
	assert.True(t, propagators.TraceContext{}.Extract(ctx, header([2]string{"tracestate", "foo=1"})) == ctx)
}

func TestTraceContextInject(t *testing.T) {
	p := propagators.TraceContext{}
	assert.Empty(t, injected(context.Background(), p))
	assert.Equal(t, []string{"traceparent", "tracestate"}, p.Fields())

	in := propagation.MapCarrier{"traceparent": traceparent, "tracestate": "foo=1,bar=2"}
	assert.Equal(t, in, injected(p.Extract(context.Background(), in), p))

	stale := propagation.HeaderCarrier{"Traceparent": {otherTraceparent, "two"}, "Tracestate": {"stale=1"}}
	p.Inject(p.Extract(context.Background(), propagation.MapCarrier{"traceparent": traceparent}), stale)
	assert.Equal(t, propagation.HeaderCarrier{"Traceparent": {traceparent}}, stale, "no tracestate of another trace beside it")
}

func TestInjectIntoNilMapsDoesNotPanic(t *testing.T) {
	ctx := sampledContext(t)
	p := all(t)
	for _, carrier := range []propagation.TextMapCarrier{nil, propagation.HeaderCarrier(nil), propagation.MapCarrier(nil)} {
		assert.NotPanics(t, func() { p.Inject(ctx, carrier) })
		assert.NotPanics(t, func() { assert.True(t, p.Extract(ctx, carrier) == ctx) })
	}
}
