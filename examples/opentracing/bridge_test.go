// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/opentracing/opentracing-go"
	"github.com/opentracing/opentracing-go/ext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/propagators"
)

// look stands for a library that knows opentracing-go and nothing else.
func look(ctx context.Context) {
	span, _ := opentracing.StartSpanFromContext(ctx, "look")
	span.Finish()
}

func TestSpanOfALibraryIsBelowTheOneInItsContext(t *testing.T) {
	for name, tc := range map[string]struct {
		handle func(ctx context.Context, given func(context.Context) context.Context)
		parent [2]string
	}{
		"in a handler": {
			func(ctx context.Context, _ func(context.Context) context.Context) { look(ctx) },
			[2]string{"SERVER", "GET /orders"},
		},
		"in an operation, given the span": {
			func(ctx context.Context, given func(context.Context) context.Context) {
				_ = instrument.Do(ctx, "price order", func(ctx context.Context) error { look(given(ctx)); return nil })
			},
			[2]string{"", "price order"},
		},
		// Do takes the provider of the span that it finds, and the bridge does
		// not wrap that one: the trace is right, the parent one level too high.
		"in an operation": {
			func(ctx context.Context, _ func(context.Context) context.Context) {
				_ = instrument.Do(ctx, "price order", func(ctx context.Context) error { look(ctx); return nil })
			},
			[2]string{"SERVER", "GET /orders"},
		},
		"in an operation without a handler": {
			func(_ context.Context, _ func(context.Context) context.Context) {
				_ = instrument.Do(context.Background(), "price order", func(ctx context.Context) error { look(ctx); return nil })
			},
			[2]string{"", "price order"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			bridge, arrived := setup(t)
			given := func(ctx context.Context) context.Context {
				return bridge.ContextWithBridgeSpan(ctx, trace.SpanFromContext(ctx))
			}
			handler := httpwrap.Handler(
				http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { tc.handle(r.Context(), given) }),
				httpwrap.WithRoute(func(*http.Request) string { return "/orders" }))
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/orders", nil))
			spans := arrived()
			requireChild(t, one(t, spans, tc.parent[0], tc.parent[1]), one(t, spans, "", "look"))
		})
	}
}

func TestSpanOfALibraryIsTheParentOfAnOperation(t *testing.T) {
	_, arrived := setup(t)
	parent, ctx := opentracing.StartSpanFromContext(context.Background(), "nightly run")
	require.NoError(t, instrument.Do(ctx, "clean up", func(context.Context) error { return nil }))
	child, _ := opentracing.StartSpanFromContext(ctx, "last step")
	ext.Error.Set(child, true)
	child.Finish()
	parent.Finish()
	spans := arrived()
	root := one(t, spans, "", "nightly run")
	require.Len(t, spans, 3)
	assert.Empty(t, root.ParentID)
	for _, name := range []string{"clean up", "last step"} {
		s := one(t, spans, "", name)
		assert.Equal(t, [2]string{root.TraceID, root.ID}, [2]string{s.TraceID, s.ParentID}, name)
	}
	assert.Contains(t, one(t, spans, "", "last step").Tags, "error")
}

func TestCallsCrossHTTPInTheHeadersOfSetup(t *testing.T) {
	signed, err := propagators.NewXTraceInfo(propagators.XTraceInfoConfig{HMACKeys: []string{"not a secret"}})
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		propagator propagation.TextMapPropagator
		header     string
	}{
		"W3C":              {propagators.TraceContext{}, "Traceparent"},
		"B3, one header":   {propagators.B3{}, "B3"},
		"B3, many headers": {propagators.B3{Encoding: propagators.B3Multi}, "X-B3-Traceid"},
		"X-Trace-Info":     {signed, "X-Trace-Info"},
	} {
		t.Run(name, func(t *testing.T) {
			_, arrived := setup(t, instrument.WithPropagators(tc.propagator))
			var seen []string
			// The stock service is instrumented with opentracing-go.
			stock := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				seen = append(seen, r.Header.Get(tc.header))
				parent, err := opentracing.GlobalTracer().Extract(opentracing.HTTPHeaders, opentracing.HTTPHeadersCarrier(r.Header))
				if err != nil {
					t.Error(err)
					return
				}
				opentracing.StartSpan("get stock", ext.RPCServerOption(parent)).Finish()
			}))
			defer stock.Close()
			// The shop is not, but the library it calls is.
			shop := httptest.NewServer(httpwrap.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				req, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, stock.URL, nil)
				resp, err := (&http.Client{Transport: httpwrap.Transport(nil)}).Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				_ = resp.Body.Close()
			}), httpwrap.WithRoute(func(*http.Request) string { return "/shop" })))
			defer shop.Close()

			span := opentracing.StartSpan("call shop", ext.SpanKindRPCClient)
			req, _ := http.NewRequest(http.MethodGet, shop.URL, nil)
			require.NoError(t, opentracing.GlobalTracer().Inject(span.Context(), opentracing.HTTPHeaders, opentracing.HTTPHeadersCarrier(req.Header)))
			require.NotEmpty(t, req.Header.Get(tc.header))
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			_ = resp.Body.Close()
			span.Finish()

			spans := arrived()
			require.Len(t, seen, 1)
			require.NotEmpty(t, seen[0])
			requireChain(t, spans,
				one(t, spans, "CLIENT", "call shop"),
				one(t, spans, "SERVER", "GET /shop"),
				one(t, spans, "CLIENT", "GET"),
				one(t, spans, "SERVER", "get stock"))
		})
	}
}

// OpenTracing's Extract returns ids and baggage. What else the headers said
// is lost in the bridge, so a server is better wrapped by httpwrap.
func TestExtractKeepsIDsAndBaggageOnly(t *testing.T) {
	_, arrived := setup(t, instrument.WithSampleRatio(1))
	header := http.Header{}
	header.Set("b3", "463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312") // the sampling is left to us
	header.Set("X-Correlation-ID", "order-7")
	header.Set("baggage", "tenant=acme")

	extracted, err := opentracing.GlobalTracer().Extract(opentracing.HTTPHeaders, opentracing.HTTPHeadersCarrier(header))
	require.NoError(t, err)
	lost := opentracing.StartSpan("through opentracing", ext.RPCServerOption(extracted))
	assert.Equal(t, "acme", lost.BaggageItem("tenant"))
	again := http.Header{}
	require.NoError(t, opentracing.GlobalTracer().Inject(lost.Context(), opentracing.HTTPHeaders, opentracing.HTTPHeadersCarrier(again)))
	assert.Empty(t, again.Get("X-Correlation-ID"))
	assert.Equal(t, "tenant=acme", again.Get("baggage"))
	lost.Finish()

	var id string
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	req.Header = header
	httpwrap.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		id = propagators.CorrelationIDFromContext(r.Context())
		look(r.Context())
	}), httpwrap.WithRoute(func(*http.Request) string { return "/kept" })).ServeHTTP(httptest.NewRecorder(), req)
	assert.Equal(t, "order-7", id)

	spans := arrived()
	require.Len(t, spans, 2, "the one through Extract is taken for one that the caller does not sample")
	server := one(t, spans, "SERVER", "GET /kept")
	assert.Equal(t, "463ac35c9f6413ad48485a3953bb6124", server.TraceID)
	assert.Equal(t, "a2fb4a1d1a96d312", server.ParentID)
	assert.Equal(t, server.ID, one(t, spans, "", "look").ParentID)
}

func TestExtractTakesDebugForSampled(t *testing.T) {
	_, arrived := setup(t, instrument.WithSampleRatio(0), instrument.WithPropagators(propagators.B3{}))
	header := http.Header{}
	header.Set("b3", "463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-d")
	extracted, err := opentracing.GlobalTracer().Extract(opentracing.HTTPHeaders, opentracing.HTTPHeadersCarrier(header))
	require.NoError(t, err)
	span := opentracing.StartSpan("get stock", ext.RPCServerOption(extracted))
	again := http.Header{}
	require.NoError(t, opentracing.GlobalTracer().Inject(span.Context(), opentracing.HTTPHeaders, opentracing.HTTPHeadersCarrier(again)))
	span.Finish()
	spans := arrived()
	require.Len(t, spans, 1)
	assert.Equal(t, "a2fb4a1d1a96d312", spans[0].ParentID)
	assert.Equal(t, spans[0].TraceID+"-"+spans[0].ID+"-1", again.Get("b3"))
}

// A server that is wrapped and extracts as well has two spans for a request,
// side by side.
func TestWrappedServerThatExtractsHasTwoSpans(t *testing.T) {
	_, arrived := setup(t)
	header := http.Header{}
	header.Set("b3", "463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-1")
	req := httptest.NewRequest(http.MethodGet, "/stock/1", nil)
	req.Header = header
	httpwrap.Handler(stock()).ServeHTTP(httptest.NewRecorder(), req)
	spans := arrived()
	require.Len(t, spans, 3)
	for _, name := range []string{"GET /stock/{item}", "get stock"} {
		s := one(t, spans, "SERVER", name)
		assert.Equal(t, [2]string{"463ac35c9f6413ad48485a3953bb6124", "a2fb4a1d1a96d312"}, [2]string{s.TraceID, s.ParentID}, name)
	}
	requireChild(t, one(t, spans, "SERVER", "get stock"), one(t, spans, "", "look at shelf"))
}
