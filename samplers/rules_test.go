// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/samplers"
)

// span is what a sampler is told of one that starts.
type span struct {
	name       string
	kind       trace.SpanKind
	attributes []attribute.KeyValue
}

func (s span) askedOf(by sdktrace.Sampler) sdktrace.SamplingDecision {
	return by.ShouldSample(sdktrace.SamplingParameters{
		ParentContext: context.Background(), TraceID: dropped, Name: s.name, Kind: s.kind, Attributes: s.attributes,
	}).Decision
}

func request(route string) span {
	return span{name: "GET " + route, kind: trace.SpanKindServer, attributes: []attribute.KeyValue{
		attribute.String("http.request.method", "GET"),
		attribute.String("url.path", "/some/path"),
		attribute.String("url.scheme", "http"),
		attribute.String("http.route", route),
		attribute.Int("server.port", 8080),
	}}
}

func TestHealthChecksCheckoutAndTheRestInFourLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := samplers.AtMost(50, samplers.Rules(samplers.Probability(0.01),
			samplers.Rule{Route: "/healthz"},
			samplers.Rule{Route: "/checkout", Sampler: samplers.Probability(1)},
		))
		assert.Equal(t, sdktrace.Drop, request("/healthz").askedOf(s))
		assert.Equal(t, sdktrace.Drop, request("/orders/{id}").askedOf(s), "this trace id is not of the 1 %")
		n := 0
		for range 100 {
			if request("/checkout").askedOf(s) == sdktrace.RecordAndSample {
				n++
			}
		}
		assert.Equal(t, 50, n)
	})
}

func TestRuleMatchesOnEachOfItsFields(t *testing.T) {
	on := samplers.Probability(1)
	attrs := func(kv ...attribute.KeyValue) []attribute.KeyValue { return kv }
	for name, tc := range map[string]struct {
		rule samplers.Rule
		span span
		want bool
	}{
		"nothing asked":             {samplers.Rule{}, span{name: "x"}, true},
		"route":                     {samplers.Rule{Route: "/a"}, request("/a"), true},
		"another route":             {samplers.Rule{Route: "/a"}, request("/ab"), false},
		"route wins over path":      {samplers.Rule{Route: "/some/path"}, request("/a"), false},
		"path before route":         {samplers.Rule{Route: "/a"}, span{attributes: attrs(attribute.String("url.path", "/a"))}, true},
		"route wanted, none there":  {samplers.Rule{Route: "/a"}, span{name: "/a"}, false},
		"route that is no text":     {samplers.Rule{Route: "/a"}, span{attributes: attrs(attribute.Int("http.route", 1))}, false},
		"name":                      {samplers.Rule{Name: "price order"}, span{name: "price order"}, true},
		"name with more behind":     {samplers.Rule{Name: "price"}, span{name: "price order"}, false},
		"prefix":                    {samplers.Rule{Name: "GET /static/*"}, span{name: "GET /static/a/b.css"}, true},
		"prefix itself":             {samplers.Rule{Name: "GET /static/*"}, span{name: "GET /static/"}, true},
		"suffix":                    {samplers.Rule{Name: "*.css"}, span{name: "GET /a.css"}, true},
		"middle":                    {samplers.Rule{Name: "GET */admin/*"}, span{name: "GET /v1/admin/users"}, true},
		"middle that is not there":  {samplers.Rule{Name: "GET */admin/*"}, span{name: "GET /v1/users"}, false},
		"several in order":          {samplers.Rule{Name: "*a*b*c*"}, span{name: "xaxbxcx"}, true},
		"several out of order":      {samplers.Rule{Name: "*a*b*c*"}, span{name: "cba"}, false},
		"ends may not overlap":      {samplers.Rule{Name: "ab*ba"}, span{name: "aba"}, false},
		"star alone":                {samplers.Rule{Name: "*"}, span{}, true},
		"no other wildcards":        {samplers.Rule{Name: "a?[b]"}, span{name: "axb"}, false},
		"brackets are text":         {samplers.Rule{Name: "a?[b]"}, span{name: "a?[b]"}, true},
		"kind":                      {samplers.Rule{Kind: trace.SpanKindConsumer}, span{kind: trace.SpanKindConsumer}, true},
		"another kind":              {samplers.Rule{Kind: trace.SpanKindConsumer}, span{kind: trace.SpanKindServer}, false},
		"no kind is internal":       {samplers.Rule{Kind: trace.SpanKindInternal}, span{}, true},
		"text":                      {samplers.Rule{Attributes: attrs(attribute.String("k", "v"))}, span{attributes: attrs(attribute.String("k", "v"))}, true},
		"other text":                {samplers.Rule{Attributes: attrs(attribute.String("k", "v"))}, span{attributes: attrs(attribute.String("k", "w"))}, false},
		"number":                    {samplers.Rule{Attributes: attrs(attribute.Int("k", 1))}, span{attributes: attrs(attribute.Int("k", 1))}, true},
		"number is not its text":    {samplers.Rule{Attributes: attrs(attribute.Int("k", 1))}, span{attributes: attrs(attribute.String("k", "1"))}, false},
		"bool":                      {samplers.Rule{Attributes: attrs(attribute.Bool("k", true))}, span{attributes: attrs(attribute.Bool("k", true))}, true},
		"list":                      {samplers.Rule{Attributes: attrs(attribute.StringSlice("k", []string{"a", "b"}))}, span{attributes: attrs(attribute.StringSlice("k", []string{"a", "b"}))}, true},
		"other list":                {samplers.Rule{Attributes: attrs(attribute.StringSlice("k", []string{"a", "b"}))}, span{attributes: attrs(attribute.StringSlice("k", []string{"b", "a"}))}, false},
		"two, one missing":          {samplers.Rule{Attributes: attrs(attribute.Bool("k", true), attribute.Bool("l", true))}, span{attributes: attrs(attribute.Bool("k", true))}, false},
		"the later of two values":   {samplers.Rule{Attributes: attrs(attribute.Int("k", 2))}, span{attributes: attrs(attribute.Int("k", 1), attribute.Int("k", 2))}, true},
		"the earlier of two values": {samplers.Rule{Attributes: attrs(attribute.Int("k", 1))}, span{attributes: attrs(attribute.Int("k", 1), attribute.Int("k", 2))}, false},
		"all fields":                {samplers.Rule{Route: "/a", Name: "GET *", Kind: trace.SpanKindServer, Attributes: attrs(attribute.String("url.scheme", "http"))}, request("/a"), true},
		"all fields but one":        {samplers.Rule{Route: "/a", Name: "GET *", Kind: trace.SpanKindClient, Attributes: attrs(attribute.String("url.scheme", "http"))}, request("/a"), false},
	} {
		t.Run(name, func(t *testing.T) {
			tc.rule.Sampler = on
			assert.Equal(t, decision(tc.want), tc.span.askedOf(samplers.Rules(nil, tc.rule)))
		})
	}
}

func TestFirstRuleThatMatchesDecides(t *testing.T) {
	on, off := samplers.Probability(1), samplers.Probability(0)
	assert.Equal(t, sdktrace.Drop, request("/a").askedOf(samplers.Rules(on,
		samplers.Rule{Route: "/a", Sampler: off}, samplers.Rule{Route: "/a", Sampler: on})))
	assert.Equal(t, sdktrace.RecordAndSample, request("/b").askedOf(samplers.Rules(on, samplers.Rule{Route: "/a", Sampler: off})))
	assert.Equal(t, sdktrace.Drop, request("/b").askedOf(samplers.Rules(nil)), "no rest, nothing sampled")
}

func TestRulesKeepTheirOwnCopy(t *testing.T) {
	want := []attribute.KeyValue{attribute.Int("k", 1)}
	list := []samplers.Rule{{Attributes: want, Sampler: samplers.Probability(1)}}
	s := samplers.Rules(nil, list...)
	list[0] = samplers.Rule{}
	want[0] = attribute.Int("k", 2)
	assert.Equal(t, sdktrace.RecordAndSample, span{attributes: []attribute.KeyValue{attribute.Int("k", 1)}}.askedOf(s))
}
