// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
)

// panicking is the frame that a recorded stack must name.
func panicking(v any) { panic(v) }

// thrown serves one GET and returns what the handler panicked with and the
// stack as an outer middleware would print it.
func thrown(h http.Handler) (value any, stack string, w *httptest.ResponseRecorder) {
	w = httptest.NewRecorder()
	defer func() {
		value = recover()
		stack = string(debug.Stack())
	}()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/orders/1", nil))
	return nil, "", w
}

func routed(f http.HandlerFunc) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", f)
	return mux
}

func TestPanicIsRecordedAndGoesOn(t *testing.T) {
	boom := errors.New("boom")
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		status  string
	}{
		"before the first byte": {func(http.ResponseWriter, *http.Request) { panicking(boom) }, "500"},
		"after the first byte": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			panicking(boom)
		}, "200"},
		"after the header": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			panicking(boom)
		}, "202"},
	} {
		t.Run(name, func(t *testing.T) {
			tel := newTelemetry(t)
			var heard any
			var heardStack []byte
			value, stack, w := thrown(tel.handler(routed(tc.handler),
				httpwrap.WithPanicHandler(func(_ context.Context, v any, s []byte) { heard, heardStack = v, s })))
			assert.Same(t, boom, value)
			assert.Contains(t, stack, "httpwrap_test.panicking", "whoever recovers sees the stack whole")
			assert.Same(t, boom, heard)
			assert.Contains(t, string(heardStack), "httpwrap_test.panicking")
			assert.NotEmpty(t, w.Header().Get("X-Correlation-ID"))

			span := tel.span()
			assert.Equal(t, sdktrace.Status{Code: codes.Error, Description: "boom"}, span.Status())
			assert.Equal(t, "GET /orders/{id}", span.Name())
			attrs := attributes(span)
			assert.Equal(t, tc.status, attrs["http.response.status_code"])
			assert.Equal(t, "/orders/{id}", attrs["http.route"])
			assert.Equal(t, "panic", attrs["error.type"])
			require.Len(t, span.Events(), 1)
			event := map[string]string{}
			for _, kv := range span.Events()[0].Attributes {
				event[string(kv.Key)] = kv.Value.String()
			}
			assert.Equal(t, "exception", span.Events()[0].Name)
			assert.Equal(t, "*errors.errorString", event["exception.type"])
			assert.Equal(t, "boom", event["exception.message"])
			assert.Contains(t, event["exception.stacktrace"], "httpwrap_test.panicking")

			point := tel.duration(serverDuration).attributes
			assert.Equal(t, tc.status, point["http.response.status_code"])
			assert.Equal(t, "/orders/{id}", point["http.route"])
			assert.Equal(t, "panic", point["error.type"])
			assert.Zero(t, tel.points()["http.server.active_requests"][0].sum)
		})
	}
}

func TestAbortIsNoPanic(t *testing.T) {
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		status  string
	}{
		"before the first byte": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ""},
		"after the first byte": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		}, "200"},
	} {
		t.Run(name, func(t *testing.T) {
			tel := newTelemetry(t)
			value, _, _ := thrown(tel.handler(routed(tc.handler), httpwrap.WithPanicHandler(func(context.Context, any, []byte) {
				t.Error("an abort is not for the panic handler")
			})))
			assert.Same(t, http.ErrAbortHandler, value)
			span := tel.span()
			assert.Empty(t, span.Events())
			assert.Equal(t, codes.Unset, span.Status().Code)
			assert.Equal(t, "http.ErrAbortHandler", attributes(span)["error.type"])
			assert.Equal(t, tc.status, attributes(span)["http.response.status_code"])
			point := tel.duration(serverDuration).attributes
			assert.Equal(t, "http.ErrAbortHandler", point["error.type"])
			assert.Equal(t, tc.status, point["http.response.status_code"])
		})
	}
}

func TestGoexitIsRecordedAndGoesOn(t *testing.T) {
	tel := newTelemetry(t)
	h := tel.handler(routed(func(http.ResponseWriter, *http.Request) { runtime.Goexit() }))
	gone := make(chan bool)
	go func() {
		returned := false
		defer func() { gone <- !returned }()
		get(h, "/orders/1")
		returned = true
	}()
	assert.True(t, <-gone, "the goroutine exits as the handler wanted")
	assert.Equal(t, sdktrace.Status{Code: codes.Error, Description: "runtime.Goexit"}, tel.span().Status())
	assert.Equal(t, "500", attributes(tel.span())["http.response.status_code"])
	assert.Equal(t, "runtime.Goexit", tel.duration(serverDuration).attributes["error.type"])
}

func TestPanicOnAnUnsampledRequestIsMeasured(t *testing.T) {
	tel := newTelemetry(t, sdktrace.WithSampler(sdktrace.NeverSample()))
	value, _, _ := thrown(tel.handler(routed(func(http.ResponseWriter, *http.Request) { panic("boom") })))
	assert.Equal(t, "boom", value)
	assert.Equal(t, "panic", tel.duration(serverDuration).attributes["error.type"])
	assert.Equal(t, "500", tel.duration(serverDuration).attributes["http.response.status_code"])
}

// Of a panic net/http's client sees the connection close. It sees the same
// with Handler around, and the server's log has the same value.
func TestPanicClosesTheConnectionAsWithout(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"before": func(http.ResponseWriter, *http.Request) { panic("boom") },
		"after": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic("boom")
		},
		"abort": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			tel := newTelemetry(t)
			bare, bareLog := brokenResponse(t, h)
			wrapped, wrappedLog := brokenResponse(t, tel.handler(h))
			assert.Equal(t, bare, wrapped)
			assert.Equal(t, bareLog, wrappedLog)
		})
	}
}

// brokenResponse returns the body and the error a client got, and whether the
// server logged the panic.
func brokenResponse(t *testing.T, h http.Handler) (got string, logged bool) {
	logs := &syncBuffer{}
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(logs, "", 0)
	server.Start()
	defer func() {
		server.Close()
		logged = logs.contains("http: panic serving")
	}()
	res, err := http.Get(server.URL)
	if err != nil {
		return "no response", false
	}
	body, err := io.ReadAll(res.Body)
	require.NoError(t, res.Body.Close())
	return string(body) + " " + err.Error(), false
}
