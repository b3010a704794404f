// SPDX-License-Identifier: Apache-2.0

package benchmarks

// go test -bench Zipkin -benchmem -run '^$' ./internal/benchmarks

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/openzipkin/zipkin-go/model"
	"github.com/openzipkin/zipkin-go/proto/zipkin_proto3"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	//lint:ignore SA1019 it is the peer
	official "go.opentelemetry.io/otel/exporters/zipkin"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/zipkin"
)

// service describes the program whose spans these are.
var service = resource.NewSchemaless(
	attribute.String("service.name", "shop"), attribute.String("service.version", "1.2.3"),
	attribute.String("host.name", "node-17.eu.example"), attribute.String("telemetry.sdk.name", "opentelemetry"),
	attribute.String("telemetry.sdk.language", "go"), attribute.String("telemetry.sdk.version", "1.47.0"))

// callAttributes are the ten attributes of call i.
func callAttributes(i int) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("http.request.method", "GET"),
		attribute.String("url.full", fmt.Sprintf("http://catalog.example:8080/orders/%d?full=1", i)),
		attribute.String("server.address", "catalog.example"), attribute.Int("server.port", 8080),
		attribute.Int("http.response.status_code", 200), attribute.String("user_agent.original", "Go-http-client/1.1"),
		attribute.String("network.protocol.version", "1.1"), attribute.Bool("cache.hit", true),
		attribute.Float64("price", 12.5), attribute.String("customer.tier", "gold"),
	}
}

// calls returns n spans of an HTTP client: ten attributes, two events, ids at
// random.
func calls(n int) []sdktrace.ReadOnlySpan {
	memory := tracetest.NewInMemoryExporter()
	tp := sdktrace.NewTracerProvider(sdktrace.WithSyncer(memory), sdktrace.WithResource(service))
	for i := range n {
		call(tp.Tracer("go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", trace.WithInstrumentationVersion("0.72.0")), callAttributes(i))
	}
	return memory.GetSpans().Snapshots()
}

func call(tracer trace.Tracer, attrs []attribute.KeyValue) {
	_, span := tracer.Start(context.Background(), "GET /orders/{id}", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attrs...))
	span.AddEvent("retry", trace.WithAttributes(attribute.Int("attempt", 1), attribute.String("reason", "connection reset")))
	span.AddEvent("first byte")
	span.SetStatus(codes.Error, "no such order")
	span.End()
}

// swallow takes every request at once.
type swallow struct{ bytes int64 }

func (n *swallow) RoundTrip(r *http.Request) (*http.Response, error) {
	n.bytes, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{StatusCode: http.StatusAccepted, Body: http.NoBody, Header: http.Header{}}, nil
}

// BenchmarkZipkin turns 512 spans into the body of a request and hands it to
// a transport that takes it at once. The first three are alone in encoding.
func BenchmarkZipkin(b *testing.B) {
	const batch = 512
	spans := calls(batch)
	perSpan := func(b *testing.B, bytes int) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/span")
		b.ReportMetric(float64(bytes)/batch, "wire-B/span")
	}
	export := func(b *testing.B, open func(*http.Client) (sdktrace.SpanExporter, error)) {
		sink := &swallow{}
		e, err := open(&http.Client{Transport: sink})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if err := e.ExportSpans(context.Background(), spans); err != nil {
				b.Fatal(err)
			}
		}
		perSpan(b, int(sink.bytes))
	}
	b.Run("json/waymark", func(b *testing.B) {
		export(b, func(c *http.Client) (sdktrace.SpanExporter, error) {
			return zipkin.New("http://collector.example", zipkin.WithClient(c), zipkin.WithGzipAbove(-1))
		})
	})
	b.Run("json/official", func(b *testing.B) {
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			body, err := json.Marshal(official.SpanModels(spans))
			if err != nil {
				b.Fatal(err)
			}
			n = len(body)
		}
		perSpan(b, n)
	})
	b.Run("proto3/zipkin-go", func(b *testing.B) {
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			models := official.SpanModels(spans)
			pointers := make([]*model.SpanModel, len(models))
			for i := range models {
				pointers[i] = &models[i]
			}
			body, err := zipkin_proto3.SpanSerializer{}.Serialize(pointers)
			if err != nil {
				b.Fatal(err)
			}
			n = len(body)
		}
		perSpan(b, n)
	})
	b.Run("export/waymark with gzip", func(b *testing.B) {
		export(b, func(c *http.Client) (sdktrace.SpanExporter, error) {
			return zipkin.New("http://collector.example", zipkin.WithClient(c))
		})
	})
	b.Run("export/official", func(b *testing.B) {
		export(b, func(c *http.Client) (sdktrace.SpanExporter, error) {
			return official.New("http://collector.example", official.WithClient(c))
		})
	})
}
