// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
)

// reasons are those for which a span differs from otelhttp's. A difference
// that is not expected fails, and so does an expected one that is not there.
type reasons map[string]string

// facts are all that a span says, by name.
func facts(s sdktrace.ReadOnlySpan) map[string]string {
	f := attributes(s)
	f["(name)"] = s.Name()
	f["(kind)"] = s.SpanKind().String()
	f["(status)"] = s.Status().Code.String() + " " + s.Status().Description
	f["(parent)"] = s.Parent().SpanID().String()
	for _, e := range s.Events() {
		f["(event) "+e.Name] = "yes"
	}
	for _, l := range s.Links() {
		f["(link)"] = l.SpanContext.TraceID().String()
	}
	return f
}

func assertDifferences(t *testing.T, theirs, ours []sdktrace.ReadOnlySpan, expected reasons) {
	t.Helper()
	require.Len(t, ours, 1)
	if len(theirs) == 0 {
		require.Contains(t, expected, "(no span)")
		return
	}
	f, g := facts(ours[0]), facts(theirs[0])
	differ := map[string]bool{}
	for _, m := range []map[string]string{f, g} {
		for k := range m {
			if f[k] != g[k] {
				differ[k] = true
			}
		}
	}
	got, want := slices.Sorted(maps.Keys(differ)), slices.Sorted(maps.Keys(expected))
	if !assert.Equal(t, want, got) {
		for k := range differ {
			t.Logf("%s: otelhttp %q, httpwrap %q", k, g[k], f[k])
		}
	}
}

func TestServerSpanDiffersFromOtelhttpsOnlyWithReason(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", ok)
	status := func(code int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
	}
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })

	for name, tc := range map[string]struct {
		handler http.Handler
		edit    func(*http.Request)
		expect  reasons
	}{
		"GET":            {handler: hello},
		"no write":       {handler: http.HandlerFunc(ok)},
		"caller's trace": {handler: hello, edit: func(r *http.Request) { r.Header.Set("Traceparent", callerParent) }},
		"user agent":     {handler: hello, edit: func(r *http.Request) { r.Header.Set("User-Agent", "curl/8") }},
		"port":           {handler: hello, edit: func(r *http.Request) { r.Host = "shop.example:8080" }},
		"default port":   {handler: hello, edit: func(r *http.Request) { r.Host = "shop.example:80" }},
		"IPv6":           {handler: hello, edit: func(r *http.Request) { r.Host = "[2001:db8::1]:8080" }},
		"bare IPv6":      {handler: hello, edit: func(r *http.Request) { r.Host = "[2001:db8::1]" }},
		"broken host":    {handler: hello, edit: func(r *http.Request) { r.Host = "a:b:c" }},
		"no host":        {handler: hello, edit: func(r *http.Request) { r.Host = "" }},
		"TLS":            {handler: hello, edit: func(r *http.Request) { r.TLS, r.Host = &tls.ConnectionState{}, "shop.example:443" }},
		"HTTP/2": {handler: hello, edit: func(r *http.Request) {
			r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/2.0", 2, 0
		}},
		"method in lower case": {handler: hello, edit: func(r *http.Request) { r.Method = "get" }},
		"unknown method":       {handler: hello, edit: func(r *http.Request) { r.Method = "BREW" }},
		"no peer":              {handler: hello, edit: func(r *http.Request) { r.RemoteAddr = "" }},
		"unix socket":          {handler: hello, edit: func(r *http.Request) { r.RemoteAddr = "@" }},
		"no path":              {handler: hello, edit: func(r *http.Request) { r.URL.Path = "" }},
		"pattern given":        {handler: hello, edit: func(r *http.Request) { r.Pattern = "GET /orders/{id}" }},
		"body": {
			handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }),
			edit:    func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("hello")) },
		},
		"400":                             {handler: status(400)},
		"404":                             {handler: http.NotFoundHandler()},
		"mux":                             {handler: mux, expect: reasons{"http.route": "the route is an attribute as well as in the name"}},
		"mux behind a copying middleware": {handler: copying(mux)},
		"503":                             {handler: status(503), expect: reasons{"error.type": "a 5xx has an error type, by the conventions"}},
		"799":                             {handler: status(799), expect: reasons{"error.type": "as a 5xx"}},
		"HEAD": {
			handler: hello, edit: func(r *http.Request) { r.Method = http.MethodHead },
			expect: reasons{"http.response.body.size": "the body of a HEAD is not sent"},
		},
		"forwarded": {
			handler: hello, edit: func(r *http.Request) { r.Header.Set("X-Forwarded-For", "6.6.6.6") },
			expect: reasons{"client.address": "the caller's own word is not believed"},
		},
		"long user agent": {
			handler: hello, edit: func(r *http.Request) { r.Header.Set("User-Agent", strings.Repeat("x", 9999)) },
			expect: reasons{"user_agent.original": "what a caller sends is bounded"},
		},
		"invalid path": {
			handler: hello, edit: func(r *http.Request) { r.URL.Path = "/\xff" },
			expect: reasons{"url.path": "what is not UTF-8 is rejected by collectors"},
		},
		"panic": {
			handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }),
			expect: reasons{
				"(status)": "a panic is an error", "http.response.status_code": "500: what the client gets is no success",
				"error.type": "that it was a panic",
			},
		},
		"abort": {
			handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
			expect:  reasons{"error.type": "the abort", "(event) exception": "giving up on purpose is no exception"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			run := func(wrap func(*telemetry) http.Handler) []sdktrace.ReadOnlySpan {
				tel := newTelemetry(t)
				r := httptest.NewRequest(http.MethodGet, "/orders/42", nil)
				if tc.edit != nil {
					tc.edit(r)
				}
				func() {
					defer func() { _ = recover() }()
					wrap(tel).ServeHTTP(httptest.NewRecorder(), r)
				}()
				return tel.spans.Ended()
			}
			theirs := run(func(tel *telemetry) http.Handler {
				return otelhttp.NewHandler(tc.handler, "", otelhttp.WithTracerProvider(tel.tracer),
					otelhttp.WithMeterProvider(tel.meter), otelhttp.WithPropagators(propagation.TraceContext{}))
			})
			ours := run(func(tel *telemetry) http.Handler {
				return tel.handler(tc.handler, httpwrap.WithPropagator(propagation.TraceContext{}))
			})
			assertDifferences(t, theirs, ours, tc.expect)
		})
	}
}

func TestClientSpanDiffersFromOtelhttpsOnlyWithReason(t *testing.T) {
	always := reasons{"(name)": "the conventions name it by the method alone"}
	text := func(status int, body string) http.RoundTripper {
		return roundTripFunc(func(r *http.Request) (*http.Response, error) {
			return answer(status, io.NopCloser(strings.NewReader(body))).RoundTrip(r)
		})
	}
	size := "the size is known when the body has been read"
	for name, tc := range map[string]struct {
		base   http.RoundTripper
		edit   func(*http.Request)
		expect reasons
	}{
		"GET": {base: text(200, "hello"), expect: reasons{"http.response.body.size": size}},
		"404": {base: text(404, "")},
		"503": {base: text(503, "")},
		"799": {base: text(799, "")},
		"HTTPS": {base: text(200, ""), edit: func(r *http.Request) {
			r.URL.Scheme, r.URL.Host = "https", "shop.example:443"
		}},
		"IPv6":           {base: text(200, ""), edit: func(r *http.Request) { r.URL.Host = "[2001:db8::1]:81" }},
		"unknown method": {base: text(200, ""), edit: func(r *http.Request) { r.Method = "BREW" }},
		"no method": {
			base: text(200, ""), edit: func(r *http.Request) { r.Method = "" },
			expect: reasons{"http.request.method": "no method is GET to a client"},
		},
		"request body": {
			base:   text(200, ""),
			edit:   func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("hello")), 5 },
			expect: reasons{"http.request.body.size": "it is known"},
		},
		"secret in the query": {
			base: text(200, ""), edit: func(r *http.Request) { r.URL.RawQuery = "sig=" + secret },
			expect: reasons{"url.full": "a signature is as good as a password"},
		},
		"userinfo": {
			base: text(200, ""), edit: func(r *http.Request) { r.URL.User = userinfo },
			expect: reasons{"url.full": "the conventions say that there was one, without saying what"},
		},
		"body that fails": {base: answer(200, io.NopCloser(iotest.ErrReader(errors.New("reset"))))},
		"error": {
			base:   roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") }),
			expect: reasons{"network.protocol.version": "no protocol was spoken"},
		},
		"canceled": {
			base:   roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, context.Canceled }),
			expect: reasons{"network.protocol.version": "no protocol was spoken", "error.type": "*errors.errorString says nothing"},
		},
		"204, not closed": {base: unclosed{}, expect: reasons{"(no span)": "otelhttp's never ends"}},
	} {
		t.Run(name, func(t *testing.T) {
			run := func(wrap func(*telemetry) http.RoundTripper) []sdktrace.ReadOnlySpan {
				tel := newTelemetry(t)
				r := out(context.Background(), t)
				if tc.edit != nil {
					tc.edit(r)
				}
				res, err := wrap(tel).RoundTrip(r)
				if _, isUnclosed := tc.base.(unclosed); err == nil && !isUnclosed {
					_, _ = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
				}
				return tel.spans.Ended()
			}
			theirs := run(func(tel *telemetry) http.RoundTripper {
				return otelhttp.NewTransport(tc.base, otelhttp.WithTracerProvider(tel.tracer),
					otelhttp.WithMeterProvider(tel.meter), otelhttp.WithPropagators(propagation.TraceContext{}))
			})
			ours := run(func(tel *telemetry) http.RoundTripper {
				return tel.transport(tc.base, httpwrap.WithPropagator(propagation.TraceContext{}))
			})
			expect := maps.Clone(always)
			maps.Copy(expect, tc.expect)
			assertDifferences(t, theirs, ours, expect)
		})
	}
}

// unclosed answers 204 with a body that has to be closed, if one believed so.
type unclosed struct{}

func (unclosed) RoundTrip(r *http.Request) (*http.Response, error) {
	return answer(204, io.NopCloser(strings.NewReader(""))).RoundTrip(r)
}

func TestMetricAttributesDifferFromOtelhttpsOnlyWithReason(t *testing.T) {
	keys := func(tel *telemetry, name string) []string {
		return slices.Sorted(maps.Keys(tel.duration(name).attributes))
	}
	unavailable := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })

	theirs, ours := newTelemetry(t), newTelemetry(t)
	get(otelhttp.NewHandler(unavailable, "", otelhttp.WithTracerProvider(theirs.tracer), otelhttp.WithMeterProvider(theirs.meter)), "http://shop.example:81/")
	get(ours.handler(unavailable), "http://shop.example:81/")
	assert.Equal(t, []string{
		"http.request.method", "http.response.status_code", "network.protocol.name", "network.protocol.version",
		"server.address", "server.port", "url.scheme",
	}, keys(theirs, serverDuration))
	// The caller chooses its Host; http is no news; a 5xx has an error type.
	assert.Equal(t, []string{
		"error.type", "http.request.method", "http.response.status_code", "network.protocol.version", "url.scheme",
	}, keys(ours, serverDuration))

	for _, rt := range []http.RoundTripper{
		otelhttp.NewTransport(answer(404, http.NoBody), otelhttp.WithTracerProvider(theirs.tracer), otelhttp.WithMeterProvider(theirs.meter)),
		ours.transport(answer(404, http.NoBody)),
	} {
		res, err := rt.RoundTrip(out(context.Background(), t))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
	}
	assert.Equal(t, []string{
		"http.request.method", "http.response.status_code", "network.protocol.name", "network.protocol.version",
		"server.address", "server.port", "url.scheme",
	}, keys(theirs, clientDuration))
	assert.Equal(t, []string{
		"error.type", "http.request.method", "http.response.status_code", "network.protocol.version",
		"server.address", "server.port", "url.scheme",
	}, keys(ours, clientDuration))
}
