// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/propagators"
)

// copying is a middleware as many are: it passes a copy of the request on.
func copying(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		type key struct{}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, 1)))
	})
}

func ok(http.ResponseWriter, *http.Request) {}

// shopMux has each kind of pattern.
func shopMux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", ok)
	mux.HandleFunc("/any/{rest...}", ok)
	mux.HandleFunc("GET shop.example/host/{id}", ok)
	mux.HandleFunc("/exact/{$}", ok)
	mux.HandleFunc("/tree/", ok)
	mux.HandleFunc("GET /copied/{id}", copying(http.HandlerFunc(ok)).ServeHTTP)

	nested := http.NewServeMux()
	nested.HandleFunc("GET /nested/items/{item}", ok)
	mux.Handle("/nested/", nested)

	api := http.NewServeMux()
	api.HandleFunc("GET /items/{item}", ok)
	mux.Handle("/plain/", http.StripPrefix("/plain", api))
	mux.Handle("/inner/", http.StripPrefix("/inner", httpwrap.Handler(api)))
	mux.Handle("/wrapped/", httpwrap.Handler(nestedUnder("/wrapped")))
	return mux
}

func nestedUnder(prefix string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+prefix+"/{x}", ok)
	return mux
}

func TestMuxShapes(t *testing.T) {
	for name, tc := range map[string]struct {
		method, target string
		status         int
		span, route    string
	}{
		"method and wildcard":    {"GET", "/orders/1", 200, "GET /orders/{id}", "/orders/{id}"},
		"HEAD of a GET pattern":  {"HEAD", "/orders/1", 200, "HEAD /orders/{id}", "/orders/{id}"},
		"any method, rest":       {"PUT", "/any/a/b/c", 200, "PUT /any/{rest...}", "/any/{rest...}"},
		"host":                   {"GET", "http://shop.example/host/7", 200, "GET /host/{id}", "/host/{id}"},
		"other host":             {"GET", "http://other.example/host/7", 404, "GET", ""},
		"exact":                  {"GET", "/exact/", 200, "GET /exact/{$}", "/exact/{$}"},
		"subtree":                {"GET", "/tree/a/b", 200, "GET /tree/", "/tree/"},
		"copying below":          {"GET", "/copied/1", 200, "GET /copied/{id}", "/copied/{id}"},
		"redirect to subtree":    {"GET", "/tree", 307, "GET /tree/", "/tree/"},
		"redirect to clean path": {"GET", "/orders/../orders/1", 307, "GET /orders/{id}", "/orders/{id}"},
		"clean path, not found":  {"GET", "/nothing//here", 307, "GET", ""},
		"not found":              {"GET", "/nothing", 404, "GET", ""},
		"method not allowed":     {"POST", "/orders/1", 405, "POST", ""},
		"CONNECT redirected":     {"CONNECT", "/tree", 307, "CONNECT", ""},
		"unknown method":         {"BREW", "/any/pot", 200, "HTTP /any/{rest...}", "/any/{rest...}"},
		"nested":                 {"GET", "/nested/items/9", 200, "GET /nested/items/{item}", "/nested/items/{item}"},
		"nested, not found":      {"GET", "/nested/none", 404, "GET /nested/", "/nested/"},
		"stripped":               {"GET", "/plain/items/9", 200, "GET /plain/", "/plain/"},
		"stripped, wrapped":      {"GET", "/inner/items/9", 200, "GET /inner/items/{item}", "/inner/items/{item}"},
		"nested, wrapped":        {"GET", "/wrapped/9", 200, "GET /wrapped/{x}", "/wrapped/{x}"},
	} {
		t.Run(name, func(t *testing.T) {
			tel := newTelemetry(t)
			w := httptest.NewRecorder()
			tel.handler(shopMux()).ServeHTTP(w, httptest.NewRequest(tc.method, tc.target, nil))
			assert.Equal(t, tc.status, w.Code)
			assert.Equal(t, tc.span, tel.span().Name())
			assert.Equal(t, tc.route, attributes(tel.span())["http.route"], "span")
			assert.Equal(t, tc.route, tel.duration(serverDuration).attributes["http.route"], "metric")
		})
	}
}

func TestOptionsOfTheServerHasNoRoute(t *testing.T) {
	tel := newTelemetry(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/", ok)
	r := httptest.NewRequest(http.MethodOptions, "*", nil)
	tel.handler(mux).ServeHTTP(httptest.NewRecorder(), r)
	assert.Equal(t, "OPTIONS", tel.span().Name())
}

// defaultOnce registers once, for -count runs tests again.
var defaultOnce sync.Once

func TestNilHandlerIsTheDefaultServeMux(t *testing.T) {
	tel := newTelemetry(t)
	defaultOnce.Do(func() { http.HandleFunc("GET /httpwrap/{x}", ok) })
	get(tel.handler(nil), "/httpwrap/1")
	assert.Equal(t, "GET /httpwrap/{x}", tel.span().Name())
}

func TestPatternOfASkippedRequestIsVisibleOutside(t *testing.T) {
	tel := newTelemetry(t)
	r := httptest.NewRequest(http.MethodGet, "/orders/1", nil)
	tel.handler(shopMux(), httpwrap.WithSkip("/orders/")).ServeHTTP(httptest.NewRecorder(), r)
	assert.Equal(t, "GET /orders/{id}", r.Pattern)
	assert.Equal(t, "1", r.PathValue("id"))
}

func TestPatternIsVisibleOutsideWhenOnlyTheContextIsPassedOn(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/orders/1", nil)
	r.Header.Set("Traceparent", callerParent)
	httpwrap.Handler(shopMux(), httpwrap.WithTracerProvider(disabledProvider()), httpwrap.WithMeterProvider(noMetrics),
		httpwrap.WithPropagator(propagators.TraceContext{})).ServeHTTP(httptest.NewRecorder(), r)
	assert.Equal(t, "GET /orders/{id}", r.Pattern)
	assert.Equal(t, "1", r.PathValue("id"))
}

// An inner Handler that knows no more than what an outer mux has found adds
// nothing.
func TestInnerHandlerThatKnowsNoRouteAddsNone(t *testing.T) {
	tel := newTelemetry(t)
	mux := http.NewServeMux()
	mux.Handle("/api/", http.StripPrefix("/api", tel.handler(http.HandlerFunc(ok),
		httpwrap.WithRoute(func(*http.Request) string { return "" }))))
	get(tel.handler(mux), "/api/x")
	assert.Equal(t, "GET /api/", tel.span().Name())
}

// A mux behind a middleware that copies the request cannot be seen. Two ways
// lead to its routes.
func TestRouteOfAMuxBehindACopyingMiddleware(t *testing.T) {
	mux := shopMux()
	for name, tc := range map[string]struct {
		handler func(*telemetry) http.Handler
		route   string
	}{
		"unknown": {func(tel *telemetry) http.Handler { return tel.handler(copying(mux)) }, ""},
		"by WithRoute": {func(tel *telemetry) http.Handler {
			return tel.handler(copying(mux), httpwrap.WithRoute(func(r *http.Request) string {
				_, pattern := mux.Handler(r)
				return pattern
			}))
		}, "/orders/{id}"},
		"by an inner Handler": {func(tel *telemetry) http.Handler {
			return tel.handler(copying(tel.handler(mux)))
		}, "/orders/{id}"},
		"by a Handler around the route": {func(tel *telemetry) http.Handler {
			inner := http.NewServeMux()
			inner.Handle("GET /orders/{id}", tel.handler(http.HandlerFunc(ok)))
			return tel.handler(copying(inner))
		}, "/orders/{id}"},
	} {
		t.Run(name, func(t *testing.T) {
			tel := newTelemetry(t)
			get(tc.handler(tel), "/orders/1")
			assert.Equal(t, tc.route, attributes(tel.span())["http.route"])
			assert.Equal(t, strings.TrimSpace("GET "+tc.route), tel.span().Name())
			assert.Equal(t, tc.route, tel.duration(serverDuration).attributes["http.route"])
		})
	}
}

func TestMiddlewareThatKeepsTheRequestShowsTheRoute(t *testing.T) {
	mux := shopMux()
	tel := newTelemetry(t)
	get(tel.handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { mux.ServeHTTP(w, r) })), "/orders/1")
	assert.Equal(t, "GET /orders/{id}", tel.span().Name())
	assert.Equal(t, "/orders/{id}", attributes(tel.span())["http.route"])
}

func TestOneRouteWrappedAloneKnowsItsPattern(t *testing.T) {
	tel := newTelemetry(t)
	mux := http.NewServeMux()
	mux.Handle("GET /orders/{id}", tel.handler(http.HandlerFunc(ok)))
	mux.HandleFunc("GET /other", ok)
	get(mux, "/other")
	assert.Empty(t, tel.spans.Ended())
	get(mux, "/orders/1")
	assert.Equal(t, "GET /orders/{id}", tel.span().Name())
}

func TestWithRouteIsAskedAgainWhenTheRequestWasServed(t *testing.T) {
	tel := newTelemetry(t)
	served := false
	h := tel.handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served = true }),
		httpwrap.WithRoute(func(*http.Request) string {
			if served {
				return "/late/{id}"
			}
			return ""
		}))
	get(h, "/late/1")
	assert.Equal(t, "GET /late/{id}", tel.span().Name())
	assert.Equal(t, "/late/{id}", attributes(tel.span())["http.route"])
	assert.Equal(t, "/late/{id}", tel.duration(serverDuration).attributes["http.route"])
}

func TestWithRouteMayNameARoute(t *testing.T) {
	tel := newTelemetry(t)
	get(tel.handler(http.HandlerFunc(ok), httpwrap.WithRoute(func(*http.Request) string { return "orders.detail" })), "/1")
	assert.Equal(t, "GET orders.detail", tel.span().Name())
}

func TestWrappedMuxBelowAStrippedPrefixKnowsTheWholeRoute(t *testing.T) {
	tel := newTelemetry(t)
	api := http.NewServeMux()
	api.HandleFunc("GET /items/{item}", ok)
	outer := http.NewServeMux()
	outer.Handle("/api/", http.StripPrefix("/api", tel.handler(api)))
	get(outer, "/api/items/9?x=1")
	assert.Equal(t, "GET /api/items/{item}", tel.span().Name())
	assert.Equal(t, "/api/items/{item}", tel.duration(serverDuration).attributes["http.route"])
}

// anyRouter is a router that is not a ServeMux.
type anyRouter struct{}

func (anyRouter) ServeHTTP(http.ResponseWriter, *http.Request) {}

func (anyRouter) Handler(*http.Request) (http.Handler, string) {
	return http.NotFoundHandler(), "/any/{x}"
}

func TestAnyRouterIsAsked(t *testing.T) {
	tel := newTelemetry(t)
	get(tel.handler(anyRouter{}), "/any/1")
	assert.Equal(t, "GET /any/{x}", tel.span().Name())
}

func TestPatternPathValuesAndFormAreVisibleOutside(t *testing.T) {
	tel := newTelemetry(t)
	var temporary string
	mux := http.NewServeMux()
	mux.HandleFunc("POST /up/{name}/{rest...}", func(_ http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseMultipartForm(1))
		f, err := r.MultipartForm.File["f"][0].Open()
		require.NoError(t, err)
		defer func() { _ = f.Close() }()
		temporary = f.(*os.File).Name()
	})
	h := tel.handler(mux)
	var outer *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		outer = r
		h.ServeHTTP(w, r)
		assert.Equal(t, "POST /up/{name}/{rest...}", r.Pattern)
		assert.Equal(t, "a", r.PathValue("name"))
		assert.Equal(t, "b/c", r.PathValue("rest"))
	}))
	defer server.Close()

	body := "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n" +
		strings.Repeat("0123456789", 1<<21) + "\r\n--x--\r\n"
	res, err := http.Post(server.URL+"/up/a/b/c", "multipart/form-data; boundary=x", strings.NewReader(body))
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, res.Body)
	require.NoError(t, res.Body.Close())
	server.Close()
	require.NotNil(t, outer.MultipartForm)
	require.NotEmpty(t, temporary)
	_, err = os.Stat(filepath.Clean(temporary))
	assert.ErrorIs(t, err, os.ErrNotExist, "net/http removes the temporary files it finds on the original request")
}
