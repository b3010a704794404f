// SPDX-License-Identifier: Apache-2.0

package logbridge_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/instrument/instrumenttest"
	"github.com/waymark-otel/waymark/logbridge"
)

// TestOneTraceIDInLineEventAndLogRecord sends a request with a caller's trace
// and correlation id through httpwrap to a handler that queries, fails and
// logs.
func TestOneTraceIDInLineEventAndLogRecord(t *testing.T) {
	for name, sampled := range map[string]bool{"sampled": true, "unsampled": false} {
		t.Run(name, func(t *testing.T) {
			recorder := instrumenttest.New(t)
			tel, err := instrument.New(t.Context(), instrument.WithoutEnvironment(), instrument.WithoutDefaultExporter(),
				instrument.WithSpanProcessor(recorder.SpanProcessor()), instrument.WithLogProcessor(recorder.LogProcessor()))
			require.NoError(t, err)
			defer tel.Shutdown(context.Background()) //nolint:errcheck // exports nothing

			var terminal, access bytes.Buffer
			logger := slog.New(slog.NewMultiHandler(
				logbridge.TraceContext(logbridge.ContextAttrs(jsonTo(&terminal))),
				logbridge.SpanEvents(slog.LevelError),
				logbridge.NewHandler("shop", tel.LoggerProvider()),
			))
			mux := http.NewServeMux()
			mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
				logbridge.AddAttrs(r.Context(), slog.String("order", r.PathValue("id")))
				err := instrument.Do(r.Context(), "SELECT orders", func(ctx context.Context) error {
					logger.InfoContext(ctx, "querying")
					err := errors.New("no such order")
					logger.WithGroup("db").ErrorContext(ctx, "query failed", "error", err)
					return err
				})
				if err != nil {
					http.Error(w, "sorry", http.StatusInternalServerError)
				}
			})
			wrapped := httpwrap.Handler(mux, httpwrap.WithTracerProvider(tel.TracerProvider()), httpwrap.WithPropagator(tel.Propagator()),
				httpwrap.WithAccessLog(slog.New(logbridge.TraceContext(logbridge.ContextAttrs(jsonTo(&access))))))
			outer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				wrapped.ServeHTTP(w, r.WithContext(logbridge.ContextWithAttrs(r.Context())))
			})

			r := httptest.NewRequest(http.MethodGet, "/orders/17", nil)
			flags := map[bool]string{true: "01", false: "00"}[sampled]
			r.Header.Set("traceparent", "00-"+traceIDText+"-"+spanIDText+"-"+flags)
			r.Header.Set("X-Correlation-ID", "order-7")
			w := httptest.NewRecorder()
			outer.ServeHTTP(w, r)
			require.Equal(t, http.StatusInternalServerError, w.Code)

			onTerminal := lines(t, &terminal)
			require.Len(t, onTerminal, 2)
			logs := recorder.Logs()
			require.Len(t, logs, 2)
			for i, line := range onTerminal {
				assert.Equal(t, traceIDText, line["trace_id"])
				assert.Equal(t, flags, line["trace_flags"])
				assert.Equal(t, "order-7", line["correlation_id"])
				assert.Equal(t, "17", line["order"])
				assert.Equal(t, traceIDText, logs[i].TraceID().String())
				assert.Equal(t, line["span_id"], logs[i].SpanID().String())
			}
			assert.Equal(t, map[string]any{"error": "no such order"}, onTerminal[1]["db"])
			assert.Equal(t, map[string]any{"error": "no such order"}, attributes(t, logs[1])["db"])

			served := line(t, &access)
			assert.Equal(t, traceIDText, served["trace_id"])
			assert.Equal(t, flags, served["trace_flags"])
			assert.Equal(t, "order-7", served["correlation_id"])
			assert.Equal(t, "17", served["order"], "what the handler added is in the access log")
			assert.NotEqual(t, onTerminal[0]["span_id"], served["span_id"])

			if !sampled {
				assert.Empty(t, recorder.Spans())
				return
			}
			query := recorder.Span("SELECT orders")
			assert.Equal(t, traceIDText, query.SpanContext().TraceID().String())
			assert.Equal(t, onTerminal[1]["span_id"], query.SpanContext().SpanID().String())
			assert.Equal(t, codes.Error, query.Status().Code)
			require.NotEmpty(t, query.Events())
			assert.Equal(t, "query failed", query.Events()[0].Name)
			assert.Equal(t, map[string]any{"level": "ERROR", "db.error": "no such order"}, byKey(query.Events()[0]))
			assert.Equal(t, served["span_id"], recorder.Span("GET /orders/{id}").SpanContext().SpanID().String())
		})
	}
}

// kept is an exporter of logs that keeps them.
type kept struct {
	nothing
	mu      sync.Mutex
	records []sdklog.Record
}

func (k *kept) Export(_ context.Context, records []sdklog.Record) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range records {
		k.records = append(k.records, r.Clone())
	}
	return nil
}

// TestTheEnvironmentChoosesWhereLogsGo: through Setup, with the global
// provider, for a handler made before the first of two Setups.
func TestTheEnvironmentChoosesWhereLogsGo(t *testing.T) {
	t.Setenv("OTEL_LOGS_EXPORTER", "memory")
	t.Setenv("OTEL_TRACES_EXPORTER", "none")
	logger := slog.New(logbridge.NewHandler("shop", nil))
	for range 2 {
		k := &kept{}
		shutdown, err := instrument.Setup(t.Context(), instrument.WithNamedExporter("memory", func(context.Context) (instrument.Exporters, error) {
			return instrument.Exporters{Logs: k}, nil
		}))
		require.NoError(t, err)
		logger.InfoContext(spanContext(trace.FlagsSampled, false), "hello")
		require.NoError(t, shutdown(context.Background()))
		require.Len(t, k.records, 1)
		assert.Equal(t, "hello", k.records[0].Body().AsString())
		assert.Equal(t, "shop", k.records[0].InstrumentationScope().Name)
		assert.Equal(t, traceIDText, k.records[0].TraceID().String())
		assert.False(t, logger.Enabled(t.Context(), slog.LevelError), "after shutdown a record costs nothing")
	}
}
