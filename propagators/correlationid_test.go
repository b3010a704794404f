// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/propagators"
)

func TestCorrelationIDReadsItsHeadersInOrder(t *testing.T) {
	for name, tc := range map[string]struct {
		c       propagators.CorrelationID
		headers [][2]string
		want    string
	}{
		"X-Correlation-ID":            {headers: [][2]string{{"X-Correlation-ID", "a"}}, want: "a"},
		"Correlation-ID":              {headers: [][2]string{{"Correlation-ID", "a"}}, want: "a"},
		"X-Request-ID":                {headers: [][2]string{{"X-Request-ID", "a"}}, want: "a"},
		"Request-Id":                  {headers: [][2]string{{"Request-Id", "a"}}, want: "a"},
		"all, last first":             {headers: [][2]string{{"Request-Id", "d"}, {"X-Request-ID", "c"}, {"Correlation-ID", "b"}, {"X-Correlation-ID", "a"}}, want: "a"},
		"an invalid first":            {headers: [][2]string{{"X-Correlation-ID", "no good"}, {"Request-Id", "d"}}, want: "d"},
		"an empty first":              {headers: [][2]string{{"X-Correlation-ID", ""}, {"Request-Id", "d"}}, want: "d"},
		"a list of its own":           {c: propagators.CorrelationID{Accept: []string{"x-b", "x-a"}}, headers: [][2]string{{"X-A", "a"}, {"X-B", "b"}, {"X-Correlation-ID", "c"}}, want: "b"},
		"its own list alone":          {c: propagators.CorrelationID{Accept: []string{"x-b"}}, headers: [][2]string{{"X-Correlation-ID", "c"}}},
		"no list":                     {c: propagators.CorrelationID{Accept: []string{}}, headers: [][2]string{{"X-Correlation-ID", "c"}}},
		"a name that is no header":    {c: propagators.CorrelationID{Accept: []string{"x b", "", "x-a"}}, headers: [][2]string{{"X-A", "a"}}, want: "a"},
		"a header of its own":         {c: propagators.CorrelationID{Header: "X-Order"}, headers: [][2]string{{"X-Order", "o"}, {"X-Correlation-ID", "c"}}, want: "o"},
		"the others beside it":        {c: propagators.CorrelationID{Header: "X-Order"}, headers: [][2]string{{"X-Correlation-ID", "c"}}, want: "c"},
		"one of the list keeps order": {c: propagators.CorrelationID{Header: "request-id"}, headers: [][2]string{{"Request-Id", "d"}, {"X-Correlation-ID", "c"}}, want: "c"},
		"none":                        {headers: [][2]string{{"X-Trace", "c"}}},
	} {
		for kind, carrier := range carriers {
			t.Run(name+"/"+kind, func(t *testing.T) {
				for _, p := range []propagation.TextMapPropagator{tc.c, propagators.First(tc.c), propagators.First(&tc.c)} {
					ctx := background(t)
					got := p.Extract(ctx, carrier(tc.headers))
					assert.Equal(t, tc.want, propagators.CorrelationIDFromContext(got))
					if tc.want == "" {
						assert.True(t, got == ctx)
					}
				}
			})
		}
	}
}

func TestCorrelationIDTakesTheFirstValidOfSeveralValues(t *testing.T) {
	carrier := header([2]string{"X-Request-ID", "not, one"}, [2]string{"X-Request-ID", "two"}, [2]string{"X-Request-ID", "three"})
	assert.Equal(t, "two", propagators.CorrelationIDFromContext(propagators.CorrelationID{}.Extract(t.Context(), carrier)))
}

func TestCorrelationIDIsAcceptedOrReplaced(t *testing.T) {
	for id, want := range map[string]bool{
		"4e3e0ec6-2938-40b1-8504-09eb1d4b0dee":     true, // UUID
		"4e3e0ec6-2938-90b1-8504-09eb1d4b0dee":     true, // after Envoy wrote its nibble
		"4e3e0ec6-2938-40b1-8504-09eb1d4b0dee#42":  true, // Kong's counter
		"Root=1-67891233-abcdef012345678912345678": true, // AWS
		"|7e7d3a.1_2.":             true, // .NET's Request-Id
		"a/b+c==":                  true, // base64
		"me@host~1:2":              true,
		strings.Repeat("x", 128):   true,
		strings.Repeat("x", 129):   false,
		strings.Repeat("x", 1<<20): false,
		"":                         false,
		" a":                       false,
		"a ":                       false,
		"a,b":                      false,
		"a;b":                      false,
		"a\"b":                     false,
		"a\\b":                     false,
		"<script>":                 false,
		"%0d%0a":                   false,
		"${jndi:ldap}":             false,
		"a\r\nSet-Cookie: b":       false,
		"a\n":                      false,
		"a\x00":                    false,
		"\x1b[31mred":              false,
		"a\x7f":                    false,
		"caf\u00e9":                false,
		"\x80":                     false,
		"\u202e":                   false,
	} {
		t.Run(id[:min(len(id), 40)], func(t *testing.T) {
			assert.Equal(t, want, propagators.CorrelationID{}.Valid(id))
			for _, carrier := range carriers {
				ctx := background(t)
				got := propagators.CorrelationID{}.Extract(ctx, carrier([][2]string{{"X-Correlation-ID", id}}))
				if !want {
					assert.True(t, got == ctx)
					continue
				}
				assert.Equal(t, id, propagators.CorrelationIDFromContext(got), "as it came")
			}
			if !want && len(id) != 129 {
				ctx := background(t)
				assert.True(t, propagators.ContextWithCorrelationID(ctx, id) == ctx, "nor from the program")
			}
		})
	}
}

func TestEveryByteOfACorrelationID(t *testing.T) {
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:+/=@#|~-"
	for b := range 256 {
		want := b < 0x80 && strings.IndexByte(allowed, byte(b)) >= 0
		assert.Equal(t, want, propagators.CorrelationID{}.Valid("a"+string([]byte{byte(b)})+"c"), "%#x", b)
	}
}

func TestCorrelationIDMaxBytes(t *testing.T) {
	for maxBytes, longest := range map[int]int{0: 128, -1: 128, 5: 5, 200: 200, 256: 256, 257: 256, 1 << 30: 256} {
		c := propagators.CorrelationID{MaxBytes: maxBytes}
		assert.True(t, c.Valid(strings.Repeat("x", longest)), "%d", maxBytes)
		assert.False(t, c.Valid(strings.Repeat("x", longest+1)), "%d", maxBytes)
	}
}

func TestCorrelationIDInject(t *testing.T) {
	ctx := propagators.ContextWithCorrelationID(t.Context(), "order-7")
	for name, tc := range map[string]struct {
		c    propagators.CorrelationID
		want http.Header
	}{
		"default":                   {propagators.CorrelationID{}, http.Header{"X-Correlation-Id": {"order-7"}}},
		"sprockets":                 {propagators.CorrelationID{Header: "Correlation-ID"}, http.Header{"Correlation-Id": {"order-7"}}},
		"divák":                     {propagators.CorrelationID{Header: "Request-Id"}, http.Header{"Request-Id": {"order-7"}}},
		"longer than it would take": {propagators.CorrelationID{MaxBytes: 3}, http.Header{}},
		"a name that is no header":  {propagators.CorrelationID{Header: "X Bad\r\n"}, http.Header{}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, p := range []propagation.TextMapPropagator{tc.c, propagators.First(tc.c)} {
				h := http.Header{}
				p.Inject(ctx, propagation.HeaderCarrier(h))
				assert.Equal(t, tc.want, h)
				for _, f := range p.Fields() {
					if len(tc.want) > 0 {
						assert.NotEmpty(t, h.Get(f))
					}
				}
			}
		})
	}
	assert.Empty(t, injected(t.Context(), propagators.CorrelationID{}), "nothing is invented")
	assert.Equal(t, []string{"x-correlation-id"}, propagators.CorrelationID{}.Fields())
	assert.Empty(t, propagators.CorrelationID{Header: "no header"}.Fields())
}

func TestCorrelationIDIsGenerated(t *testing.T) {
	traced := sampledContext(t)
	for name, tc := range map[string]struct {
		c    propagators.CorrelationID
		ctx  context.Context
		want string // a regular expression
	}{
		"the trace id":                 {ctx: traced, want: "^4e0000000000000000000000000000ee$"},
		"a UUID without a trace":       {ctx: t.Context(), want: "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"},
		"the program's own":            {c: propagators.CorrelationID{Generate: func(context.Context) string { return "own" }}, ctx: traced, want: "^own$"},
		"the program's own is no id":   {c: propagators.CorrelationID{Generate: func(context.Context) string { return "no\r\nid" }}, ctx: traced, want: "^4e0+ee$"},
		"the program's own is empty":   {c: propagators.CorrelationID{Generate: func(context.Context) string { return "" }}, ctx: t.Context(), want: "^[0-9a-f-]{36}$"},
		"the program's own panics":     {c: propagators.CorrelationID{Generate: func(context.Context) string { panic("no id") }}, ctx: traced, want: "^4e0+ee$"},
		"none":                         {c: propagators.CorrelationID{NoGenerate: true}, ctx: traced, want: "^$"},
		"none, whatever generates one": {c: propagators.CorrelationID{NoGenerate: true, Generate: func(context.Context) string { return "own" }}, ctx: traced, want: "^$"},
	} {
		t.Run(name, func(t *testing.T) { assert.Regexp(t, tc.want, tc.c.New(tc.ctx)) })
	}
}

func TestCorrelationIDGeneratesUUIDsOfVersion7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := map[string]bool{}
		for range 1000 {
			text := propagators.CorrelationID{}.New(t.Context())
			milliseconds, err := strconv.ParseInt(text[:8]+text[9:13], 16, 64)
			require.NoError(t, err)
			assert.Equal(t, time.Now().UnixMilli(), milliseconds)
			assert.Equal(t, byte('7'), text[14], "version")
			assert.Contains(t, "89ab", text[19:20], "variant of RFC 9562")
			assert.False(t, seen[text])
			seen[text] = true
		}
		before := propagators.CorrelationID{}.New(t.Context())
		time.Sleep(time.Millisecond)
		assert.Less(t, before, propagators.CorrelationID{}.New(t.Context()), "they sort by time")
	})
}

func TestContextWithCorrelationID(t *testing.T) {
	bare := background(t)
	assert.Empty(t, propagators.CorrelationIDFromContext(bare))
	var none context.Context
	assert.Empty(t, propagators.CorrelationIDFromContext(none))
	ctx := propagators.ContextWithCorrelationID(bare, "a")
	assert.Equal(t, "a", propagators.CorrelationIDFromContext(ctx))
	assert.Equal(t, bare.Value(marker{}), ctx.Value(marker{}), "the rest of the context stays")
	assert.True(t, propagators.ContextWithCorrelationID(ctx, "a") == ctx)
	assert.True(t, propagators.ContextWithCorrelationID(ctx, "not valid") == ctx)
	assert.True(t, propagators.ContextWithCorrelationID(bare, "") == bare)
	assert.Empty(t, propagators.CorrelationIDFromContext(propagators.ContextWithCorrelationID(ctx, "")))
	longest := strings.Repeat("x", 256)
	assert.Equal(t, longest, propagators.CorrelationIDFromContext(propagators.ContextWithCorrelationID(bare, longest)))

	parent, cancel := context.WithCancel(bare)
	child := propagators.ContextWithCorrelationID(parent, "a")
	cancel()
	assert.ErrorIs(t, child.Err(), context.Canceled)
}

// owner is how a propagator of another package names its CorrelationID.
type owner struct{ propagation.TextMapPropagator }

func (owner) CorrelationID() (propagators.CorrelationID, bool) {
	return propagators.CorrelationID{Header: "Owned"}, true
}

func TestCorrelationIDOf(t *testing.T) {
	mine := propagators.CorrelationID{Header: "Mine"}
	for name, tc := range map[string]struct {
		p    propagation.TextMapPropagator
		want string
		ok   bool
	}{
		"nil":                 {},
		"another":             {p: propagators.B3{}},
		"itself":              {p: mine, want: "Mine", ok: true},
		"a pointer":           {p: &mine, want: "Mine", ok: true},
		"a nil pointer":       {p: (*propagators.CorrelationID)(nil)},
		"an owner":            {p: owner{}, want: "Owned", ok: true},
		"First":               {p: propagators.First(propagators.B3{}, mine, propagators.CorrelationID{}), want: "Mine", ok: true},
		"First without":       {p: propagators.First(propagators.B3{})},
		"First within First":  {p: propagators.First(propagators.B3{}, propagators.First(mine)), want: "Mine", ok: true},
		"First with an owner": {p: propagators.First(owner{propagators.B3{}}), want: "Owned", ok: true},
		"First of nothing":    {p: propagators.First()},
	} {
		t.Run(name, func(t *testing.T) {
			c, ok := propagators.CorrelationIDOf(tc.p)
			assert.Equal(t, tc.ok, ok)
			assert.Equal(t, tc.want, c.Header)
		})
	}
}

func TestUntracedSpanContextGivesNoCorrelationID(t *testing.T) {
	ctx := trace.ContextWithSpanContext(t.Context(), trace.SpanContext{})
	assert.Len(t, propagators.CorrelationID{}.New(ctx), 36)
}
