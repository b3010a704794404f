// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/propagators"
)

func spanContext(flags trace.TraceFlags) context.Context {
	return trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{0: 0x4e, 15: 0xee}, SpanID: trace.SpanID{0: 0x8c, 7: 0xf1}, TraceFlags: flags,
	}))
}

func TestToken(t *testing.T) {
	const parent = "00-4e0000000000000000000000000000ee-8c000000000000f1-"
	correlated := propagators.ContextWithCorrelationID
	for name, tc := range map[string]struct {
		ctx  context.Context
		want string
	}{
		"nothing":              {context.Background(), ""},
		"not sampled":          {spanContext(0), parent + "00"},
		"sampled":              {spanContext(trace.FlagsSampled), parent + "01"},
		"random":               {spanContext(trace.FlagsSampled | trace.FlagsRandom), parent + "03"},
		"correlation id":       {correlated(spanContext(0), "order-7"), parent + "00;order-7"},
		"correlation id alone": {correlated(context.Background(), "order-7"), ";order-7"},
		"the longest id":       {correlated(spanContext(0), strings.Repeat("x", 199)), parent + "00;" + strings.Repeat("x", 199)},
		"an id too long":       {correlated(spanContext(0), strings.Repeat("x", 200)), parent + "00"},
		"alone, too long":      {correlated(context.Background(), strings.Repeat("x", 255)), ""},
	} {
		t.Run(name, func(t *testing.T) {
			token := propagators.Token(tc.ctx)
			assert.Equal(t, tc.want, token)
			assert.Less(t, len(token), 256)
			back, err := propagators.ContextWithToken(context.Background(), token)
			require.NoError(t, err)
			assert.Equal(t, token, propagators.Token(back))
			sc := trace.SpanContextFromContext(tc.ctx)
			assert.Equal(t, sc.WithRemote(sc.IsValid()), trace.SpanContextFromContext(back))
		})
	}
}

func TestTokenIsRejectedAsAWhole(t *testing.T) {
	const parent = "00-4e0000000000000000000000000000ee-8c000000000000f1-01"
	for name, token := range map[string]string{
		"junk":                   "junk",
		"space":                  " ",
		"empty correlation id":   parent + ";",
		"semicolon alone":        ";",
		"bad correlation id":     parent + ";a b",
		"two correlation ids":    parent + ";a;b",
		"control character":      parent + ";a\n",
		"too long":               parent + ";" + strings.Repeat("x", 200),
		"truncated":              parent[:54],
		"one byte more":          parent + "0",
		"zero ids":               "00-" + strings.Repeat("0", 32) + "-" + strings.Repeat("0", 16) + "-01",
		"upper case":             strings.ToUpper(parent),
		"megabytes":              strings.Repeat("x", 1<<22),
		"bad parent, good id":    "00-zz;order-7",
		"good parent, other sep": parent + ",order-7",
	} {
		t.Run(name, func(t *testing.T) {
			ctx := background(t)
			got, err := propagators.ContextWithToken(ctx, token)
			assert.True(t, got == ctx)
			require.ErrorContains(t, err, "propagators: token \"")
			assert.Less(t, len(err.Error()), 400)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestEmptyTokenIsNoTrace(t *testing.T) {
	ctx := background(t)
	got, err := propagators.ContextWithToken(ctx, "")
	assert.NoError(t, err)
	assert.True(t, got == ctx)
}

func TestTokenIsATraceparentToOthers(t *testing.T) {
	token := propagators.Token(spanContext(trace.FlagsSampled))
	ctx := propagators.TraceContext{}.Extract(context.Background(), header([2]string{"traceparent", token}))
	assert.True(t, trace.SpanContextFromContext(ctx).IsSampled())
}

func TestTokenIsOneAllocation(t *testing.T) {
	ctx := sampledContext(t)
	assert.Equal(t, 1.0, testing.AllocsPerRun(100, func() { propagators.Token(ctx) }))
}

func FuzzToken(f *testing.F) {
	f.Add("00-4e0000000000000000000000000000ee-8c000000000000f1-01;order-7")
	f.Add(";order-7")
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		ctx, err := propagators.ContextWithToken(context.Background(), token)
		if err != nil {
			if ctx != context.Background() {
				t.Fatalf("%q: an error and another context", token)
			}
			return
		}
		again := propagators.Token(ctx)
		if len(again) > 255 || strings.ContainsFunc(again, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Fatalf("%q is no token", again)
		}
		back, err := propagators.ContextWithToken(context.Background(), again)
		if err != nil || propagators.Token(back) != again ||
			!trace.SpanContextFromContext(back).Equal(trace.SpanContextFromContext(ctx)) ||
			propagators.CorrelationIDFromContext(back) != propagators.CorrelationIDFromContext(ctx) {
			t.Fatalf("%q does not survive a round trip: %q, %v", token, again, err)
		}
	})
}

// FuzzTokenOfContext goes the other way: every context survives as a token.
func FuzzTokenOfContext(f *testing.F) {
	f.Add(make([]byte, 25), "order-7")
	f.Add([]byte("\x4e23456789012345678901234\x03"), strings.Repeat("x", 200))
	f.Fuzz(func(t *testing.T, raw []byte, id string) {
		var buf [25]byte
		copy(buf[:], raw)
		sc := trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: [16]byte(buf[:16]), SpanID: [8]byte(buf[16:24]), TraceFlags: trace.TraceFlags(buf[24]),
		})
		ctx := propagators.ContextWithCorrelationID(trace.ContextWithSpanContext(context.Background(), sc), id)
		token := propagators.Token(ctx)
		back, err := propagators.ContextWithToken(context.Background(), token)
		if err != nil || len(token) > 255 {
			t.Fatalf("%q: %v", token, err)
		}
		got := trace.SpanContextFromContext(back)
		if sc.IsValid() && (got.TraceID() != sc.TraceID() || got.SpanID() != sc.SpanID() ||
			got.TraceFlags() != sc.TraceFlags()&(trace.FlagsSampled|trace.FlagsRandom)) || got.IsValid() != sc.IsValid() {
			t.Fatalf("%v came back as %v", sc, got)
		}
		if want := propagators.CorrelationIDFromContext(ctx); propagators.CorrelationIDFromContext(back) != want && len(want) < 200 {
			t.Fatalf("correlation id %q came back as %q", want, propagators.CorrelationIDFromContext(back))
		}
	})
}
