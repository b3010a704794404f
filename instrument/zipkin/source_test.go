// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"encoding/binary"
	"math"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// source makes spans of bytes, so that a fuzzer can steer them. When they are
// used up, it goes on with zeros.
type source struct{ rest []byte }

func (s *source) byte() byte {
	if len(s.rest) == 0 {
		return 0
	}
	b := s.rest[0]
	s.rest = s.rest[1:]
	return b
}

func (s *source) n(limit int) int { return int(s.byte()) % limit }

func (s *source) uint64() uint64 {
	var b [8]byte
	for i := range b {
		b[i] = s.byte()
	}
	return binary.BigEndian.Uint64(b[:])
}

// one returns one of choices, or, one time in eight, other.
func (s *source) one(choices []string, other func() string) string {
	if s.n(8) == 0 {
		return other()
	}
	return choices[s.n(len(choices))]
}

func (s *source) text() string {
	return s.one([]string{"", "a", "GET /x", "Ünïcode", "<b>&", `q"\`, "10.0.0.1", "::1", "::ffff:1.2.3.4", "fe80::1%x", "80", "70000", "-1", "\u2028"}, func() string {
		b := make([]byte, s.n(12))
		for i := range b {
			b[i] = s.byte()
		}
		return string(b)
	})
}

func (s *source) key() attribute.Key {
	return attribute.Key(s.one([]string{
		"a", "b", "c", "service.name", "error", "otel.status_code", "otel.scope.name", "otel.scope.version", "otel.x",
		"peer.service", "server.address", "net.peer.name", "network.peer.address", "network.peer.port", "server.socket.domain",
		"server.socket.address", "server.socket.port", "net.sock.peer.name", "net.sock.peer.addr", "net.sock.peer.port",
		"peer.hostname", "peer.address", "db.name",
	}, func() string { return string(rune('k' + s.n(8))) }))
}

func (s *source) float() float64 {
	switch s.n(8) {
	case 0:
		return math.NaN()
	case 1:
		return math.Inf(1)
	case 2:
		return math.Inf(-1)
	case 3:
		return math.Float64frombits(s.uint64())
	}
	return float64(s.n(100)) / 8
}

func (s *source) value(depth int) attribute.Value {
	kinds := 12
	if depth == 0 {
		kinds = 10
	}
	switch s.n(kinds) {
	case 0:
		return attribute.BoolValue(s.n(2) == 0)
	case 1:
		return attribute.Int64Value(int64(s.uint64()))
	case 2:
		return attribute.Float64Value(s.float())
	case 3:
		return attribute.IntValue(s.n(256) * 300)
	case 4:
		return attribute.BoolSliceValue(make([]bool, s.n(3)))
	case 5:
		return attribute.Int64SliceValue(make([]int64, s.n(3)))
	case 6:
		return attribute.Float64SliceValue([]float64{s.float(), s.float()})
	case 7:
		return attribute.StringSliceValue([]string{s.text(), s.text()})
	case 8:
		return attribute.ByteSliceValue([]byte(s.text()))
	case 10:
		return attribute.SliceValue(s.value(depth-1), s.value(depth-1))
	case 11:
		return attribute.MapValue(attribute.KeyValue{Key: "x", Value: s.value(depth - 1)}, attribute.KeyValue{Key: "y", Value: s.value(depth - 1)})
	}
	return attribute.StringValue(s.text())
}

func (s *source) attributes(limit int) []attribute.KeyValue {
	attrs := make([]attribute.KeyValue, s.n(limit))
	for i := range attrs {
		attrs[i] = attribute.KeyValue{Key: s.key(), Value: s.value(2)}
	}
	return attrs
}

func (s *source) time() time.Time {
	switch s.n(12) {
	case 0:
		return time.Time{}
	case 1:
		return time.Unix(int64(s.n(3))-1, int64(s.n(256))*3_900_000)
	case 2:
		return time.Date(1969, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
	}
	return start.Add(time.Duration(s.uint64() % uint64(time.Hour)))
}

func (s *source) ids() trace.SpanContext {
	var config trace.SpanContextConfig
	if s.n(4) > 0 {
		binary.BigEndian.PutUint64(config.TraceID[:8], s.uint64())
	}
	binary.BigEndian.PutUint64(config.TraceID[8:], s.uint64())
	binary.BigEndian.PutUint64(config.SpanID[:], s.uint64()&map[bool]uint64{true: math.MaxUint64, false: 1}[s.n(4) > 0])
	config.Remote = s.n(2) == 0
	return trace.NewSpanContext(config)
}

func (s *source) span() tracetest.SpanStub {
	span := tracetest.SpanStub{
		Name:                 s.text(),
		SpanKind:             trace.SpanKind(s.n(7)),
		SpanContext:          s.ids(),
		Parent:               s.ids(),
		StartTime:            s.time(),
		Attributes:           s.attributes(12),
		Status:               sdktrace.Status{Code: codes.Code(s.n(3)), Description: s.text()},
		Resource:             resource.NewSchemaless(s.attributes(6)...),
		InstrumentationScope: instrumentation.Scope{Name: s.text(), Version: s.text(), Attributes: s.scope()},
		DroppedAttributes:    s.n(3), DroppedEvents: s.n(3), DroppedLinks: s.n(3),
	}
	span.EndTime = s.time()
	if s.n(4) > 0 {
		span.EndTime = span.StartTime.Add(time.Duration(s.uint64() % uint64(time.Minute)))
	}
	for range s.n(4) {
		span.Events = append(span.Events, sdktrace.Event{
			Name: s.text(), Time: s.time(), Attributes: s.attributes(5), DroppedAttributeCount: s.n(6) / 4,
		})
	}
	return span
}

// scope returns attributes that a scope may have. None of them names the other
// side of a call, which only those of the span do.
func (s *source) scope() attribute.Set {
	attrs := make([]attribute.KeyValue, s.n(12)/9)
	for i := range attrs {
		attrs[i] = attribute.KeyValue{Key: attribute.Key([]string{"a", "b", "error", "otel.status_code", "k", "x"}[s.n(6)]), Value: s.value(2)}
	}
	return attribute.NewSet(attrs...)
}
