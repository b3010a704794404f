// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/propagators"
)

func ExampleWithTracerProvider() {
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(printer{}))
	visit(httpwrap.Handler(shop(), httpwrap.WithTracerProvider(tp)), "/orders/42")
	// Output: server GET /orders/{id}
}

func ExampleWithMeterProvider() {
	reader := sdkmetric.NewManualReader()
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	visit(httpwrap.Handler(shop(), httpwrap.WithMeterProvider(mp)), "/orders/42")

	var rm metricdata.ResourceMetrics
	_ = reader.Collect(context.Background(), &rm)
	var names []string
	for _, m := range rm.ScopeMetrics[0].Metrics {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	fmt.Println(strings.Join(names, "\n"))
	// Output:
	// http.server.active_requests
	// http.server.request.body.size
	// http.server.request.duration
	// http.server.response.body.size
}

func ExampleWithPropagator() {
	h := httpwrap.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(trace.SpanContextFromContext(r.Context()).TraceID())
	}), httpwrap.WithPropagator(propagators.B3{}), printing())
	visit(h, "/", "B3", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1")
	// Output:
	// 4bf92f3577b34da6a3ce929d0e0e4736
	// server GET
}

// divák's services call it Request-Id.
func ExampleWithCorrelationID() {
	h := httpwrap.Handler(shop(), httpwrap.WithCorrelationID(propagators.CorrelationID{Header: "Request-Id"}))
	fmt.Println(visit(h, "/orders/42", "Request-Id", "k3v#7").Get("Request-Id"))
	// Output: k3v#7
}

func ExampleWithFilter() {
	h := httpwrap.Handler(shop(), printing(), httpwrap.WithFilter(func(r *http.Request) bool {
		return r.Header.Get("User-Agent") != "kube-probe"
	}))
	visit(h, "/orders/42", "User-Agent", "kube-probe")
	visit(h, "/orders/42", "User-Agent", "curl")
	// Output: server GET /orders/{id}
}

func ExampleWithSkip() {
	h := httpwrap.Handler(shop(), printing(), httpwrap.WithSkip("/healthz", "GET /static/"))
	visit(h, "/healthz")
	visit(h, "/orders/42")
	// Output: server GET /orders/{id}
}

// A mux behind a middleware can still be asked.
func ExampleWithRoute() {
	mux := shop()
	middleware := http.StripPrefix("/v1", mux)
	h := httpwrap.Handler(middleware, printing("http.route"), httpwrap.WithRoute(func(r *http.Request) string {
		inner := r.Clone(r.Context())
		inner.URL.Path = strings.TrimPrefix(inner.URL.Path, "/v1")
		_, pattern := mux.Handler(inner)
		return pattern
	}))
	visit(h, "/v1/orders/42")
	// Output: server GET /orders/{id} http.route=/orders/{id}
}

func ExampleWithPublicEndpoint() {
	h := httpwrap.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		sc := trace.SpanContextFromContext(r.Context())
		fmt.Println("the caller's trace:", sc.TraceID().String() == "4bf92f3577b34da6a3ce929d0e0e4736")
	}), printing(), httpwrap.WithPropagator(propagators.TraceContext{}), httpwrap.WithPublicEndpoint(nil))
	visit(h, "/", "Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	// Output:
	// the caller's trace: false
	// server GET
}

func ExampleWithTrustedProxies() {
	h := httpwrap.Handler(shop(), printing("client.address"),
		httpwrap.WithTrustedProxies(netip.MustParsePrefix("192.0.2.0/24"))) // where httptest's requests come from
	visit(h, "/orders/42", "X-Forwarded-For", "6.6.6.6, 198.51.100.7")
	// Output: server GET /orders/{id} client.address=198.51.100.7
}

func ExampleWithSpanStart() {
	h := httpwrap.Handler(shop(), printing("tenant"), httpwrap.WithSpanStart(func(s trace.Span, r *http.Request) {
		s.SetAttributes(attribute.String("tenant", r.Header.Get("X-Tenant")))
	}))
	visit(h, "/orders/42", "X-Tenant", "t1")
	// Output: server GET /orders/{id} tenant=t1
}

func ExampleWithAttributes() {
	h := httpwrap.Handler(shop(), printing("order"), httpwrap.WithAttributes(func(r *http.Request) []attribute.KeyValue {
		return []attribute.KeyValue{attribute.String("order", r.PathValue("id"))}
	}))
	visit(h, "/orders/42")
	// Output: server GET /orders/{id} order=42
}

func ExampleWithCapturedHeaders() {
	h := httpwrap.Handler(shop(), printing("http.request.header.x-tenant", "http.request.header.authorization"),
		httpwrap.WithCapturedHeaders("X-Tenant", "Authorization"))
	visit(h, "/orders/42", "X-Tenant", "t1", "Authorization", "Bearer s3cr3t")
	// Output: server GET /orders/{id} http.request.header.x-tenant=["t1"]
}

func ExampleWithRedactedQuery() {
	rt := httpwrap.Transport(answer(http.StatusNoContent, nil), printing("url.full"), httpwrap.WithRedactedQuery("token"))
	_, _ = rt.RoundTrip(httptest.NewRequest(http.MethodGet, "https://user:pw@shop.example/a?token=s3cr3t&page=2", nil))
	// Output: client GET url.full=https://REDACTED:REDACTED@shop.example/a?token=REDACTED&page=2
}

func ExampleWithPeerService() {
	rt := httpwrap.Transport(answer(http.StatusNoContent, nil), printing("service.peer.name"), httpwrap.WithPeerService("catalog"))
	_, _ = rt.RoundTrip(httptest.NewRequest(http.MethodGet, "http://catalog.example/", nil))
	// Output: client GET service.peer.name=catalog
}

func ExampleWithPanicHandler() {
	h := httpwrap.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }),
		printing("error.type"), httpwrap.WithPanicHandler(func(_ context.Context, value any, stack []byte) {
			fmt.Println("page somebody:", value, len(stack) > 0)
		}))
	defer func() { fmt.Println("and on it goes:", recover()) }()
	visit(h, "/")
	// Output:
	// page somebody: boom true
	// server GET error.type=panic
	// and on it goes: boom
}

func ExampleWithAccessLog() {
	untimed := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration" {
			return slog.Attr{}
		}
		return a
	}}
	h := httpwrap.Handler(shop(), httpwrap.WithPropagator(propagators.CorrelationID{}),
		httpwrap.WithAccessLog(slog.New(slog.NewTextHandler(os.Stdout, untimed))))
	visit(h, "/orders/42", "X-Correlation-ID", "c-1")
	// Output: level=INFO msg=request method=GET route=/orders/{id} status=200 bytes=8 correlation_id=c-1
}

func ExampleWithTraceResponse() {
	h := httpwrap.Handler(shop(), httpwrap.WithPropagator(propagators.TraceContext{}), httpwrap.WithTraceResponse(),
		httpwrap.WithTracerProvider(sdktrace.NewTracerProvider()))
	header := visit(h, "/orders/42", "Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	fmt.Println(header.Get("Traceresponse")[:35])
	// Output: 00-4bf92f3577b34da6a3ce929d0e0e4736
}
