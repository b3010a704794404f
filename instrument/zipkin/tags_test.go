// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

func TestTagsOfEachKindOfAttribute(t *testing.T) {
	for name, tc := range map[string]struct {
		value attribute.Value
		want  string
	}{
		"string":       {attribute.StringValue("a"), "a"},
		"true":         {attribute.BoolValue(true), "true"},
		"int":          {attribute.Int64Value(math.MinInt64), "-9223372036854775808"},
		"float":        {attribute.Float64Value(0.1), "0.1"},
		"large float":  {attribute.Float64Value(1e21), "1e+21"},
		"NaN":          {attribute.Float64Value(math.NaN()), "NaN"},
		"+Inf":         {attribute.Float64Value(math.Inf(1)), "Infinity"},
		"-Inf":         {attribute.Float64Value(math.Inf(-1)), "-Infinity"},
		"empty":        {attribute.Value{}, ""},
		"bools":        {attribute.BoolSliceValue([]bool{true, false}), "[true,false]"},
		"ints":         {attribute.Int64SliceValue([]int64{1, -2}), "[1,-2]"},
		"floats":       {attribute.Float64SliceValue([]float64{1.5, math.NaN(), math.Inf(-1)}), `[1.5,"NaN","-Infinity"]`},
		"strings":      {attribute.StringSliceValue([]string{"a<b", `"`}), `["a<b","\""]`},
		"no strings":   {attribute.StringSliceValue(nil), "[]"},
		"bytes":        {attribute.ByteSliceValue([]byte{0, 255, 1}), "AP8B"},
		"mixed list":   {attribute.SliceValue(attribute.IntValue(1), attribute.StringValue("b"), attribute.Value{}), `[1,"b",null]`},
		"map":          {attribute.MapValue(attribute.String("b", "c"), attribute.Bool("a", true)), `{"a":true,"b":"c"}`},
		"map in a map": {attribute.MapValue(attribute.KeyValue{Key: "m", Value: attribute.MapValue(attribute.Int("x", 1))}), `{"m":{"x":1}}`},
	} {
		t.Run(name, func(t *testing.T) {
			s := stub()
			s.Attributes = []attribute.KeyValue{{Key: "k", Value: tc.value}}
			assert.Equal(t, tc.want, decode(t, s).Tags["k"])
			s.Events = []sdktrace.Event{{Name: "e", Time: start, Attributes: s.Attributes}}
			value := decode(t, s).Annotations[0].Value
			object := strings.TrimPrefix(value, "e: ")
			assert.JSONEq(t, `{"k":`+string(appendJSON(nil, tc.value))+`}`, object)
		})
	}
}

func TestASpanAttributeIsNotOverriddenByItsResource(t *testing.T) {
	s := stub()
	s.Resource = resource.NewSchemaless(attribute.String("service.name", "shop"), attribute.String("region", "resource"), attribute.String("only", "resource"))
	s.Attributes = []attribute.KeyValue{attribute.String("region", "first"), attribute.String("service.name", "span"), attribute.String("region", "last")}
	got := decode(t, s)
	assert.Equal(t, map[string]string{"region": "last", "service.name": "span", "only": "resource"}, got.Tags)
	assert.Equal(t, "shop", got.LocalEndpoint.ServiceName, "the endpoint is the resource's all the same")
	assert.Equal(t, 1, strings.Count(encode(t, s), `"region"`), "a key is written once")
}

func TestAttributesOfAScopeAreTagsBetweenThoseOfTheSpanAndItsResource(t *testing.T) {
	s := stub()
	s.Attributes = []attribute.KeyValue{attribute.String("a", "span")}
	s.InstrumentationScope = instrumentation.Scope{Name: "lib", Attributes: attribute.NewSet(
		attribute.String("a", "scope"), attribute.String("b", "scope"), attribute.String("error", "scope"), attribute.String("otel.scope.name", "scope"))}
	s.Resource = resource.NewSchemaless(attribute.String("a", "resource"), attribute.String("b", "resource"), attribute.String("c", "resource"))
	assert.Equal(t, map[string]string{"a": "span", "b": "scope", "c": "resource", "otel.scope.name": "lib"}, decode(t, s).Tags)
	assert.Equal(t, 1, strings.Count(encode(t, s), `"b"`), "a key is written once")
}

func TestStatusAndScopeStandAboveAttributesOfTheirNames(t *testing.T) {
	s := stub()
	s.Attributes = []attribute.KeyValue{
		attribute.String("error", "false"), attribute.String("otel.status_code", "mine"), attribute.String("otel.scope.name", "mine"),
		attribute.String("otel.scope.version", "mine"), attribute.String("otel.dropped_links_count", "mine"), attribute.String("otel.other", "mine"),
	}
	tags := decode(t, s).Tags
	assert.NotContains(t, tags, "error", "to Zipkin, any value of it means failed")
	for _, key := range []string{"otel.status_code", "otel.scope.name", "otel.scope.version", "otel.dropped_links_count", "otel.other"} {
		assert.Equal(t, "mine", tags[key], key)
	}
	s.Status = sdktrace.Status{Code: codes.Error}
	s.InstrumentationScope = instrumentation.Scope{Name: "lib", Version: "v1"}
	s.DroppedLinks = 4
	tags = decode(t, s).Tags
	assert.Equal(t, map[string]string{
		"error": "", "otel.status_code": "ERROR", "otel.scope.name": "lib", "otel.scope.version": "v1",
		"otel.dropped_links_count": "4", "otel.other": "mine", "service.name": "Shop",
	}, tags)
	s.Status = sdktrace.Status{Code: codes.Ok}
	tags = decode(t, s).Tags
	assert.Equal(t, "OK", tags["otel.status_code"])
	assert.NotContains(t, tags, "error")
}

func TestKeysThatOccurAgainAmongManyAttributes(t *testing.T) {
	s := stub()
	for i := range 2 * maxScan {
		s.Attributes = append(s.Attributes, attribute.Int("k"+string(rune('a'+i%26)), i))
	}
	got := encode(t, s)
	assert.Equal(t, 1, strings.Count(got, `"ka":`))
	assert.Contains(t, got, `"ka":"494"`, "the last one")
	s.Resource = resource.NewSchemaless(attribute.String("service.name", "x"), attribute.String("kb", "resource"))
	assert.NotContains(t, encode(t, s), "resource")
}
