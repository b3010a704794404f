// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/gorilla/mux"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
)

// Routers that copy the request tell their route to WithRoute, from within as
// a middleware of theirs, or from without, where the span's name is known
// before the span starts.

func chiWithin(r *http.Request) string {
	if c := chi.RouteContext(r.Context()); c != nil {
		return c.RoutePattern()
	}
	return ""
}

func chiWithout(router chi.Routes) func(*http.Request) string {
	return func(r *http.Request) string {
		c := chi.NewRouteContext()
		if !router.Match(c, r.Method, r.URL.Path) {
			return ""
		}
		return c.RoutePattern()
	}
}

func gorillaWithin(r *http.Request) string {
	if route := mux.CurrentRoute(r); route != nil {
		template, _ := route.GetPathTemplate()
		return template
	}
	return ""
}

func gorillaWithout(router *mux.Router) func(*http.Request) string {
	return func(r *http.Request) string {
		var match mux.RouteMatch
		if !router.Match(r, &match) || match.Route == nil {
			return ""
		}
		template, _ := match.Route.GetPathTemplate()
		return template
	}
}

func serveOrder(http.ResponseWriter, *http.Request) {}

func chiRoutes(r chi.Router) {
	r.Get("/orders/{id}", serveOrder)
	r.Route("/shop", func(r chi.Router) { r.Get("/items/{item}", serveOrder) })
}

func gorillaRoutes(r *mux.Router) {
	r.HandleFunc("/orders/{id}", serveOrder).Methods(http.MethodGet)
	r.PathPrefix("/shop").Subrouter().HandleFunc("/items/{item}", serveOrder).Methods(http.MethodGet)
}

func TestRoutersRoutesByWithRoute(t *testing.T) {
	usesModule(t, "github.com/go-chi/chi/v5")
	usesModule(t, "github.com/gorilla/mux")
	for name, build := range map[string]func(...httpwrap.Option) http.Handler{
		"chi, as its middleware": func(opts ...httpwrap.Option) http.Handler {
			r := chi.NewRouter()
			r.Use(func(next http.Handler) http.Handler {
				return httpwrap.Handler(next, append(opts, httpwrap.WithRoute(chiWithin))...)
			})
			chiRoutes(r)
			return r
		},
		"chi, around it": func(opts ...httpwrap.Option) http.Handler {
			r := chi.NewRouter()
			chiRoutes(r)
			return httpwrap.Handler(r, append(opts, httpwrap.WithRoute(chiWithout(r)))...)
		},
		"gorilla/mux, as its middleware": func(opts ...httpwrap.Option) http.Handler {
			r := mux.NewRouter()
			r.Use(func(next http.Handler) http.Handler {
				return httpwrap.Handler(next, append(opts, httpwrap.WithRoute(gorillaWithin))...)
			})
			gorillaRoutes(r)
			return r
		},
		"gorilla/mux, around it": func(opts ...httpwrap.Option) http.Handler {
			r := mux.NewRouter()
			gorillaRoutes(r)
			return httpwrap.Handler(r, append(opts, httpwrap.WithRoute(gorillaWithout(r)))...)
		},
	} {
		for target, route := range map[string]string{"/orders/42": "/orders/{id}", "/shop/items/7": "/shop/items/{item}"} {
			t.Run(name+target, func(t *testing.T) {
				spans, reader := tracetest.NewSpanRecorder(), sdkmetric.NewManualReader()
				h := build(
					httpwrap.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))),
					httpwrap.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))),
				)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
				require.Equal(t, http.StatusOK, w.Code)
				require.Len(t, spans.Ended(), 1)
				assert.Equal(t, "GET "+route, spans.Ended()[0].Name())
				assert.Contains(t, spans.Ended()[0].Attributes(), attribute.String("http.route", route))
				assert.Equal(t, route, latencyRoute(t, reader))
			})
		}
	}
}

// latencyRoute returns the route of the one latency recorded.
func latencyRoute(t *testing.T, reader *sdkmetric.ManualReader) string {
	var rm metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &rm))
	for _, m := range rm.ScopeMetrics[0].Metrics {
		if h, ok := m.Data.(metricdata.Histogram[float64]); ok && m.Name == "http.server.request.duration" {
			require.Len(t, h.DataPoints, 1)
			route, _ := h.DataPoints[0].Attributes.Value("http.route")
			return route.AsString()
		}
	}
	t.Fatal("no latency")
	return ""
}
