// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"

	"github.com/waymark-otel/waymark/propagators"
)

// withoutKeys makes sure that the machine's environment decides nothing.
func withoutKeys(t *testing.T) {
	t.Setenv("WAYMARK_HMAC_KEYS", "")
	t.Setenv("WAYMARK_HMAC_KEYS_FILE", "")
}

func TestParse(t *testing.T) {
	t.Setenv("WAYMARK_HMAC_KEYS", "secret1")
	w3c, multi := []string{"traceparent", "tracestate"}, []string{"x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags"}
	join := func(lists ...[]string) (all []string) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	for list, fields := range map[string][]string{
		"tracecontext":                        w3c,
		"baggage":                             {"baggage"},
		"b3":                                  {"b3"},
		"b3multi":                             multi,
		"correlationid":                       {"x-correlation-id"},
		"xtraceinfo":                          {"x-trace-info", "x-trace-hmac"},
		"none":                                {},
		" None ":                              {},
		"none,none":                           {},
		"tracecontext,baggage":                join(w3c, []string{"baggage"}),
		"baggage,tracecontext":                join([]string{"baggage"}, w3c),
		"tracecontext, b3":                    join(w3c, []string{"b3"}),
		"\tTraceContext ,\n B3MULTI ":         join(w3c, multi),
		"b3,b3":                               {"b3"},
		"b3,B3 ,b3":                           {"b3"},
		"b3,b3multi":                          join([]string{"b3"}, multi),
		"b3multi,tracecontext,b3":             join([]string{"b3"}, multi, w3c),
		",tracecontext,,":                     w3c,
		"tracecontext,xtraceinfo, B3,baggage": join(w3c, []string{"x-trace-info", "x-trace-hmac", "b3", "baggage"}),
	} {
		t.Run(list, func(t *testing.T) {
			p, err := propagators.Parse(list)
			require.NoError(t, err)
			assert.Equal(t, fields, append([]string{}, p.Fields()...))
		})
	}
}

func TestParseKeepsTheOrderAsPrecedence(t *testing.T) {
	carrier := header([2]string{"traceparent", "00-" + idA + "-" + spA + "-01"}, [2]string{"b3", idB + "-" + spB + "-0"})
	for list, want := range map[string]string{
		"tracecontext, b3": "a/a 01, none", "b3,tracecontext": "b/b 00, deny", "b3multi,tracecontext,b3": "b/b 00, deny",
	} {
		p, err := propagators.Parse(list)
		require.NoError(t, err)
		assert.Equal(t, want, outcome(p.Extract(context.Background(), carrier)), list)
	}
}

func TestParseNone(t *testing.T) {
	p, err := propagators.Parse("none")
	require.NoError(t, err)
	ctx := background(t)
	assert.True(t, p.Extract(ctx, header([2]string{"traceparent", traceparent})) == ctx)
	assert.Empty(t, injected(sampledContext(t), p))
}

func TestParseErrors(t *testing.T) {
	withoutKeys(t)
	for list, want := range map[string]string{
		"":                      `propagators: the list is empty`,
		" , ,":                  `propagators: the list is empty`,
		"tracecontxt":           `propagators: "tracecontxt" is not known, the nearest known name is "tracecontext"`,
		"tracecontext,bagage":   `propagators: "bagage" is not known, the nearest known name is "baggage"`,
		"b3single":              `propagators: "b3single" is not known, the nearest known name is "b3"`,
		"trace":                 `propagators: "trace" is not known, the nearest known name is "tracecontext"`,
		"b3multiple":            `propagators: "b3multiple" is not known, the nearest known name is "b3multi"`,
		"B2":                    `propagators: "b2" is not known, the nearest known name is "b3"`,
		"x-trace-info":          `propagators: "x-trace-info" is not known, the nearest known name is "xtraceinfo"`,
		"correlation-id":        `propagators: "correlation-id" is not known, the nearest known name is "correlationid"`,
		"nome":                  `propagators: "nome" is not known, the nearest known name is "none"`,
		"none,tracecontext":     `propagators: "none,tracecontext" holds "none" beside other names`,
		"tracecontext;b3":       `propagators: "tracecontext;b3" is not known, the nearest known name is "tracecontext"`,
		"jaeger":                `propagators: "jaeger" is in go.opentelemetry.io/contrib/propagators/jaeger and must be registered by name; the nearest name known here is "baggage"`,
		"ottrace":               `propagators: "ottrace" is in go.opentelemetry.io/contrib/propagators/ot and must be registered by name; the nearest name known here is "baggage"`,
		"xray":                  `propagators: "xray" is in go.opentelemetry.io/contrib/propagators/aws/xray and must be registered by name; the nearest name known here is "b3"`,
		"xtraceinfo":            `propagators: "xtraceinfo" needs keys in WAYMARK_HMAC_KEYS or WAYMARK_HMAC_KEYS_FILE`,
		"\x1b[31m\n\"quoted\\ ": `propagators: "\x1b[31m\n\"quoted\\" is not known, the nearest known name is "b3multi"`,
	} {
		t.Run(list, func(t *testing.T) {
			p, err := propagators.Parse(list)
			assert.Nil(t, p)
			assert.EqualError(t, err, want)
		})
	}
	_, err := propagators.Parse(" ")
	assert.ErrorIs(t, err, propagators.ErrEmptyList)
	_, err = propagators.Parse(strings.Repeat("x", 1<<20))
	assert.Less(t, len(err.Error()), 200, "what is quoted is bounded")
}

func TestParseNamed(t *testing.T) {
	withoutKeys(t)
	jaeger := propagators.Named{Name: "Jaeger", Propagator: writer{"uber-trace-id", "1"}}
	p, err := propagators.Parse("tracecontext, jaeger", jaeger)
	require.NoError(t, err)
	assert.Equal(t, []string{"traceparent", "tracestate", "uber-trace-id"}, p.Fields())

	_, err = propagators.Parse("jaegr", jaeger)
	assert.EqualError(t, err, `propagators: "jaegr" is not known, the nearest known name is "jaeger"`)

	p, err = propagators.Parse("xtraceinfo", propagators.Named{Name: "xtraceinfo", Propagator: signed(t)})
	require.NoError(t, err, "the program's own comes before ours")
	assert.Equal(t, []string{"x-trace-info", "x-trace-hmac"}, p.Fields())

	p, err = propagators.Parse("correlationid", propagators.Named{Name: "correlationid", Propagator: propagators.CorrelationID{Header: "Request-Id"}})
	require.NoError(t, err)
	c, ok := propagators.CorrelationIDOf(p)
	assert.True(t, ok)
	assert.Equal(t, "Request-Id", c.Header)

	_, err = propagators.Parse("mine", propagators.Named{Name: "mine"})
	assert.EqualError(t, err, `propagators: "mine" is registered without a propagator`)

	var _ propagation.TextMapPropagator = p
}
