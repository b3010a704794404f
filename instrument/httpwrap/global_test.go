// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/propagators"
)

// A process has one set of globals, which cannot be unset: this test takes a
// process of its own through their whole life.
func TestGlobalsAreThoseOfTheMoment(t *testing.T) {
	const child = "HTTPWRAP_TEST_GLOBALS"
	if os.Getenv(child) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), child+"=1")
		output, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", output)
		require.Contains(t, string(output), "--- PASS: "+t.Name())
		return
	}
	var inside *http.Request
	var writer http.ResponseWriter
	server := httpwrap.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inside, writer = r, w }))
	var sent *http.Request
	client := httpwrap.Transport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
		sent = r
		return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
	}))
	explicit := httpwrap.Handler(http.HandlerFunc(ok),
		httpwrap.WithTracerProvider(otel.GetTracerProvider()),
		httpwrap.WithMeterProvider(otel.GetMeterProvider()),
		httpwrap.WithPropagator(otel.GetTextMapPropagator()))
	round := func() *http.Request {
		r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		r.Header.Set("Traceparent", callerParent)
		server.ServeHTTP(w, r)
		explicit.ServeHTTP(httptest.NewRecorder(), r)
		_, err := client.RoundTrip(r)
		require.NoError(t, err)
		return r
	}

	r := round()
	assert.Same(t, r, inside, "before Setup nothing is touched")
	assert.IsType(t, &httptest.ResponseRecorder{}, writer)
	assert.Same(t, r, sent)

	for range 2 {
		tel := newTelemetry(t)
		otel.SetTracerProvider(tel.tracer)
		otel.SetMeterProvider(tel.meter)
		otel.SetTextMapPropagator(tel.carrier)
		round()
		assert.Len(t, tel.spans.Ended(), 3, "after each Setup the live providers record")
		assert.NotEmpty(t, tel.points()[serverDuration])
		assert.NotEmpty(t, tel.points()[clientDuration])
		assert.NotEmpty(t, sent.Header.Get("Traceparent"))
	}

	t.Run("no-op providers still pass the context on", func(t *testing.T) {
		otel.SetTracerProvider(noop.NewTracerProvider())
		otel.SetMeterProvider(metricnoop.NewMeterProvider())
		round()
		assert.Equal(t, callerTrace, trace.SpanContextFromContext(inside.Context()).TraceID().String())
		out := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(inside.Context())
		_, err := client.RoundTrip(out)
		require.NoError(t, err)
		assert.Equal(t, callerParent, sent.Header.Get("Traceparent"))
	})
	t.Run("and the correlation id", func(t *testing.T) {
		w := get(server, "/")
		id := propagators.CorrelationIDFromContext(inside.Context())
		assert.NotEmpty(t, id)
		assert.Equal(t, id, w.Header().Get("X-Correlation-ID"))
	})
	t.Run("and ignore what a public caller says", func(t *testing.T) {
		get(httpwrap.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			assert.False(t, trace.SpanContextFromContext(r.Context()).IsValid())
		}), httpwrap.WithPublicEndpoint(nil)), "/", "Traceparent", callerParent)
	})
}

func TestLocalSpansProviderIsUsed(t *testing.T) {
	tel := newTelemetry(t)
	ctx, parent := tel.tracer.Tracer("test").Start(context.Background(), "parent")
	rt := httpwrap.Transport(answer(204, nil))
	_, err := rt.RoundTrip(out(ctx, t))
	require.NoError(t, err)
	parent.End()
	spans := tel.spans.Ended()
	require.Len(t, spans, 2)
	assert.Equal(t, parent.SpanContext().SpanID(), spans[0].Parent().SpanID())
}

func TestSampledOutParentsProviderIsUsedToo(t *testing.T) {
	tel := newTelemetry(t, sdktrace.WithSampler(sdktrace.NeverSample()))
	ctx, parent := tel.tracer.Tracer("test").Start(context.Background(), "parent")
	var sent *http.Request
	_, err := httpwrap.Transport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
		sent = r
		return &http.Response{StatusCode: 204}, nil
	}), httpwrap.WithPropagator(tel.carrier)).RoundTrip(out(ctx, t))
	require.NoError(t, err)
	assert.Contains(t, sent.Header.Get("Traceparent"), parent.SpanContext().TraceID().String())
	assert.NotContains(t, sent.Header.Get("Traceparent"), parent.SpanContext().SpanID().String(), "the client span has its own id")
}

// uncomparable providers and contexts must not make a comparison panic.
type uncomparableProvider struct {
	trace.TracerProvider
	_ []int
}

func TestProvidersThatCannotBeComparedWork(t *testing.T) {
	tel := newTelemetry(t)
	h := tel.handler(http.HandlerFunc(ok), httpwrap.WithTracerProvider(uncomparableProvider{TracerProvider: tel.tracer}))
	get(h, "/")
	get(h, "/")
	assert.Len(t, tel.spans.Ended(), 2)
}

type uncomparableContext struct {
	context.Context
	_ []int
}

func TestContextsThatCannotBeComparedWork(t *testing.T) {
	h := httpwrap.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }),
		httpwrap.WithTracerProvider(noop.NewTracerProvider()), httpwrap.WithMeterProvider(metricnoop.NewMeterProvider()),
		httpwrap.WithPropagator(propagation.TraceContext{}))
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	h.ServeHTTP(w, r.WithContext(uncomparableContext{Context: r.Context()}))
	assert.Equal(t, "ok", w.Body.String())
}

// A provider that was shut down starts no spans; what the caller sent is then
// not mistaken for one of ours.
func TestProviderThatStartsNothing(t *testing.T) {
	tel := newTelemetry(t)
	h := tel.handler(http.HandlerFunc(ok), httpwrap.WithTracerProvider(idle{}), httpwrap.WithTraceResponse(),
		httpwrap.WithSpanStart(func(trace.Span, *http.Request) { t.Error("no span was started") }))
	w := get(h, "/", "Traceparent", callerParent)
	assert.Empty(t, w.Header().Get("Traceresponse"))
	assert.EqualValues(t, 1, tel.duration(serverDuration).count)
}

// idle hands out tracers that do nothing, without being OpenTelemetry's own
// no-op provider.
type idle struct{ noop.TracerProvider }
