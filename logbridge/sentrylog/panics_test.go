// SPDX-License-Identifier: Apache-2.0

package sentrylog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/getsentry/sentry-go"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/instrument/instrumenttest"
	"github.com/waymark-otel/waymark/logbridge"
	"github.com/waymark-otel/waymark/logbridge/sentrylog"
	"github.com/waymark-otel/waymark/propagators"
)

// TestOneTraceIDInLineEventLogRecordAndSentry: a request through httpwrap, a
// handler that logs an error and then panics.
func TestOneTraceIDInLineEventLogRecordAndSentry(t *testing.T) {
	in, hub := newIngest(t)
	recorder := instrumenttest.New(t)
	var terminal bytes.Buffer
	logger := slog.New(slog.NewMultiHandler(
		logbridge.TraceContext(slog.NewJSONHandler(&terminal, nil)),
		logbridge.SpanEvents(slog.LevelError),
		logbridge.NewHandler("shop", recorder.LoggerProvider()),
		sentrylog.NewHandler(hub),
	))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(_ http.ResponseWriter, r *http.Request) {
		ctx, span := recorder.TracerProvider().Tracer("db").Start(r.Context(), "SELECT orders")
		logger.ErrorContext(ctx, "query failed", "error", errors.New("no such order"))
		span.End()
		failHere()
	})
	h := httpwrap.Handler(mux, httpwrap.WithTracerProvider(recorder.TracerProvider()),
		httpwrap.WithPropagator(propagators.First(propagators.TraceContext{}, propagators.CorrelationID{})),
		httpwrap.WithPanicHandler(sentrylog.PanicHandler(hub)))
	r := httptest.NewRequest(http.MethodGet, "/orders/17", nil)
	r.Header.Set("traceparent", "00-"+traceIDText+"-"+spanIDText+"-01")
	assert.PanicsWithValue(t, "out of stock", func() { h.ServeHTTP(httptest.NewRecorder(), r) })

	var line map[string]any
	require.NoError(t, json.Unmarshal(terminal.Bytes(), &line))
	query := recorder.Span("SELECT orders")
	got := in.received(hub)
	require.Len(t, got, 2)
	assert.Equal(t, traceIDText, line["trace_id"])
	assert.Equal(t, traceIDText, query.SpanContext().TraceID().String())
	assert.Equal(t, traceIDText, recorder.Logs()[0].TraceID().String())
	assert.Equal(t, traceIDText, at(got[0], "contexts", "trace", "trace_id"))
	assert.Equal(t, traceIDText, at(got[1], "contexts", "trace", "trace_id"))
	assert.Equal(t, "query failed", query.Events()[0].Name)

	spanID := query.SpanContext().SpanID().String()
	assert.Equal(t, spanID, line["span_id"])
	assert.Equal(t, spanID, recorder.Logs()[0].SpanID().String())
	assert.Equal(t, spanID, at(got[0], "contexts", "trace", "span_id"))
	assert.Equal(t, recorder.Span("GET /orders/{id}").SpanContext().SpanID().String(), at(got[1], "contexts", "trace", "span_id"))
	assert.Equal(t, at(got[0], "tags", "correlation_id"), at(got[1], "tags", "correlation_id"))
	assert.Equal(t, line["correlation_id"], at(got[0], "tags", "correlation_id"))

	assert.Equal(t, "fatal", got[1]["level"])
	assert.Equal(t, "out of stock", at(got[1], "exception", 0, "value"))
	assert.Equal(t, "string", at(got[1], "exception", 0, "type"))
	assert.Equal(t, false, at(got[1], "exception", 0, "mechanism", "handled"))
	frames := at(got[1], "exception", 0, "stacktrace", "frames").([]any)
	assert.Equal(t, "failHere", at(frames[len(frames)-1], "function"), "where it panicked")
}

//go:noinline
func failHere() { panic("out of stock") }

func TestNoticeSendsAndGoesOnWithTheSameValue(t *testing.T) {
	in, hub := newIngest(t)
	cause := errors.New("broken")
	assert.PanicsWithError(t, "broken", func() {
		defer sentrylog.Notice(spanContext(), hub)
		panic(cause)
	})
	got := in.received(hub)
	require.Len(t, got, 1)
	assert.Equal(t, "broken", at(got[0], "exception", 0, "value"))
	assert.Equal(t, traceIDText, at(got[0], "contexts", "trace", "trace_id"))
}

func TestNoticeWithoutAPanicDoesNothing(t *testing.T) {
	in, hub := newIngest(t)
	func() { defer sentrylog.Notice(context.Background(), hub) }()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer sentrylog.Notice(context.Background(), hub)
		runtime.Goexit()
	}()
	<-done
	assert.Empty(t, in.received(hub))
}

// TestAProgramThatPanicsHasSentIt runs this test's binary as such a program.
func TestAProgramThatPanicsHasSentIt(t *testing.T) {
	if dsn := os.Getenv("SENTRYLOG_TEST_DSN"); dsn != "" {
		if err := sentry.Init(sentry.ClientOptions{Dsn: dsn}); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer sentrylog.Notice(spanContext(), nil)
			panic("unhandled")
		}()
		<-done
		return
	}
	in, hub := newIngest(t)
	program := exec.Command(os.Args[0], "-test.run=^TestAProgramThatPanicsHasSentIt$")
	program.Env = append(os.Environ(), "SENTRYLOG_TEST_DSN="+in.dsn())
	out, err := program.CombinedOutput()
	require.Error(t, err, "the panic must still end the program")
	assert.Contains(t, string(out), "panic: unhandled")
	got := in.received(hub)
	require.Len(t, got, 1)
	assert.Equal(t, "unhandled", at(got[0], "exception", 0, "value"))
	assert.Equal(t, traceIDText, at(got[0], "contexts", "trace", "trace_id"))
}
