// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

func TestTruncationCutsTheLongestValuesAndMarksTheSpan(t *testing.T) {
	s := stub()
	s.Attributes = []attribute.KeyValue{
		attribute.String("long", strings.Repeat("a", 5000)), attribute.String("longer", strings.Repeat("b", 9000)),
		attribute.String("short", strings.Repeat("c", 500)), attribute.Int("n", 1),
	}
	s.Events = []sdktrace.Event{{Name: strings.Repeat("d", 7000), Time: start}}
	var e encoder
	out, ok := e.appendTruncated(nil, s.Snapshot(), 12_000)
	require.True(t, ok)
	assert.LessOrEqual(t, len(out), 12_000)
	assert.Greater(t, len(out), 11_900, "no more is cut than has to be")
	spans, err := instrumenttest.DecodeZipkin([]byte("[" + string(out) + "]"))
	require.NoError(t, err)
	tags := spans[0].Tags
	assert.Equal(t, "3", tags["waymark.truncated"])
	assert.Equal(t, strings.Repeat("c", 500), tags["short"], "the short ones stay")
	assert.Equal(t, "1", tags["n"])
	assert.True(t, strings.HasPrefix(tags["long"], "aaa") && strings.HasSuffix(tags["long"], "a…"))
	assert.Len(t, tags["longer"], len(tags["long"]), "all of the long ones to one length")
	assert.Len(t, spans[0].Annotations[0].Value, len(tags["long"]))

	again, v := e.append(nil, s.Snapshot())
	assert.Equal(t, encoded, v)
	assert.NotContains(t, string(again), "truncated", "the next span is not cut")
	assert.Greater(t, len(again), 20_000)
}

func TestTruncationCutsWhateverIsLong(t *testing.T) {
	long := strings.Repeat("x\"", 5000)
	for name, change := range map[string]func(*tracetest.SpanStub){
		"name":             func(s *tracetest.SpanStub) { s.Name = long },
		"name of capitals": func(s *tracetest.SpanStub) { s.Name = strings.Repeat("É", 5000) },
		"key":              func(s *tracetest.SpanStub) { s.Attributes = []attribute.KeyValue{attribute.Int(long, 1)} },
		"list": func(s *tracetest.SpanStub) {
			s.Attributes = []attribute.KeyValue{attribute.StringSlice("k", []string{long, "b"})}
		},
		"resource attribute": func(s *tracetest.SpanStub) {
			s.Resource = resource.NewSchemaless(attribute.String("service.name", "s"), attribute.String("r", long))
		},
		"status": func(s *tracetest.SpanStub) { s.Status = sdktrace.Status{Code: codes.Error, Description: long} },
		"event attribute": func(s *tracetest.SpanStub) {
			s.Events = []sdktrace.Event{{Name: "e", Time: start, Attributes: []attribute.KeyValue{attribute.String("k", long)}}}
		},
		"remote endpoint": func(s *tracetest.SpanStub) {
			s.SpanKind, s.Attributes = 3, []attribute.KeyValue{attribute.String("peer.service", long)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := stub()
			change(&s)
			var e encoder
			out, ok := e.appendTruncated(nil, s.Snapshot(), 2000)
			require.True(t, ok)
			assert.LessOrEqual(t, len(out), 2000)
			spans, err := instrumenttest.DecodeZipkin([]byte("[" + string(out) + "]"))
			require.NoError(t, err)
			assert.NotEmpty(t, spans[0].Tags["waymark.truncated"])
		})
	}
}

func TestTruncationGivesUpOnASpanOfTooManyParts(t *testing.T) {
	s := stub()
	for i := range 200 {
		s.Attributes = append(s.Attributes, attribute.Int("key"+string(rune('a'+i%26))+string(rune('a'+i/26)), i))
	}
	var e encoder
	out, ok := e.appendTruncated([]byte("before"), s.Snapshot(), 1000)
	assert.False(t, ok)
	assert.Equal(t, "before", string(out))
}

func TestTruncationLeavesAloneWhatFits(t *testing.T) {
	var e encoder
	want, _ := e.append(nil, stub().Snapshot())
	got, ok := e.appendTruncated(nil, stub().Snapshot(), len(want))
	assert.True(t, ok)
	assert.Equal(t, string(want), string(got))
	_, ok = e.appendTruncated(nil, nil, 1000)
	assert.False(t, ok)
}

func TestRandomSpansAreTruncatedToAnySizeOrGivenUp(t *testing.T) {
	done := 0
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 4))
		entropy := make([]byte, 600)
		for i := range entropy {
			entropy[i] = byte(r.Uint32())
		}
		s := (&source{entropy}).span()
		s.Attributes = append(s.Attributes, attribute.String("filler", strings.Repeat(string(rune('a'+r.IntN(26)))+"\n", r.IntN(400))))
		size := 300 + r.IntN(2000)
		var e encoder
		out, ok := e.appendTruncated(nil, s.Snapshot(), size)
		if !ok {
			continue
		}
		done++
		require.LessOrEqual(t, len(out), size, "seed %d", seed)
		_, err := instrumenttest.DecodeZipkin([]byte("[" + string(out) + "]"))
		require.NoError(t, err, "seed %d", seed)
	}
	assert.Greater(t, done, 300)
}

func TestFitFindsTheGreatestLengthThatSavesEnough(t *testing.T) {
	for name, tc := range map[string]struct {
		lengths []int
		excess  int
		want    int
	}{
		"one":                 {[]int{10}, 4, 6},
		"the longest alone":   {[]int{3, 10, 5}, 5, 5},
		"two":                 {[]int{3, 10, 5}, 7, 4},
		"all":                 {[]int{3, 10, 5}, 12, 2},
		"everything":          {[]int{3, 10, 5}, 18, 0},
		"more than there is":  {[]int{3}, 4, 0},
		"nothing to be saved": {nil, 1, 0},
	} {
		assert.Equal(t, tc.want, fit(tc.lengths, tc.excess), name)
	}
}
