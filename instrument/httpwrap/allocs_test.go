// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/propagators"
)

func fourHeaders() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://shop.example/orders/42", nil)
	r.Header.Set("User-Agent", "curl/8.5.0")
	r.Header.Set("Accept", "*/*")
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("Accept-Language", "en")
	return r
}

// allocates reports what one request costs.
func allocates(h http.Handler) float64 {
	r, w := fourHeaders(), silent{http.Header{}}
	return testing.AllocsPerRun(500, func() {
		clear(w.header)
		h.ServeHTTP(w, r)
	})
}

var silence = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(nil) })

func TestServerAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates for each atomic and each pool")
	}
	never := newTelemetry(t, sdktrace.WithSampler(sdktrace.NeverSample()))
	noMetrics := httpwrap.WithMeterProvider(metricnoop.NewMeterProvider())
	noSpans := httpwrap.WithTracerProvider(noop.NewTracerProvider())
	for name, tc := range map[string]struct {
		handler http.Handler
		most    float64
	}{
		"filtered": {never.handler(silence, httpwrap.WithFilter(func(*http.Request) bool { return false })), 0},
		"disabled": {httpwrap.Handler(silence, noSpans, noMetrics), 0},
		"disabled, nothing to pass on": {httpwrap.Handler(silence, noSpans, noMetrics,
			httpwrap.WithPropagator(propagators.First(propagators.TraceContext{}, propagators.Baggage{}, propagators.B3{}))), 0},
		"skipped":                  {never.handler(silence, httpwrap.WithSkip("/orders/42")), 4},
		"skipped by ServeMux":      {never.handler(silence, httpwrap.WithSkip("GET /orders/")), 4},
		"unsampled":                {never.handler(silence, noMetrics), 12},
		"unsampled, with metrics":  {never.handler(silence), 12},
		"unsampled, around a mux":  {never.handler(muxOf("GET /orders/{id}"), noMetrics), 12},
		"sampled":                  {discarding(t, noMetrics), 26},
		"sampled, with metrics":    {discarding(t), 26},
		"metrics alone, no spans":  {never.handler(silence, noSpans), 12},
		"unsampled, no propagator": {never.handler(silence, noMetrics, httpwrap.WithPropagator(propagators.TraceContext{})), 7},
	} {
		got := allocates(tc.handler)
		assert.LessOrEqual(t, got, tc.most, name)
		t.Logf("%-30s %v", name, got)
	}
}

func muxOf(pattern string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(pattern, silence)
	return mux
}

// discarding records spans and keeps none.
func discarding(t testing.TB, more ...httpwrap.Option) http.Handler {
	tel := newTelemetry(t)
	tel.tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(ignoring{}))
	return tel.handler(silence, more...)
}

// ignoring is a span processor that ignores spans.
type ignoring struct{}

func (ignoring) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (ignoring) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (ignoring) Shutdown(context.Context) error                  { return nil }
func (ignoring) ForceFlush(context.Context) error                { return nil }

func TestClientAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates for each atomic and each pool")
	}
	never := newTelemetry(t, sdktrace.WithSampler(sdktrace.NeverSample()))
	answered := &http.Response{StatusCode: 200, Body: http.NoBody}
	base := roundTripFunc(func(*http.Request) (*http.Response, error) { return answered, nil })
	r := fourHeaders()
	for name, tc := range map[string]struct {
		rt   http.RoundTripper
		most float64
	}{
		"filtered": {never.transport(base, httpwrap.WithFilter(func(*http.Request) bool { return false })), 0},
		"disabled": {httpwrap.Transport(base, httpwrap.WithTracerProvider(noop.NewTracerProvider()),
			httpwrap.WithMeterProvider(metricnoop.NewMeterProvider())), 0},
		"unsampled": {never.transport(base), 14},
	} {
		got := testing.AllocsPerRun(500, func() { _, _ = tc.rt.RoundTrip(r) })
		assert.LessOrEqual(t, got, tc.most, name)
		t.Logf("%-30s %v", name, got)
	}
}

func BenchmarkHandler(b *testing.B) {
	never := newTelemetry(b, sdktrace.WithSampler(sdktrace.NeverSample()))
	for name, h := range map[string]http.Handler{
		"bare":      silence,
		"disabled":  httpwrap.Handler(silence, httpwrap.WithTracerProvider(noop.NewTracerProvider()), httpwrap.WithMeterProvider(metricnoop.NewMeterProvider())),
		"filtered":  never.handler(silence, httpwrap.WithFilter(func(*http.Request) bool { return false })),
		"skipped":   never.handler(silence, httpwrap.WithSkip("/orders/42")),
		"unsampled": never.handler(silence),
		"sampled":   discarding(b),
	} {
		b.Run(name, func(b *testing.B) {
			r, w := fourHeaders(), silent{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				h.ServeHTTP(w, r)
			}
		})
	}
}

func BenchmarkTransport(b *testing.B) {
	never := newTelemetry(b, sdktrace.WithSampler(sdktrace.NeverSample()))
	answered := &http.Response{StatusCode: 200, Body: http.NoBody}
	base := roundTripFunc(func(*http.Request) (*http.Response, error) { return answered, nil })
	for name, rt := range map[string]http.RoundTripper{"bare": base, "unsampled": never.transport(base)} {
		b.Run(name, func(b *testing.B) {
			r := fourHeaders()
			b.ReportAllocs()
			for b.Loop() {
				_, _ = rt.RoundTrip(r)
			}
		})
	}
}
