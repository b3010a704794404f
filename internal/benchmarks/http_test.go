// SPDX-License-Identifier: Apache-2.0

package benchmarks

// An HTTP request in and out, observed by nobody, by otelhttp, by zipkin-go's
// middleware and by httpwrap. From internal/benchmarks:
//
//	go test -run '^$' -bench 'HTTP' -benchtime 0.3s -count 3 .
//
// Each request is a GET with four headers and none of a caller's trace.
// otelhttp has OpenTelemetry's own propagators (tracecontext, baggage, b3);
// httpwrap has Setup's default ones: the same three and the correlation id,
// which it makes and echoes.

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	zipkin "github.com/openzipkin/zipkin-go"
	zipkinhttp "github.com/openzipkin/zipkin-go/middleware/http"
	zipkinreporter "github.com/openzipkin/zipkin-go/reporter"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/propagators"
)

var (
	stockPropagators = propagation.NewCompositeTextMapPropagator(
		propagation.TraceContext{}, propagation.Baggage{}, b3.New())
	ourPropagators = propagators.First(
		propagators.TraceContext{}, propagators.Baggage{}, propagators.B3{}, propagators.CorrelationID{})
)

// discardExporter is a collector that costs nothing.
type discardExporter struct{}

func (discardExporter) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (discardExporter) Shutdown(context.Context) error                             { return nil }

func tracerProvider(b *testing.B, s sdktrace.Sampler) trace.TracerProvider {
	tp := sdktrace.NewTracerProvider(sdktrace.WithSampler(s), sdktrace.WithBatcher(discardExporter{}))
	b.Cleanup(func() { _ = tp.Shutdown(context.Background()) })
	return tp
}

func meterProvider(b *testing.B) metric.MeterProvider {
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	b.Cleanup(func() { _ = mp.Shutdown(context.Background()) })
	return mp
}

// setting is what providers there are.
type setting struct {
	name string
	tp   trace.TracerProvider
	mp   metric.MeterProvider
}

func settings(b *testing.B) []setting {
	off := metricnoop.NewMeterProvider()
	return []setting{
		{"unsampled", tracerProvider(b, sdktrace.NeverSample()), off},
		{"sampled", tracerProvider(b, sdktrace.AlwaysSample()), off},
		{"unsampled+metrics", tracerProvider(b, sdktrace.NeverSample()), meterProvider(b)},
		{"sampled+metrics", tracerProvider(b, sdktrace.AlwaysSample()), meterProvider(b)},
	}
}

func (s setting) otelhttp() []otelhttp.Option {
	return []otelhttp.Option{
		otelhttp.WithTracerProvider(s.tp), otelhttp.WithMeterProvider(s.mp), otelhttp.WithPropagators(stockPropagators),
	}
}

func (s setting) httpwrap(more ...httpwrap.Option) []httpwrap.Option {
	return append(more,
		httpwrap.WithTracerProvider(s.tp), httpwrap.WithMeterProvider(s.mp), httpwrap.WithPropagator(ourPropagators))
}

func disabled() setting {
	return setting{"disabled", tracenoop.NewTracerProvider(), metricnoop.NewMeterProvider()}
}

var hello = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })

func request() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://shop.example/orders/42", nil)
	r.Header.Set("User-Agent", "curl/8.5.0")
	r.Header.Set("Accept", "*/*")
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("Accept-Language", "en")
	return r
}

// blankResponse is a response that nobody gets.
type blankResponse struct{ header http.Header }

func (w blankResponse) Header() http.Header               { return w.header }
func (w blankResponse) Write(p []byte) (int, error)       { return len(p), nil }
func (w blankResponse) WriteString(s string) (int, error) { return len(s), nil }
func (w blankResponse) WriteHeader(int)                   {}

func serve(b *testing.B, h http.Handler) {
	r, w := request(), blankResponse{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}

func BenchmarkHTTPServer(b *testing.B) {
	b.Run("bare", func(b *testing.B) { serve(b, hello) })
	for _, s := range settings(b) {
		b.Run(s.name+"/otelhttp", func(b *testing.B) {
			serve(b, otelhttp.NewHandler(hello, "", s.otelhttp()...))
		})
		b.Run(s.name+"/httpwrap", func(b *testing.B) {
			serve(b, httpwrap.Handler(hello, s.httpwrap()...))
		})
	}
	for name, rate := range map[string]float64{"unsampled": 0, "sampled": 1} {
		b.Run(name+"/zipkin-go", func(b *testing.B) {
			serve(b, zipkinhttp.NewServerMiddleware(zipkinTracer(b, rate))(hello))
		})
	}
	s := settings(b)[3]
	b.Run("filtered/otelhttp", func(b *testing.B) {
		serve(b, otelhttp.NewHandler(hello, "", append(s.otelhttp(), otelhttp.WithFilter(never))...))
	})
	b.Run("filtered/httpwrap", func(b *testing.B) {
		serve(b, httpwrap.Handler(hello, s.httpwrap(httpwrap.WithFilter(never))...))
	})
	b.Run("skipped/httpwrap", func(b *testing.B) {
		serve(b, httpwrap.Handler(hello, s.httpwrap(httpwrap.WithSkip("/orders/42"))...))
	})
	b.Run("disabled/otelhttp", func(b *testing.B) {
		serve(b, otelhttp.NewHandler(hello, "", disabled().otelhttp()...))
	})
	b.Run("disabled/httpwrap", func(b *testing.B) { serve(b, httpwrap.Handler(hello)) })
	b.Run("disabled,propagating/httpwrap", func(b *testing.B) {
		d := disabled()
		p := propagators.First(propagators.TraceContext{}, propagators.Baggage{}, propagators.B3{})
		serve(b, httpwrap.Handler(hello, httpwrap.WithTracerProvider(d.tp), httpwrap.WithMeterProvider(d.mp), httpwrap.WithPropagator(p)))
	})
}

func never(*http.Request) bool { return false }

func zipkinTracer(b *testing.B, rate float64) *zipkin.Tracer {
	sampler, err := zipkin.NewBoundarySampler(rate, 0)
	if err != nil {
		b.Fatal(err)
	}
	tracer, err := zipkin.NewTracer(zipkinreporter.NewNoopReporter(), zipkin.WithSampler(sampler))
	if err != nil {
		b.Fatal(err)
	}
	return tracer
}

// answering is a base that answers without sending.
type answering struct{}

func (answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, ContentLength: 5, Body: io.NopCloser(strings.NewReader("hello")), Request: r,
	}, nil
}

func send(b *testing.B, rt http.RoundTripper) {
	r := request()
	b.ReportAllocs()
	for b.Loop() {
		res, err := rt.RoundTrip(r)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
}

func BenchmarkHTTPClient(b *testing.B) {
	b.Run("bare", func(b *testing.B) { send(b, answering{}) })
	for _, s := range settings(b) {
		b.Run(s.name+"/otelhttp", func(b *testing.B) {
			send(b, otelhttp.NewTransport(answering{}, s.otelhttp()...))
		})
		b.Run(s.name+"/httpwrap", func(b *testing.B) {
			send(b, httpwrap.Transport(answering{}, s.httpwrap()...))
		})
	}
	for name, rate := range map[string]float64{"unsampled": 0, "sampled": 1} {
		b.Run(name+"/zipkin-go", func(b *testing.B) {
			rt, err := zipkinhttp.NewTransport(zipkinTracer(b, rate), zipkinhttp.RoundTripper(answering{}))
			if err != nil {
				b.Fatal(err)
			}
			send(b, rt)
		})
	}
	b.Run("disabled/otelhttp", func(b *testing.B) {
		send(b, otelhttp.NewTransport(answering{}, disabled().otelhttp()...))
	})
	b.Run("disabled/httpwrap", func(b *testing.B) { send(b, httpwrap.Transport(answering{})) })
}

// BenchmarkHTTPLoopback is a client and a server on one machine, both
// observed in the same way.
func BenchmarkHTTPLoopback(b *testing.B) {
	loop := func(b *testing.B, h http.Handler, rt func(http.RoundTripper) http.RoundTripper) {
		server := httptest.NewServer(h)
		defer server.Close()
		base := &http.Transport{}
		defer base.CloseIdleConnections()
		client := &http.Client{Transport: rt(base)}
		b.ReportAllocs()
		for b.Loop() {
			res, err := client.Get(server.URL + "/orders/42")
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
	}
	b.Run("bare", func(b *testing.B) {
		loop(b, hello, func(rt http.RoundTripper) http.RoundTripper { return rt })
	})
	for _, s := range settings(b)[2:] {
		b.Run(s.name+"/otelhttp", func(b *testing.B) {
			loop(b, otelhttp.NewHandler(hello, "", s.otelhttp()...), func(rt http.RoundTripper) http.RoundTripper {
				return otelhttp.NewTransport(rt, s.otelhttp()...)
			})
		})
		b.Run(s.name+"/httpwrap", func(b *testing.B) {
			loop(b, httpwrap.Handler(hello, s.httpwrap()...), func(rt http.RoundTripper) http.RoundTripper {
				return httpwrap.Transport(rt, s.httpwrap()...)
			})
		})
	}
}
