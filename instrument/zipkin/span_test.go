// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

var (
	shop  = resource.NewSchemaless(attribute.String("service.name", "Shop"))
	start = time.Date(2026, 3, 1, 12, 0, 0, 1_500, time.UTC) // 1.5 µs past noon
)

// stub is a small span that is right in every way.
func stub() tracetest.SpanStub {
	return tracetest.SpanStub{
		Name: "pay",
		SpanContext: trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: trace.TraceID{0x0a, 15: 0x0b}, SpanID: trace.SpanID{7: 0x0c}, TraceFlags: trace.FlagsSampled,
		}),
		StartTime: start,
		EndTime:   start.Add(3 * time.Millisecond),
		Resource:  shop,
	}
}

// batch returns n small spans of different ids.
func batch(n int) []sdktrace.ReadOnlySpan {
	spans := make([]sdktrace.ReadOnlySpan, n)
	for i := range spans {
		s := stub()
		s.SpanContext = s.SpanContext.WithSpanID(trace.SpanID{1, 6: byte(i >> 8), 7: byte(i)})
		spans[i] = s.Snapshot()
	}
	return spans
}

// text is a span with one attribute of n bytes.
func text(n int) sdktrace.ReadOnlySpan {
	s := stub()
	long := make([]byte, n)
	for i := range long {
		long[i] = 'a' + byte(i%26)
	}
	s.Attributes = []attribute.KeyValue{attribute.String("body", string(long)), attribute.String("small", "kept")}
	return s.Snapshot()
}

// realistic returns n spans of ten attributes and two events, as an HTTP
// client makes them.
func realistic(n int) []sdktrace.ReadOnlySpan {
	res := resource.NewSchemaless(
		attribute.String("service.name", "shop"), attribute.String("service.version", "1.2.3"),
		attribute.String("host.name", "node-17.eu.example"), attribute.String("telemetry.sdk.name", "opentelemetry"),
		attribute.String("telemetry.sdk.language", "go"), attribute.String("telemetry.sdk.version", "1.47.0"))
	spans := make([]sdktrace.ReadOnlySpan, n)
	for i := range spans {
		s := tracetest.SpanStub{
			Name:                 "GET /orders/{id}",
			SpanKind:             trace.SpanKindClient,
			StartTime:            start,
			EndTime:              start.Add(time.Duration(i) * time.Microsecond),
			Resource:             res,
			InstrumentationScope: instrumentation.Scope{Name: "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", Version: "0.72.0"},
			Attributes: []attribute.KeyValue{
				attribute.String("http.request.method", "GET"),
				attribute.String("url.full", fmt.Sprintf("http://catalog.example:8080/orders/%d?full=1", i)),
				attribute.String("server.address", "catalog.example"), attribute.Int("server.port", 8080),
				attribute.Int("http.response.status_code", 200), attribute.String("user_agent.original", "Go-http-client/1.1"),
				attribute.String("network.protocol.version", "1.1"), attribute.Bool("cache.hit", true),
				attribute.Float64("price", 12.5), attribute.String("customer.tier", "gold"),
			},
			Events: []sdktrace.Event{
				{Name: "retry", Time: start, Attributes: []attribute.KeyValue{attribute.Int("attempt", 1), attribute.String("reason", "connection reset")}},
				{Name: "first byte", Time: start},
			},
			Status: sdktrace.Status{Code: codes.Error, Description: "no such order"},
		}
		id := trace.SpanContextConfig{TraceID: trace.TraceID{1, byte(i >> 8), byte(i), 15: 1}, SpanID: trace.SpanID{2, byte(i >> 8), byte(i)}}
		s.SpanContext = trace.NewSpanContext(id)
		id.SpanID[0] = 3
		s.Parent = trace.NewSpanContext(id)
		spans[i] = s.Snapshot()
	}
	return spans
}
