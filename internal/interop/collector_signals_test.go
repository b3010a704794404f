// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/instrument/otlp"
	"github.com/waymark-otel/waymark/logbridge"
)

// toCollector sends by one of our exporters to a Collector.
func toCollector(t testing.TB, protocol string, c *otelCollector) instrument.Option {
	t.Helper()
	switch protocol {
	case "zipkin":
		return instrument.WithZipkin("http://" + c.zipkin + "/api/v2/spans")
	case "http":
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+c.http)
		return instrument.WithExporters(otlp.HTTP)
	default:
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+c.grpc)
		return instrument.WithExporters(otlp.GRPC)
	}
}

// visit is a service with one of everything: a request in, a request out, an
// operation that fails, events, links, attributes of all kinds, a log line and
// a measurement.
func visit(t testing.TB, tel *instrument.Telemetry) {
	t.Helper()
	with := []httpwrap.Option{httpwrap.WithTracerProvider(tel.TracerProvider()), httpwrap.WithMeterProvider(tel.MeterProvider()), httpwrap.WithPropagator(tel.Propagator())}
	log := slog.New(logbridge.NewHandler("shop", tel.LoggerProvider()))
	counter, err := tel.MeterProvider().Meter("shop").Int64Counter("orders")
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		ctx := instrument.ContextWithTracerProvider(r.Context(), tel.TracerProvider())
		_ = instrument.Do(ctx, "Price Order", func(ctx context.Context) error {
			instrument.SetAttributes(ctx, attribute.String("customer", "Ünïcode \"q\"\n"), attribute.Int("items", -3), attribute.Bool("paid", true),
				attribute.Float64("weight", 0.25), attribute.StringSlice("tags", []string{"a", "b"}))
			instrument.AddEvent(ctx, "Looked Up", attribute.Int("rows", 2))
			log.ErrorContext(ctx, "no such order", "order", r.PathValue("id"))
			counter.Add(ctx, 2, metric.WithAttributes(attribute.String("kind", "book")))
			return errors.New("sold out")
		})
		_ = instrument.Do(ctx, "notify", func(context.Context) error { return nil }, trace.WithSpanKind(trace.SpanKindProducer),
			trace.WithLinks(trace.Link{SpanContext: trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})}))
		w.WriteHeader(http.StatusTeapot)
	})
	server := httptest.NewServer(httpwrap.Handler(mux, with...))
	defer server.Close()
	client := http.Client{Transport: httpwrap.Transport(nil, with...)}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/orders/7", nil)
	require.NoError(t, err)
	resp, err := client.Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	client.CloseIdleConnections()
}

// TestTheSameServiceByZipkinAndOTLPIsTheSame to a Collector.
func TestTheSameServiceByZipkinAndOTLPIsTheSame(t *testing.T) {
	c := startOTelCollector(t, "files.yaml")
	var opts []instrument.Option
	for _, protocol := range []string{"zipkin", "http", "grpc"} {
		option := toCollector(t, protocol, c)
		if protocol != "zipkin" {
			// The environment is one; each reads it when it is opened.
			endpoint := map[string]string{"http": c.http, "grpc": c.grpc}[protocol]
			open := map[string]func(context.Context) (instrument.Exporters, error){"http": otlp.HTTP, "grpc": otlp.GRPC}[protocol]
			option = instrument.WithExporters(func(ctx context.Context) (instrument.Exporters, error) {
				t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+endpoint)
				return open(ctx)
			})
		}
		opts = append(opts, option)
	}
	tel, err := instrument.New(t.Context(), append(opts, instrument.WithService("Shop", "1.2.3"), instrument.WithSampleRatio(1))...)
	require.NoError(t, err)
	visit(t, tel)
	require.NoError(t, tel.Shutdown(context.Background()))

	byHTTP, byGRPC, byZipkin := c.read(t, "http.json"), c.read(t, "grpc.json"), c.read(t, "zipkin.json")
	http, _ := byID(byHTTP.spans)
	grpc, _ := byID(byGRPC.spans)
	require.Len(t, grpc, 4)
	assert.Equal(t, grpc, http, "OTLP is OTLP")
	zipkin, _ := byID(byZipkin.spans)
	require.Len(t, zipkin, len(grpc))
	for id, want := range grpc {
		sameAsZipkin(t, want, zipkin[id])
	}

	for protocol, got := range map[string]collected{"http": byHTTP, "grpc": byGRPC} {
		require.Len(t, got.logs, 1, protocol)
		line := got.logs[0]
		assert.Equal(t, "no such order", line.Body["stringValue"])
		assert.Equal(t, "7", line.Attributes.text("order"))
		assert.Equal(t, "Price Order", grpc[line.TraceID+line.SpanID].Name, "the line is in its span")
		var orders, durations int
		for _, m := range got.metrics {
			assert.Equal(t, "Shop", m.Resource.text("service.name"))
			switch m.Name {
			case "orders":
				require.Len(t, m.Sum.DataPoints, 1)
				assert.EqualValues(t, 2, m.Sum.DataPoints[0].number())
				assert.Equal(t, "book", m.Sum.DataPoints[0].Attributes.text("kind"))
				orders++
			case "http.server.request.duration":
				require.Len(t, m.Histogram.DataPoints, 1)
				assert.Equal(t, "1", m.Histogram.DataPoints[0].Count.String())
				assert.Equal(t, "/orders/{id}", m.Histogram.DataPoints[0].Attributes.text("http.route"))
				durations++
			}
		}
		assert.Equal(t, [2]int{1, 1}, [2]int{orders, durations}, protocol)
	}
}

// sameAsZipkin compares a span that came by OTLP with the same one that came
// as Zipkin's JSON. What Zipkin has no place for is listed here.
func sameAsZipkin(t *testing.T, want, got otlpSpan) {
	t.Helper()
	assert.Equal(t, want.ParentSpanID, got.ParentSpanID, want.Name)
	assert.Equal(t, strings.ToLower(want.Name), got.Name, "names are in lower case")
	if want.Kind == 1 {
		assert.Contains(t, []int{0, 1}, got.Kind, "internal is no kind")
	} else {
		assert.Equal(t, want.Kind, got.Kind, want.Name)
	}
	near := func(want, got string, microseconds float64, what string) {
		t.Helper()
		w, errW := strconv.ParseInt(want, 10, 64)
		g, errG := strconv.ParseInt(got, 10, 64)
		assert.NoError(t, errors.Join(errW, errG))
		assert.InDelta(t, 0, float64(w-g)/1000, microseconds, "%s of %s", what, want)
	}
	near(want.StartTimeUnixNano, got.StartTimeUnixNano, 0.5, "start") // rounded
	near(want.EndTimeUnixNano, got.EndTimeUnixNano, 1, "end")         // start and duration, rounded
	assert.Equal(t, want.Status.Code, got.Status.Code, want.Name)
	assert.Equal(t, want.Resource.text("service.name"), got.Resource.text("service.name"))
	for _, kv := range want.Attributes {
		text := want.Attributes.text(kv.Key)
		if kv.Key == "tags" {
			text = `["a","b"]`
		}
		assert.Equal(t, text, got.Attributes.text(kv.Key), "%s of %s", kv.Key, want.Name)
	}
	require.Len(t, got.Events, len(want.Events), want.Name)
	for i, e := range want.Events {
		near(e.TimeUnixNano, got.Events[i].TimeUnixNano, 0.5, "event")
		assert.True(t, strings.HasPrefix(got.Events[i].Name, e.Name), got.Events[i].Name)
	}
	assert.Empty(t, got.Links, "Zipkin has no place for links")
	assert.Empty(t, got.TraceState, "nor for tracestate")
}
