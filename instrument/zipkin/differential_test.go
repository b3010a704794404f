// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	//lint:ignore SA1019 it is the oracle
	official "go.opentelemetry.io/otel/exporters/zipkin"
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

func FuzzSpansEqualThoseOfTheOfficialExporter(f *testing.F) {
	for seed := range uint64(64) {
		entropy := make([]byte, 400)
		r := rand.New(rand.NewPCG(seed, 1))
		for i := range entropy {
			entropy[i] = byte(r.Uint32())
		}
		f.Add(entropy)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, entropy []byte) { compare(t, (&source{entropy}).span()) })
}

func TestRandomSpansEqualThoseOfTheOfficialExporter(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 2))
		entropy := make([]byte, 100+r.IntN(500))
		for i := range entropy {
			entropy[i] = byte(r.Uint32())
		}
		compare(t, (&source{entropy}).span())
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func compare(t *testing.T, s tracetest.SpanStub) {
	var e encoder
	got, v := e.append(nil, s.Snapshot())
	changed := s
	for _, difference := range differencesIn {
		difference(&changed)
	}
	body, err := json.Marshal(official.SpanModels([]sdktrace.ReadOnlySpan{changed.Snapshot()}))
	if err != nil || !s.SpanContext.IsValid() {
		require.Equal(t, invalid, v, "the official exporter says %v", err)
		return
	}
	require.Equal(t, encoded, v)
	want := read(t, body)
	for _, difference := range differencesOut {
		difference(&s, &want)
	}
	have := read(t, append(append([]byte("["), got...), ']'))
	compareAnnotations(t, changed.Events, want.Annotations, have.Annotations)
	want.Annotations, have.Annotations = nil, nil
	if len(want.Tags) == 0 {
		want.Tags = nil
	}
	require.Equal(t, want, have)
}

func read(t *testing.T, body []byte) instrumenttest.ZipkinSpan {
	t.Helper()
	spans, err := instrumenttest.DecodeZipkin(body)
	require.NoError(t, err, "%s", body)
	require.Len(t, spans, 1)
	return spans[0]
}

// compareAnnotations compares times and names as text and attributes as JSON,
// whose keys the official exporter sorts and whose < and > it escapes. Where
// it has nothing to compare with, because one value was NaN, or prints a Go
// struct, because one was a list or a map, plain stands in for it.
func compareAnnotations(t *testing.T, events []sdktrace.Event, want, have []instrumenttest.ZipkinAnnotation) {
	require.Len(t, have, len(want))
	for i := range want {
		require.Equal(t, want[i].Timestamp, have[i].Timestamp)
		name := clean(events[i].Name)
		if len(events[i].Attributes) == 0 {
			require.Equal(t, want[i].Value, have[i].Value)
			continue
		}
		ordinary, object := true, map[string]any{}
		for _, kv := range events[i].Attributes {
			value, usual := plain(kv.Value)
			object[string(kv.Key)] = value
			ordinary = ordinary && usual
		}
		expected, err := json.Marshal(object)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(have[i].Value, name+": "), "%q", have[i].Value)
		require.JSONEq(t, string(expected), strings.TrimPrefix(have[i].Value, name+": "))
		if ordinary {
			require.JSONEq(t, strings.TrimPrefix(want[i].Value, name+": "), strings.TrimPrefix(have[i].Value, name+": "))
		}
	}
}

// plain is v as encoding/json prints it, by OpenTelemetry's rules for
// protocols other than OTLP. usual tells that the official one does so too.
func plain(v attribute.Value) (value any, usual bool) {
	number := func(f float64) (any, bool) {
		switch {
		case math.IsNaN(f):
			return "NaN", false
		case math.IsInf(f, 0):
			return map[bool]string{true: "Infinity", false: "-Infinity"}[f > 0], false
		}
		return f, true
	}
	switch v.Type() {
	case attribute.FLOAT64:
		return number(v.AsFloat64())
	case attribute.FLOAT64SLICE:
		list, usual := []any{}, true
		for _, f := range v.AsFloat64Slice() {
			n, ok := number(f)
			list, usual = append(list, n), usual && ok
		}
		return list, usual
	case attribute.SLICE:
		list := []any{}
		for _, item := range v.AsSlice() {
			value, _ := plain(item)
			list = append(list, value)
		}
		return list, false
	case attribute.MAP:
		object := map[string]any{}
		for _, kv := range v.AsMap() {
			object[string(kv.Key)], _ = plain(kv.Value)
		}
		return object, false
	case attribute.STRINGSLICE:
		return v.AsStringSlice(), true
	}
	return v.AsInterface(), true
}

func TestEachListedDifferenceIsOne(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 3))
		entropy := make([]byte, 600)
		for i := range entropy {
			entropy[i] = byte(r.Uint32())
		}
		s := (&source{entropy}).span()
		models := func(s tracetest.SpanStub) string {
			return fmt.Sprintf("%+v", official.SpanModels([]sdktrace.ReadOnlySpan{s.Snapshot()})[0])
		}
		before := models(s)
		for name, difference := range differencesIn {
			changed := s
			difference(&changed)
			// Pointers print as addresses: only what they point to counts.
			seen[name] = seen[name] || pointers.ReplaceAllString(models(changed), "") != pointers.ReplaceAllString(before, "")
		}
		body, err := json.Marshal(official.SpanModels([]sdktrace.ReadOnlySpan{s.Snapshot()}))
		var spans []instrumenttest.ZipkinSpan
		if err == nil && json.Unmarshal(body, &spans) == nil {
			for name, difference := range differencesOut {
				want := spans[0]
				want.Tags = maps.Clone(want.Tags)
				difference(&s, &want)
				seen[name] = seen[name] || !reflect.DeepEqual(want, spans[0])
			}
		}
	}
	for name := range differencesIn {
		assert.True(t, seen[name], "no span shows that %s", name)
	}
	for name := range differencesOut {
		assert.True(t, seen[name], "no span shows that %s", name)
	}
}

var pointers = regexp.MustCompile(`0x[0-9a-f]+`)
