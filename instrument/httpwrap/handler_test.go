// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/propagators"
)

const (
	callerTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	callerSpan   = "00f067aa0ba902b7"
	callerParent = "00-" + callerTrace + "-" + callerSpan + "-01"
)

func TestSpanAndMetricsDescribeTheRequest(t *testing.T) {
	tel := newTelemetry(t)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "made")
	})
	server := httptest.NewServer(tel.handler(mux))
	defer server.Close()

	res, err := http.Post(server.URL+"/orders/42", "text/plain", http.NoBody)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, "made", string(body))
	server.Close()

	span := tel.span()
	assert.Equal(t, "POST /orders/{id}", span.Name())
	assert.Equal(t, trace.SpanKindServer, span.SpanKind())
	assert.Equal(t, codes.Unset, span.Status().Code)
	attrs := attributes(span)
	assert.Equal(t, "POST", attrs["http.request.method"])
	assert.Equal(t, "/orders/{id}", attrs["http.route"])
	assert.Equal(t, "/orders/42", attrs["url.path"])
	assert.Equal(t, "201", attrs["http.response.status_code"])
	assert.Equal(t, "4", attrs["http.response.body.size"])
	assert.Equal(t, "127.0.0.1", attrs["network.peer.address"])
	assert.Equal(t, "127.0.0.1", attrs["client.address"])

	assert.Equal(t, map[string]string{
		"http.request.method":       "POST",
		"http.route":                "/orders/{id}",
		"http.response.status_code": "201",
		"network.protocol.version":  "1.1",
		"url.scheme":                "http",
	}, tel.duration(serverDuration).attributes)
	active := tel.points()["http.server.active_requests"]
	require.Len(t, active, 1)
	assert.Zero(t, active[0].sum, "no request is active any more")
}

func TestRouteIsKnownBeforeSpanStarts(t *testing.T) {
	var seen sdktrace.SamplingParameters
	tel := newTelemetry(t, sdktrace.WithSampler(samplerFunc(func(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
		seen = p
		return sdktrace.SamplingResult{Decision: sdktrace.RecordAndSample}
	})))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(http.ResponseWriter, *http.Request) {})
	get(tel.handler(mux), "/orders/42", "User-Agent", "probe")

	assert.Equal(t, "GET /orders/{id}", seen.Name)
	got := make(map[string]string)
	for _, kv := range seen.Attributes {
		got[string(kv.Key)] = kv.Value.String()
	}
	assert.Equal(t, map[string]string{
		"http.request.method": "GET",
		"http.route":          "/orders/{id}",
		"server.address":      "example.com",
		"url.path":            "/orders/42",
		"url.scheme":          "http",
		"user_agent.original": "probe",
	}, got)
}

type samplerFunc func(sdktrace.SamplingParameters) sdktrace.SamplingResult

func (f samplerFunc) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult { return f(p) }
func (samplerFunc) Description() string                                                  { return "test" }

func TestCallersTraceIsContinued(t *testing.T) {
	tel := newTelemetry(t)
	get(tel.handler(http.NotFoundHandler()), "/", "Traceparent", callerParent)
	span := tel.span()
	assert.Equal(t, callerTrace, span.SpanContext().TraceID().String())
	assert.Equal(t, callerSpan, span.Parent().SpanID().String())
	assert.True(t, span.Parent().IsRemote())
}

func TestUnsampledRequestIsStillMeasured(t *testing.T) {
	tel := newTelemetry(t, sdktrace.WithSampler(sdktrace.NeverSample()))
	var inside trace.SpanContext
	w := get(tel.handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inside = trace.SpanContextFromContext(r.Context())
		http.Error(w, "no", http.StatusServiceUnavailable)
	})), "/", "Traceparent", callerParent)
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Empty(t, tel.spans.Ended())
	assert.Equal(t, callerTrace, inside.TraceID().String())
	assert.False(t, inside.IsSampled())
	attrs := tel.duration(serverDuration).attributes
	assert.Equal(t, "503", attrs["http.response.status_code"])
	assert.Equal(t, "503", attrs["error.type"])
}

func TestCorrelationIDIsAcceptedOrMadeAndEchoed(t *testing.T) {
	tel := newTelemetry(t)
	var inside string
	h := tel.handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		inside = propagators.CorrelationIDFromContext(r.Context())
	}))

	w := get(h, "/", "X-Request-ID", "abc#1")
	assert.Equal(t, "abc#1", inside)
	assert.Equal(t, []string{"abc#1"}, w.Header().Values("X-Correlation-ID"))

	w = get(h, "/", "Traceparent", callerParent, "X-Correlation-ID", "a\nb")
	assert.Equal(t, callerTrace, inside, "an id that is not valid is replaced by the trace id")
	assert.Equal(t, callerTrace, w.Header().Get("X-Correlation-ID"))
	assert.Equal(t, callerTrace, attributes(tel.spans.Ended()[1])["correlation_id"])
}

func TestCorrelationIDSetByTheHandlerStands(t *testing.T) {
	tel := newTelemetry(t)
	w := get(tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("X-Correlation-Id", "own")
	})), "/")
	assert.Equal(t, []string{"own"}, w.Header().Values("X-Correlation-ID"))
}

func TestFilteredRequestPassesUntouched(t *testing.T) {
	tel := newTelemetry(t)
	var got *http.Request
	var writer http.ResponseWriter
	h := tel.handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got, writer = r, w }),
		httpwrap.WithFilter(func(r *http.Request) bool { return r.URL.Path != "/healthz" }))
	r, w := httptest.NewRequest(http.MethodGet, "/healthz", nil), httptest.NewRecorder()
	h.ServeHTTP(w, r)
	assert.Same(t, r, got)
	assert.Same(t, w, writer)
	assert.Empty(t, tel.spans.Ended())
	assert.Empty(t, tel.points())

	get(h, "/other")
	assert.Len(t, tel.spans.Ended(), 1, "true means trace")
}
