// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
	"github.com/waymark-otel/waymark/propagators"
)

type marker struct{}

// background is a context that no other is identical to.
func background(t testing.TB) context.Context {
	return context.WithValue(t.Context(), marker{}, t.Name())
}

func newXTraceInfo(t testing.TB, c propagators.XTraceInfoConfig) *propagators.XTraceInfo {
	t.Helper()
	x, err := propagators.NewXTraceInfo(c)
	require.NoError(t, err)
	return x
}

func sign(key, text string) string {
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// osprofiler is a signed pair of headers around any JSON.
func osprofiler(key, json string) [][2]string {
	text := base64.URLEncoding.EncodeToString([]byte(json))
	return [][2]string{{"X-Trace-Info", text}, {"X-Trace-HMAC", sign(key, text)}}
}

func tomograph(pickled string) [][2]string {
	return [][2]string{{"X-Trace-Info", base64.StdEncoding.EncodeToString([]byte(pickled))}}
}

const pythonTwo = "(I6004799503160661\nI1234567890123456\ntp0\n."

func TestXTraceInfoVectors(t *testing.T) {
	for _, v := range xtraceVectors(t) {
		for kind, carrier := range carriers {
			t.Run(v.Name+"/"+kind, func(t *testing.T) {
				x, err := propagators.NewXTraceInfo(propagators.XTraceInfoConfig{HMACKeys: v.Keys, AllowUnsigned: v.Allow})
				if len(v.Keys) == 1 && v.Keys[0] == "" {
					require.Error(t, err, "an empty key must not be usable")
					return
				}
				require.NoError(t, err)
				ctx := background(t)
				got := x.Extract(ctx, carrier(v.Headers))
				if !v.Accepted {
					assert.True(t, got == ctx, "a rejected header leaves the context the identical value")
					return
				}
				sc := trace.SpanContextFromContext(got)
				assert.Equal(t, v.TraceID, sc.TraceID().String())
				assert.Equal(t, v.SpanID, sc.SpanID().String())
				assert.True(t, sc.IsRemote())
				assert.True(t, sc.IsSampled())
				assert.Equal(t, intent.Accept, intent.FromContext(got).For(sc.TraceID()))
			})
		}
	}
}

func TestXTraceInfoWithKeysTakesNothingUnsigned(t *testing.T) {
	const object = `{"base_id": "4e3e0ec6-2938-40b1-8504-09eb1d4b0dee"}`
	good := osprofiler("secret1", object)
	for name, headers := range map[string][][2]string{
		"tomograph":                     tomograph(pythonTwo),
		"tomograph, signed":             {tomograph(pythonTwo)[0], {"X-Trace-HMAC", sign("secret1", tomograph(pythonTwo)[0][1])}},
		"osprofiler, unsigned":          {good[0]},
		"osprofiler, blank signature":   {good[0], {"X-Trace-HMAC", "   "}},
		"signature of the decoded text": {good[0], {"X-Trace-HMAC", sign("secret1", object)}},
		"signature with the empty key":  {good[0], {"X-Trace-HMAC", sign("", good[0][1])}},
		"signature cut short":           {good[0], {"X-Trace-HMAC", good[1][1][:39]}},
		"signature with one digit off":  {good[0], {"X-Trace-HMAC", strings.Replace(good[1][1], good[1][1][:1], "x", 1)}},
		"two signatures":                {good[0], good[1], good[1]},
		"two headers, both signed":      {good[0], good[0], good[1]},
		"spaces around the header":      {{"X-Trace-Info", " " + good[0][1]}, good[1]},
	} {
		t.Run(name, func(t *testing.T) {
			x := newXTraceInfo(t, propagators.XTraceInfoConfig{HMACKeys: []string{"secret1"}, AllowUnsigned: true})
			ctx := background(t)
			assert.True(t, x.Extract(ctx, header(headers...)) == ctx)
			assert.True(t, x.Extract(ctx, carriers["message"](headers)) == ctx)
		})
	}
	x := newXTraceInfo(t, propagators.XTraceInfoConfig{HMACKeys: []string{"secret1"}, AllowUnsigned: true})
	assert.True(t, trace.SpanContextFromContext(x.Extract(t.Context(), header(good...))).IsValid(), "and the signed one is taken")
}

func TestXTraceInfoAllowUnsignedIsForTomographAlone(t *testing.T) {
	ctx := background(t)
	x := newXTraceInfo(t, propagators.XTraceInfoConfig{AllowUnsigned: true})
	signedPair := osprofiler("secret1", `{"base_id": "4e3e0ec6-2938-40b1-8504-09eb1d4b0dee"}`)
	assert.True(t, x.Extract(ctx, header(signedPair...)) == ctx, "no key to check it with")
	assert.True(t, x.Extract(ctx, header(signedPair[0])) == ctx)
	assert.False(t, x.Extract(ctx, header(tomograph(pythonTwo)...)) == ctx)
	assert.True(t, newXTraceInfo(t, propagators.XTraceInfoConfig{}).Extract(ctx, header(tomograph(pythonTwo)...)) == ctx)
}

func TestXTraceInfoSpecHeaders(t *testing.T) {
	x := unsigned(t)
	for _, text := range []string{"KEk2MDA0Nzk5NTAzMTYwNjYxCkkxMjM0NTY3ODkwMTIzNDU2CnRwMAou", "gAKKB1VVVVVVVRWKB8C6ijzVYgSGcQAu"} {
		sc := trace.SpanContextFromContext(x.Extract(t.Context(), header([2]string{"X-Trace-Info", text})))
		assert.Equal(t, "00000000000000000015555555555555", sc.TraceID().String())
		assert.Equal(t, "000462d53c8abac0", sc.SpanID().String())
	}
}

func TestXTraceInfoKeyRotation(t *testing.T) {
	const object = `{"base_id": "4e3e0ec6-2938-40b1-8504-09eb1d4b0dee", "parent_id": "1c089ea8-28fe-4f3d-8c00-f6daa2bc32f1"}`
	x := newXTraceInfo(t, propagators.XTraceInfoConfig{HMACKeys: []string{"new-key", "old-key"}})
	for key, want := range map[string]bool{"new-key": true, "old-key": true, "older-key": false} {
		ctx := background(t)
		assert.Equal(t, want, x.Extract(ctx, header(osprofiler(key, object)...)) != ctx, key)
	}
	sent := injected(sampledContext(t), x)
	assert.Equal(t, sign("new-key", sent["x-trace-info"]), sent["x-trace-hmac"], "the first key signs")
}

func TestXTraceInfoKeysAreChecked(t *testing.T) {
	for name, keys := range map[string][]string{
		"empty":        {""},
		"empty second": {"secret1", ""},
		"short":        {"short"},
	} {
		t.Run(name, func(t *testing.T) {
			x, err := propagators.NewXTraceInfo(propagators.XTraceInfoConfig{HMACKeys: keys})
			assert.Nil(t, x)
			require.Error(t, err)
			for _, key := range keys {
				if key != "" && key != "short" { // "short" is also what the error calls it
					assert.NotContains(t, err.Error(), key)
				}
			}
		})
	}
	_, err := propagators.NewXTraceInfo(propagators.XTraceInfoConfig{HMACKeys: []string{"secret1", "hush!"}})
	assert.EqualError(t, err, "propagators: X-Trace-Info HMAC key 2 of 2: 5 bytes, fewer than 6")
	_, err = propagators.NewXTraceInfo(propagators.XTraceInfoConfig{Inject: 3})
	assert.EqualError(t, err, "propagators: X-Trace-Info format 3 is not one of the three")
}

func TestXTraceInfoSignedFormIsLosslessBothWays(t *testing.T) {
	x := signed(t)
	ctx := sampledContext(t)
	carrier := injected(ctx, x)
	plain, err := base64.URLEncoding.DecodeString(carrier["x-trace-info"])
	require.NoError(t, err)
	assert.Equal(t, `{"base_id": "4e000000-0000-0000-0000-0000000000ee", "parent_id": "00000000-0000-0000-8c00-0000000000f1"}`, string(plain))
	back := trace.SpanContextFromContext(x.Extract(context.Background(), carrier))
	assert.Equal(t, trace.SpanContextFromContext(ctx).WithRemote(true), back)
	assert.Equal(t, []string{"x-trace-info", "x-trace-hmac"}, x.Fields())
}

func TestXTraceInfoTomographFormIsWhatPythonTwoWrites(t *testing.T) {
	x := unsigned(t)
	ctx := x.Extract(context.Background(), header(tomograph(pythonTwo)...))
	assert.Equal(t, propagation.MapCarrier{"x-trace-info": "KEk2MDA0Nzk5NTAzMTYwNjYxCkkxMjM0NTY3ODkwMTIzNDU2CnRwMAou"}, injected(ctx, x))
	assert.Equal(t, []string{"x-trace-info"}, x.Fields())

	wide := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{0: 1, 8: 0xff, 15: 1}, SpanID: trace.SpanID{0: 0xff, 7: 2}, TraceFlags: trace.FlagsSampled,
	}))
	sc := trace.SpanContextFromContext(x.Extract(context.Background(), injected(wide, x)))
	assert.Equal(t, trace.TraceID{8: 0x7f, 15: 1}, sc.TraceID(), "63 bits arrive")
	assert.Equal(t, trace.SpanID{0: 0x7f, 7: 2}, sc.SpanID())

	for name, ids := range map[string]trace.SpanContextConfig{
		"trace id": {TraceID: trace.TraceID{0: 1, 8: 0x80}, SpanID: trace.SpanID{7: 1}, TraceFlags: trace.FlagsSampled},
		"span id":  {TraceID: trace.TraceID{15: 1}, SpanID: trace.SpanID{0: 0x80}, TraceFlags: trace.FlagsSampled},
	} {
		narrow := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(ids))
		assert.Empty(t, injected(narrow, x), "a %s that 63 bits cannot tell from zero", name)
	}
}

func TestXTraceInfoIsNotSentForWhatIsNotSampled(t *testing.T) {
	sc := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}})
	dropped := trace.ContextWithSpanContext(context.Background(), sc)
	for name, x := range map[string]*propagators.XTraceInfo{"signed": signed(t), "tomograph": unsigned(t)} {
		t.Run(name, func(t *testing.T) {
			assert.Empty(t, injected(dropped, x), "to its receivers the header means traced")
			assert.Empty(t, injected(context.Background(), x))
			carrier := propagation.HeaderCarrier{"X-Trace-Info": {"stale"}, "X-Trace-Hmac": {"stale"}}
			x.Inject(dropped, carrier)
			assert.Empty(t, carrier, "nor a copy of the caller's")
		})
	}
}

func TestXTraceInfoWritesNothingUnlessItCanSignOrWasAsked(t *testing.T) {
	for name, c := range map[string]propagators.XTraceInfoConfig{
		"zero":                    {},
		"tomograph, extract only": {AllowUnsigned: true},
		"none":                    {HMACKeys: []string{"secret1"}, Inject: propagators.XTraceInfoNone},
	} {
		t.Run(name, func(t *testing.T) {
			x := newXTraceInfo(t, c)
			assert.Empty(t, injected(sampledContext(t), x))
			assert.Empty(t, x.Fields())
		})
	}
}

func TestXTraceInfoDeferLeavesSamplingToTheLocalRoot(t *testing.T) {
	for name, root := range map[string]sdktrace.Sampler{"always": sdktrace.AlwaysSample(), "never": sdktrace.NeverSample()} {
		t.Run(name, func(t *testing.T) {
			x := newXTraceInfo(t, propagators.XTraceInfoConfig{AllowUnsigned: true, Defer: true})
			ctx := x.Extract(context.Background(), header(tomograph(pythonTwo)...))
			sc := trace.SpanContextFromContext(ctx)
			assert.False(t, sc.IsSampled())
			assert.Equal(t, intent.Defer, intent.FromContext(ctx).For(sc.TraceID()))
			_, span := tracer(t, root).Start(ctx, "local")
			assert.Equal(t, name == "always", span.SpanContext().IsSampled())
			assert.Equal(t, sc.TraceID(), span.SpanContext().TraceID())
		})
	}
}

func TestXTraceInfoTomographCarriesOneRandomnessOnEveryHop(t *testing.T) {
	x := unsigned(t)
	first := x.Extract(context.Background(), header(tomograph(pythonTwo)...))
	second := x.Extract(context.Background(), injected(first, x))
	state := trace.SpanContextFromContext(first).TraceState()
	assert.Regexp(t, "^rv:[0-9a-f]{14}$", state.Get("ot"))
	assert.Equal(t, state, trace.SpanContextFromContext(second).TraceState())

	// SplitMix64 seeded with 1234567 gives 6457827717110365317 first (Rosetta
	// Code, "Pseudo-random numbers/Splitmix64"), 599ed017fb08fc85 in hex.
	ctx := x.Extract(context.Background(), header(tomograph("(I1234567\nI1\nt.")...))
	assert.Equal(t, "ot=rv:599ed017fb08fc", trace.SpanContextFromContext(ctx).TraceState().String())
}

func TestXTraceInfoBase64IsStrict(t *testing.T) {
	// 37 bytes leave four bits of the last digit unused; a strict decoder wants them zero.
	pickled := "(I6004799503160661\nI12345678901\ntp0\n."
	text := tomograph(pickled)[0][1]
	require.True(t, strings.HasSuffix(text, "Lg=="), text)
	for name, tc := range map[string]struct {
		text string
		want bool
	}{
		"as it is":            {text, true},
		"unused bits":         {strings.TrimSuffix(text, "Lg==") + "Lh==", false},
		"no padding":          {strings.TrimRight(text, "="), false},
		"more padding":        {text + "=", false},
		"line end at the end": {text + "\n", false},
		"CR inside":           {text[:8] + "\r" + text[8:], false},
		"space inside":        {text[:8] + " " + text[8:], false},
		"NUL inside":          {text[:8] + "\x00" + text[8:], false},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := background(t)
			assert.Equal(t, tc.want, unsigned(t).Extract(ctx, propagation.MapCarrier{"x-trace-info": tc.text}) != ctx)
		})
	}
	object := `{"base_id": "4e3e0ec6-2938-40b1-8504-09eb1d4b0dee"} `
	loose := strings.TrimSuffix(base64.URLEncoding.EncodeToString([]byte(object)), "IA==") + "IB=="
	ctx := background(t)
	assert.True(t, signed(t).Extract(ctx, header([2]string{"X-Trace-Info", loose}, [2]string{"X-Trace-HMAC", sign("secret1", loose)})) == ctx)
}

func TestXTraceInfoHeadersAreBounded(t *testing.T) {
	// The longest that still fits is signed and valid; one byte more is not read.
	fill := func(n int) [][2]string {
		json := `{"base_id": "4e3e0ec6-2938-40b1-8504-09eb1d4b0dee"}`
		return osprofiler("secret1", json+strings.Repeat(" ", n/4*3-len(json)))
	}
	x := signed(t)
	ctx := background(t)
	require.Len(t, fill(1024)[0][1], 1024)
	assert.False(t, x.Extract(ctx, header(fill(1024)...)) == ctx)
	assert.True(t, x.Extract(ctx, header(fill(1028)...)) == ctx)
	good := osprofiler("secret1", `{"base_id": "4e3e0ec6-2938-40b1-8504-09eb1d4b0dee"}`)
	assert.True(t, x.Extract(ctx, header(good[0], [2]string{"X-Trace-HMAC", strings.Repeat(" ", 1000) + good[1][1]})) == ctx)
}

func TestNilXTraceInfoDoesNothing(t *testing.T) {
	var x *propagators.XTraceInfo
	ctx := background(t)
	assert.True(t, x.Extract(ctx, header(tomograph(pythonTwo)...)) == ctx)
	assert.Empty(t, injected(sampledContext(t), x))
	assert.Empty(t, x.Fields())
}
