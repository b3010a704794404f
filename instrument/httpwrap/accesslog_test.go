// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
)

func TestAccessLogSaysWhatHappened(t *testing.T) {
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		want    map[string]any
	}{
		"ok": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") },
			map[string]any{"level": "INFO", "status": 200.0, "bytes": 5.0}},
		"error": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
			map[string]any{"level": "ERROR", "status": 502.0, "bytes": 0.0, "error": "502"}},
		"not found": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
			map[string]any{"level": "INFO", "status": 404.0, "bytes": 0.0}},
		"panic": {func(http.ResponseWriter, *http.Request) { panic("boom") },
			map[string]any{"level": "ERROR", "status": 500.0, "bytes": 0.0, "error": "panic"}},
	} {
		t.Run(name, func(t *testing.T) {
			tel := newTelemetry(t, sdktrace.WithSampler(sdktrace.NeverSample()))
			var buf bytes.Buffer
			h := tel.handler(routed(tc.handler), httpwrap.WithAccessLog(slog.New(slog.NewJSONHandler(&buf, nil))))
			r := httptest.NewRequest(http.MethodGet, "/orders/1?secret="+secret, nil)
			r.Header.Set("Traceparent", callerParent)
			r.Header.Set("X-Correlation-Id", "c-1")
			func() {
				defer func() { _ = recover() }()
				h.ServeHTTP(httptest.NewRecorder(), r)
			}()
			var got map[string]any
			require.NoError(t, json.Unmarshal(buf.Bytes(), &got))
			assert.Equal(t, 1, bytes.Count(buf.Bytes(), []byte("\n")), "one record")
			assert.Positive(t, got["duration"])
			assert.Len(t, got["span_id"], 16)
			delete(got, "duration")
			delete(got, "span_id")
			delete(got, "time")
			want := map[string]any{"msg": "request", "method": "GET", "route": "/orders/{id}", "trace_id": callerTrace, "correlation_id": "c-1"}
			for k, v := range tc.want {
				want[k] = v
			}
			assert.Equal(t, want, got)
		})
	}
}

func TestAccessLogWithoutAnyProvider(t *testing.T) {
	var buf bytes.Buffer
	h := httpwrap.Handler(http.HandlerFunc(ok), httpwrap.WithTracerProvider(disabledProvider()),
		httpwrap.WithAccessLog(slog.New(slog.NewTextHandler(&buf, nil))))
	get(h, "/")
	assert.Contains(t, buf.String(), "status=200")
}
