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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"

	//lint:ignore SA1019 it is the oracle
	official "go.opentelemetry.io/otel/exporters/zipkin"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

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
	s = scoped(s)
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
		dropped := events[i].DroppedAttributeCount
		if len(events[i].Attributes) == 0 && dropped == 0 {
			require.Equal(t, want[i].Value, have[i].Value)
			continue
		}
		ordinary, object := true, map[string]any{}
		for _, kv := range events[i].Attributes {
			value, usual := plain(kv.Value)
			object[string(kv.Key)] = value
			ordinary = ordinary && usual
		}
		if dropped > 0 { // what was dropped is told
			object[keyDroppedAttributes], ordinary = dropped, false
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
