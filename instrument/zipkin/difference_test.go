// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// Each difference from the official exporter is one of these functions, and
// one line of docs/zipkin.md. Those of the first list change the span that the
// official one is given, those of the second what came out of it. What is in
// neither list has to be equal.
var (
	differencesIn = map[string]func(*tracetest.SpanStub){
		"a resource attribute does not override one of the span": func(s *tracetest.SpanStub) {
			of := attribute.NewSet(append([]attribute.KeyValue{}, s.Attributes...)...)
			var rest []attribute.KeyValue
			for _, kv := range s.Resource.Attributes() {
				if !of.HasValue(kv.Key) || kv.Key == "service.name" { // which names the service, too
					rest = append(rest, kv)
				}
			}
			s.Resource = resource.NewSchemaless(rest...)
		},
		"an event without a time has that of the span's start": func(s *tracetest.SpanStub) {
			events := append([]sdktrace.Event{}, s.Events...)
			for i := range events {
				if events[i].Time.Unix() < 1 {
					if events[i].Time = s.StartTime; s.StartTime.IsZero() {
						events[i].Time = time.UnixMicro(1)
					}
				}
			}
			s.Events = events
		},
		"a span that did not start has no duration": func(s *tracetest.SpanStub) {
			if s.StartTime.IsZero() {
				s.EndTime = s.StartTime
			}
		},
		"Unicode's separators are newlines": func(s *tracetest.SpanStub) {
			s.Name, s.Status.Description = separators.Replace(s.Name), separators.Replace(s.Status.Description)
			s.InstrumentationScope.Name = separators.Replace(s.InstrumentationScope.Name)
			s.InstrumentationScope.Version = separators.Replace(s.InstrumentationScope.Version)
			s.Attributes = separated(s.Attributes)
			s.Resource = resource.NewSchemaless(separated(s.Resource.Attributes())...)
			s.Events = append([]sdktrace.Event{}, s.Events...)
			for i := range s.Events {
				s.Events[i].Name, s.Events[i].Attributes = separators.Replace(s.Events[i].Name), separated(s.Events[i].Attributes)
			}
		},
		"a span is not its own parent": func(s *tracetest.SpanStub) {
			if s.Parent.SpanID() == s.SpanContext.SpanID() {
				s.Parent = trace.SpanContext{}
			}
		},
		"a port out of range is not 65535": func(s *tracetest.SpanStub) {
			attrs := append([]attribute.KeyValue{}, s.Attributes...)
			for i, kv := range attrs {
				if strings.HasSuffix(string(kv.Key), ".port") && portOf(attrs[i:i+1], kv.Key) == 0 {
					attrs[i].Value = attribute.StringValue("none") // and see "tags" below
				}
			}
			s.Attributes = attrs
		},
		"only text names the other side": func(s *tracetest.SpanStub) {
			attrs := append([]attribute.KeyValue{}, s.Attributes...)
			for i, kv := range attrs {
				if remoteRank(kv.Key) > 0 && kv.Value.Type() != attribute.STRING {
					attrs[i].Value = attribute.StringValue("") // and see "tags" below
				}
			}
			s.Attributes = attrs
		},
	}
	differencesOut = map[string]func(original *tracetest.SpanStub, want *instrumenttest.ZipkinSpan){
		"tags: one form for each kind of value": func(s *tracetest.SpanStub, want *instrumenttest.ZipkinSpan) {
			// Those of the resource first: those of the span stand.
			for _, kv := range append(s.Resource.Attributes(), s.Attributes...) {
				if _, ok := want.Tags[clean(string(kv.Key))]; ok && !written(s, kv.Key) {
					want.Tags[clean(string(kv.Key))] = clean(kv.Value.String())
				}
			}
		},
		"what was dropped is told": func(s *tracetest.SpanStub, want *instrumenttest.ZipkinSpan) {
			for key, n := range map[string]int{
				keyDroppedAttributes: s.DroppedAttributes, keyDroppedEvents: s.DroppedEvents, keyDroppedLinks: s.DroppedLinks,
			} {
				if n > 0 {
					if want.Tags == nil {
						want.Tags = map[string]string{}
					}
					want.Tags[key] = attribute.IntValue(n).String()
				}
			}
		},
		"an id that a remote caller shares is told": func(s *tracetest.SpanStub, want *instrumenttest.ZipkinSpan) {
			want.Shared = s.Parent.IsRemote() && s.Parent.SpanID() == s.SpanContext.SpanID()
		},
	}
)

// scoped returns s with the attributes of its scope that it does not have as
// its own, for the official exporter, which leaves them out.
func scoped(s tracetest.SpanStub) tracetest.SpanStub {
	of := attribute.NewSet(append([]attribute.KeyValue{}, s.Attributes...)...)
	attrs := append([]attribute.KeyValue{}, s.Attributes...)
	scope := s.Snapshot().InstrumentationScope().Attributes // a stub forgets those of a scope without a name
	for _, kv := range scope.ToSlice() {
		if !of.HasValue(kv.Key) {
			attrs = append(attrs, kv)
		}
	}
	s.Attributes = attrs
	return s
}

// written reports whether both exporters write the tag key themselves.
func written(s *tracetest.SpanStub, key attribute.Key) bool {
	switch key {
	case "error":
		return true
	case "otel.status_code":
		return s.Status.Code != codes.Unset
	case "otel.scope.name":
		return s.InstrumentationScope.Name != ""
	case "otel.scope.version":
		return s.InstrumentationScope.Name != "" && s.InstrumentationScope.Version != ""
	}
	return false
}

// clean is s as ours carries it in JSON.
func clean(s string) string { return separators.Replace(string([]rune(s))) }

// separated returns attrs with newlines for separators in keys and text.
func separated(attrs []attribute.KeyValue) []attribute.KeyValue {
	out := append([]attribute.KeyValue{}, attrs...)
	for i, kv := range out {
		out[i].Key = attribute.Key(separators.Replace(string(kv.Key)))
		if kv.Value.Type() == attribute.STRING {
			out[i].Value = attribute.StringValue(separators.Replace(kv.Value.AsString()))
		}
	}
	return out
}
