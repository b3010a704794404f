// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	"strings"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Rule says which spans a sampler decides. All fields that are set must match;
// a rule with none matches every span.
type Rule struct {
	// Route is the route of an HTTP server span, as "/orders/{id}": its
	// attribute http.route, or url.path while the route is not known yet.
	Route string
	// Name is a pattern for the span's name, in which * stands for any text,
	// also none: "GET /static/*". It takes no other special characters.
	Name string
	// Kind is the span's kind. A span started without one is internal.
	Kind trace.SpanKind
	// Attributes must all be there, with these values, when the span starts.
	Attributes []attribute.KeyValue
	// Sampler decides. Nil drops.
	Sampler sdktrace.Sampler
}

// Rules asks the sampler of the first rule that matches, and rest when none
// does. Drop health checks, keep all of the checkout and 1 % of the rest, and
// of all that at most 50 traces a second:
//
//	samplers.AtMost(50, samplers.Rules(samplers.Probability(0.01),
//		samplers.Rule{Route: "/healthz"},
//		samplers.Rule{Route: "/checkout", Sampler: samplers.Probability(1)},
//	))
//
// A rule sees what is known when the span starts and nothing later. Under
// [ParentBased] only roots are matched. The rules are copied; a nil rest
// samples nothing. It may be used from several goroutines if the samplers may.
func Rules(rest sdktrace.Sampler, of ...Rule) sdktrace.Sampler {
	s := &rules{rest: orNever(rest)}
	for _, r := range of {
		s.list = append(s.list, ruleOf(r))
		s.byRoute = s.byRoute || r.Route != ""
	}
	return s
}

type rules struct {
	list    []rule
	byRoute bool // any of them
	rest    sdktrace.Sampler
}

var _ sdktrace.Sampler = (*rules)(nil)

func (s *rules) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	q := question{parent: trace.SpanContextFromContext(p.ParentContext)}
	s.answer(&p, &q)
	return q.result
}

func (s *rules) answer(p *sdktrace.SamplingParameters, q *question) {
	var route string
	if s.byRoute {
		route = routeOf(p.Attributes)
	}
	for i := range s.list {
		r := &s.list[i]
		if (r.route == "" || r.route == route) && r.matches(p) {
			q.ask(r.sampler, p)
			return
		}
	}
	q.ask(s.rest, p)
}

func (s *rules) Description() string {
	var b strings.Builder
	b.WriteString("Rules{")
	for i := range s.list {
		b.WriteString(s.list[i].text)
		b.WriteString(s.list[i].sampler.Description())
		b.WriteByte(',')
	}
	return b.String() + "rest:" + s.rest.Description() + "}"
}

// rule is a Rule, ready to match.
type rule struct {
	route      string
	named      bool
	name       pattern
	kind       trace.SpanKind
	attributes []attribute.KeyValue
	sampler    sdktrace.Sampler
	text       string
}

func ruleOf(r Rule) rule {
	return rule{
		route:      r.Route,
		named:      r.Name != "",
		name:       patternOf(r.Name),
		kind:       r.Kind,
		attributes: append([]attribute.KeyValue(nil), r.Attributes...),
		sampler:    orNever(r.Sampler),
		text:       r.text(),
	}
}

// text is the rule's part of a description: "route=/a&kind=server:".
func (r *Rule) text() string {
	var fields []string
	if r.Route != "" {
		fields = append(fields, "route="+r.Route)
	}
	if r.Name != "" {
		fields = append(fields, "name="+r.Name)
	}
	if r.Kind != trace.SpanKindUnspecified {
		fields = append(fields, "kind="+r.Kind.String())
	}
	for _, a := range r.Attributes {
		fields = append(fields, string(a.Key)+"="+a.Value.String())
	}
	if len(fields) == 0 {
		return "any:"
	}
	return strings.Join(fields, "&") + ":"
}

// matches compares all but the route.
func (r *rule) matches(p *sdktrace.SamplingParameters) bool {
	if r.kind != trace.SpanKindUnspecified && r.kind != trace.ValidateSpanKind(p.Kind) {
		return false
	}
	if r.named && !r.name.matches(p.Name) {
		return false
	}
	for i := range r.attributes {
		if !has(p.Attributes, &r.attributes[i]) {
			return false
		}
	}
	return true
}

// The attributes of stable HTTP semantic conventions that name a route.
const (
	routeKey = "http.route"
	pathKey  = "url.path"
)

// routeOf returns the route, or the path where there is no route.
func routeOf(attributes []attribute.KeyValue) (route string) {
	for i := range attributes {
		switch attributes[i].Key {
		case routeKey:
			return attributes[i].Value.AsString()
		case pathKey:
			route = attributes[i].Value.AsString()
		}
	}
	return route
}

// has reports whether want is the value that counts of its key: of a key set
// twice, the later.
func has(attributes []attribute.KeyValue, want *attribute.KeyValue) bool {
	for i := len(attributes) - 1; i >= 0; i-- {
		if attributes[i].Key == want.Key {
			return attributes[i].Value == want.Value
		}
	}
	return false
}
