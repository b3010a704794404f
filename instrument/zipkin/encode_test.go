// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// encode returns the JSON of s, which must be encodable.
func encode(t *testing.T, s tracetest.SpanStub) string {
	t.Helper()
	var e encoder
	out, v := e.append(nil, s.Snapshot())
	require.Equal(t, encoded, v)
	_, err := instrumenttest.DecodeZipkin([]byte("[" + string(out) + "]"))
	require.NoError(t, err)
	return string(out)
}

// decode is encode, read back.
func decode(t *testing.T, s tracetest.SpanStub) instrumenttest.ZipkinSpan {
	t.Helper()
	spans, err := instrumenttest.DecodeZipkin([]byte("[" + encode(t, s) + "]"))
	require.NoError(t, err)
	return spans[0]
}

func TestSpanOfEveryFieldIsEncoded(t *testing.T) {
	s := tracetest.SpanStub{
		Name:        "GET /Orders",
		SpanKind:    trace.SpanKindClient,
		SpanContext: trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{0xaa, 15: 0x01}, SpanID: trace.SpanID{0xbb}}),
		Parent:      trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{0xaa, 15: 0x01}, SpanID: trace.SpanID{0xcc}}),
		StartTime:   start,
		EndTime:     start.Add(1500 * time.Microsecond),
		Attributes:  []attribute.KeyValue{attribute.String("server.address", "DB.example"), attribute.Int("n", -7)},
		Events: []sdktrace.Event{
			{Name: "sent", Time: start.Add(time.Millisecond)},
			{Name: "retry", Time: start.Add(2 * time.Millisecond), Attributes: []attribute.KeyValue{attribute.Int("attempt", 2), attribute.String("why", `"x"`)}},
		},
		Status:               sdktrace.Status{Code: codes.Error, Description: "boom"},
		Resource:             resource.NewSchemaless(attribute.String("service.name", "Shop"), attribute.String("zone", "eu")),
		InstrumentationScope: instrumentation.Scope{Name: "lib", Version: "v1"},
		DroppedAttributes:    1, DroppedEvents: 2, DroppedLinks: 3,
	}
	want := `{"traceId":"aa000000000000000000000000000001","parentId":"cc00000000000000","id":"bb00000000000000","kind":"CLIENT",` +
		`"name":"get /orders","timestamp":1772366400000002,"duration":1500,` +
		`"localEndpoint":{"serviceName":"shop"},"remoteEndpoint":{"serviceName":"db.example"},` +
		`"annotations":[{"timestamp":1772366400001002,"value":"sent"},` +
		`{"timestamp":1772366400002002,"value":"retry: {\"attempt\":2,\"why\":\"\\\"x\\\"\"}"}],` +
		`"tags":{"server.address":"DB.example","n":"-7","service.name":"Shop","zone":"eu","error":"boom","otel.status_code":"ERROR",` +
		`"otel.scope.name":"lib","otel.scope.version":"v1","otel.dropped_attributes_count":"1",` +
		`"otel.dropped_events_count":"2","otel.dropped_links_count":"3"}}`
	assert.Equal(t, want, encode(t, s))
}

func TestSpanOfNextToNothingIsEncoded(t *testing.T) {
	s := tracetest.SpanStub{
		SpanContext: trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{15: 1}, SpanID: trace.SpanID{7: 2}}),
		Resource:    resource.NewSchemaless(attribute.String("service.name", "")),
	}
	assert.Equal(t, `{"traceId":"0000000000000001","id":"0000000000000002","tags":{"service.name":""}}`, encode(t, s))
	s.Resource = resource.Empty()
	assert.Contains(t, encode(t, s), `"localEndpoint":{"serviceName":"unknown_service:`)
	s.Resource = nil
	assert.Contains(t, encode(t, s), `"localEndpoint":{"serviceName":"unknown_service:`)
}

func TestTraceIDOfWhichOnlyTheLowHalfIsSetIs64Bits(t *testing.T) {
	s := stub()
	s.SpanContext = s.SpanContext.WithTraceID(trace.TraceID{8: 0x12, 15: 0x34})
	assert.Equal(t, "1200000000000034", decode(t, s).TraceID)
	s.SpanContext = s.SpanContext.WithTraceID(trace.TraceID{7: 1})
	assert.Equal(t, "00000000000000010000000000000000", decode(t, s).TraceID)
}

func TestKindsOfZipkin(t *testing.T) {
	for kind, want := range map[trace.SpanKind]string{
		trace.SpanKindUnspecified: "", trace.SpanKindInternal: "", trace.SpanKindServer: "SERVER", trace.SpanKindClient: "CLIENT",
		trace.SpanKindProducer: "PRODUCER", trace.SpanKindConsumer: "CONSUMER", trace.SpanKind(99): "",
	} {
		s := stub()
		s.SpanKind = kind
		assert.Equal(t, want, decode(t, s).Kind, "%v", kind)
	}
}

func TestTimesAreRoundedToMicroseconds(t *testing.T) {
	second := time.Unix(100, 0)
	for name, tc := range map[string]struct {
		start, end          time.Time
		timestamp, duration int64
	}{
		"exact":                    {second, second.Add(time.Microsecond), 100_000_000, 1},
		"no time passed":           {second, second, 100_000_000, 0},
		"less than a microsecond":  {second, second.Add(1), 100_000_000, 1},
		"half rounds up":           {second.Add(500), second.Add(2_000), 100_000_001, 2},
		"below half rounds down":   {second.Add(499), second.Add(1_898), 100_000_000, 1},
		"carries into the second":  {second.Add(999_999_500), second.Add(999_999_500), 101_000_000, 0},
		"no start":                 {time.Time{}, second, 0, 0},
		"first allowed":            {time.Unix(1, 0), time.Unix(1, 0), 1_000_000, 0},
		"beyond int64 nanoseconds": {time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2500, 1, 1, 0, 0, 1, 0, time.UTC), 16725225600000000, 1_000_000},
		"longest duration":         {second, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), 100_000_000, math.MaxInt64 / 1000},
	} {
		t.Run(name, func(t *testing.T) {
			s := stub()
			s.StartTime, s.EndTime = tc.start, tc.end
			got := decode(t, s)
			assert.Equal(t, tc.timestamp, got.Timestamp)
			assert.Equal(t, tc.duration, got.Duration)
		})
	}
}

// broken is a span whose methods panic, as one that wraps nothing does.
type broken struct{ sdktrace.ReadOnlySpan }

func TestSpansThatNoServerWouldTakeAreInvalid(t *testing.T) {
	with := func(change func(*tracetest.SpanStub)) sdktrace.ReadOnlySpan {
		s := stub()
		change(&s)
		return s.Snapshot()
	}
	for name, span := range map[string]sdktrace.ReadOnlySpan{
		"nil":                  nil,
		"panics":               broken{},
		"no trace id":          with(func(s *tracetest.SpanStub) { s.SpanContext = s.SpanContext.WithTraceID(trace.TraceID{}) }),
		"no span id":           with(func(s *tracetest.SpanStub) { s.SpanContext = s.SpanContext.WithSpanID(trace.SpanID{}) }),
		"ends before it began": with(func(s *tracetest.SpanStub) { s.EndTime = s.StartTime.Add(-1) }),
		"has not ended":        with(func(s *tracetest.SpanStub) { s.EndTime = time.Time{} }),
		"before 1970":          with(func(s *tracetest.SpanStub) { s.StartTime = time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC) }),
		"first second of 1970": with(func(s *tracetest.SpanStub) { s.StartTime = time.Unix(0, 999_999_999) }),
	} {
		t.Run(name, func(t *testing.T) {
			var e encoder
			out, v := e.append([]byte("before"), span)
			assert.Equal(t, invalid, v)
			assert.Equal(t, "before", string(out))
		})
	}
}

func TestAnEventKeepsItsOtherAttributesBesideNaN(t *testing.T) {
	s := stub()
	s.Events = []sdktrace.Event{{Name: "e", Time: start, Attributes: []attribute.KeyValue{
		attribute.Float64("ratio", math.NaN()), attribute.Int("n", 1), attribute.Float64("x", math.Inf(1)), attribute.Int("n", 2),
		{Key: "none"},
	}}}
	assert.Equal(t, `e: {"ratio":"NaN","x":"Infinity","n":2,"none":null}`, decode(t, s).Annotations[0].Value)
}

func TestAnEventTellsHowManyAttributesItDropped(t *testing.T) {
	s := stub()
	s.Events = []sdktrace.Event{
		{Name: "some", Time: start, DroppedAttributeCount: 3, Attributes: []attribute.KeyValue{
			attribute.Int("n", 1), attribute.Int("otel.dropped_attributes_count", 9),
		}},
		{Name: "all", Time: start, DroppedAttributeCount: 1},
		{Name: "none", Time: start},
	}
	got := decode(t, s).Annotations
	assert.Equal(t, `some: {"n":1,"otel.dropped_attributes_count":3}`, got[0].Value)
	assert.Equal(t, `all: {"otel.dropped_attributes_count":1}`, got[1].Value)
	assert.Equal(t, "none", got[2].Value)
}

func TestEventsWithoutATimeHaveThatOfTheStart(t *testing.T) {
	s := stub()
	s.Events = []sdktrace.Event{{Name: "zero"}, {Name: "early", Time: time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC)}}
	for _, a := range decode(t, s).Annotations {
		assert.Equal(t, int64(1772366400000002), a.Timestamp, a.Value)
	}
	s.StartTime, s.EndTime = time.Time{}, time.Time{}
	assert.EqualValues(t, 1, decode(t, s).Annotations[0].Timestamp)
}

func TestASpanIDSharedWithARemoteParentIsMarked(t *testing.T) {
	s := stub()
	s.SpanKind = trace.SpanKindServer
	s.Parent = s.SpanContext.WithRemote(true)
	got := decode(t, s)
	assert.True(t, got.Shared)
	assert.Empty(t, got.ParentID, "a span that is its own parent is a circle")
	s.Parent = s.SpanContext.WithRemote(false)
	got = decode(t, s)
	assert.False(t, got.Shared)
	assert.Empty(t, got.ParentID)
}

func TestDebugIsToldOfTheSpansItIsAskedFor(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	e := dial(t, c.URL, WithDebug(func(s sdktrace.ReadOnlySpan) bool { return s.SpanContext().SpanID()[7] == 1 }))
	require.NoError(t, e.ExportSpans(context.Background(), batch(3)))
	var debug []bool
	for _, span := range c.Spans() {
		debug = append(debug, span.Debug)
	}
	assert.Equal(t, []bool{false, true, false}, debug)
}

func TestHostileTextBecomesValidJSON(t *testing.T) {
	for name, text := range map[string]string{
		"quotes":          `a"b\c`,
		"control":         "\x00\x01\x1f\x7f\b\f\n\r\t",
		"invalid UTF-8":   "a\xff\xc3(\xe2\x82",
		"surrogate":       "\xed\xa0\x80",
		"line separators": "\u2028\u2029",
		"emoji":           "smile 😀 é",
		"markup":          "</script><b>&",
		"tail of eight":   "12345678\"",
		"eight with one":  "1234567\xff12345678",
	} {
		t.Run(name, func(t *testing.T) {
			s := stub()
			s.Name = text
			s.Attributes = []attribute.KeyValue{attribute.String(text, text)}
			s.Events = []sdktrace.Event{{Name: text, Time: start, Attributes: []attribute.KeyValue{attribute.String(text, text)}}}
			s.Status = sdktrace.Status{Code: codes.Error, Description: text}
			clean := separators.Replace(string([]rune(text))) // U+FFFD for each byte that is not UTF-8
			got := decode(t, s)
			assert.Equal(t, strings.ToLower(clean), got.Name)
			assert.Equal(t, clean, got.Tags[clean])
			assert.Equal(t, clean, got.Tags["error"])
			assert.True(t, strings.HasPrefix(got.Annotations[0].Value, clean+": {"))
		})
	}
}

func TestNamesAreInLowerCaseOfAnyScript(t *testing.T) {
	for _, name := range []string{"GET /Orders", "ÉCOLE ß", "İstanbul", "ΑΣ", "K \xff A", "", "already lower"} {
		s := stub()
		s.Name = name
		assert.Equal(t, strings.ToLower(name), decode(t, s).Name)
	}
}

func TestEncodingDoesNotAllocate(t *testing.T) {
	spans := realistic(64)
	var e encoder
	buf, _ := e.append(nil, spans[0])
	buf = make([]byte, 0, 2*len(buf))
	n := testing.AllocsPerRun(100, func() {
		for _, span := range spans {
			buf, _ = e.append(buf[:0], span)
		}
	})
	assert.Zero(t, n, "allocations for 64 spans")
}
