// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/propagators"
)

// telemetry is a pipeline whose spans and points a test can look at.
type telemetry struct {
	t       testing.TB
	tracer  *sdktrace.TracerProvider
	spans   *tracetest.SpanRecorder
	meter   *sdkmetric.MeterProvider
	reader  *sdkmetric.ManualReader
	carrier propagation.TextMapPropagator
}

func newTelemetry(t testing.TB, opts ...sdktrace.TracerProviderOption) *telemetry {
	spans, reader := tracetest.NewSpanRecorder(), sdkmetric.NewManualReader()
	return &telemetry{
		t:      t,
		spans:  spans,
		tracer: sdktrace.NewTracerProvider(append(opts, sdktrace.WithSpanProcessor(spans))...),
		reader: reader,
		meter:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
		carrier: propagators.First(propagators.TraceContext{}, propagators.Baggage{},
			propagators.B3{}, propagators.CorrelationID{}),
	}
}

func (tel *telemetry) options(more ...httpwrap.Option) []httpwrap.Option {
	return append([]httpwrap.Option{
		httpwrap.WithTracerProvider(tel.tracer),
		httpwrap.WithMeterProvider(tel.meter),
		httpwrap.WithPropagator(tel.carrier),
	}, more...)
}

func (tel *telemetry) handler(next http.Handler, more ...httpwrap.Option) http.Handler {
	return httpwrap.Handler(next, tel.options(more...)...)
}

func (tel *telemetry) transport(base http.RoundTripper, more ...httpwrap.Option) http.RoundTripper {
	return httpwrap.Transport(base, tel.options(more...)...)
}

// span returns the one span that has ended.
func (tel *telemetry) span() sdktrace.ReadOnlySpan {
	tel.t.Helper()
	spans := tel.spans.Ended()
	require.Len(tel.t, spans, 1, "spans ended")
	return spans[0]
}

// awaitSpan is span for a server whose Close does not wait for handlers.
func (tel *telemetry) awaitSpan() sdktrace.ReadOnlySpan {
	tel.t.Helper()
	require.Eventually(tel.t, func() bool { return len(tel.spans.Ended()) > 0 }, 10*time.Second, time.Millisecond)
	return tel.span()
}

// attributes returns the attributes of a span by key, as text.
func attributes(s sdktrace.ReadOnlySpan) map[string]string {
	m := make(map[string]string)
	for _, kv := range s.Attributes() {
		m[string(kv.Key)] = kv.Value.String()
	}
	return m
}

// point is a data point of a histogram or counter, with attributes as text.
type point struct {
	count      uint64
	sum        float64
	attributes map[string]string
}

func texts(set attribute.Set) map[string]string {
	m := make(map[string]string)
	for it := set.Iter(); it.Next(); {
		kv := it.Attribute()
		m[string(kv.Key)] = kv.Value.String()
	}
	return m
}

// points returns what each instrument has recorded.
func (tel *telemetry) points() map[string][]point {
	tel.t.Helper()
	var rm metricdata.ResourceMetrics
	require.NoError(tel.t, tel.reader.Collect(context.Background(), &rm))
	all := make(map[string][]point)
	for _, sm := range rm.ScopeMetrics {
		for _, m := range sm.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					all[m.Name] = append(all[m.Name], point{p.Count, p.Sum, texts(p.Attributes)})
				}
			case metricdata.Histogram[int64]:
				for _, p := range data.DataPoints {
					all[m.Name] = append(all[m.Name], point{p.Count, float64(p.Sum), texts(p.Attributes)})
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					all[m.Name] = append(all[m.Name], point{1, float64(p.Value), texts(p.Attributes)})
				}
			default:
				tel.t.Fatalf("instrument %s has data of type %T", m.Name, data)
			}
		}
	}
	return all
}

// duration returns the one point of a latency histogram.
func (tel *telemetry) duration(name string) point {
	tel.t.Helper()
	points := tel.points()[name]
	require.Len(tel.t, points, 1, "points of %s", name)
	assert.EqualValues(tel.t, 1, points[0].count)
	return points[0]
}

const (
	serverDuration = "http.server.request.duration"
	clientDuration = "http.client.request.duration"
)

type headerCarrier = propagation.HeaderCarrier

// get serves one GET.
func get(h http.Handler, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// syncBuffer is a buffer that a server's goroutines may write to.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) contains(s string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Contains(b.buf.Bytes(), []byte(s))
}

var noMetrics = metricnoop.NewMeterProvider()

func disabledProvider() trace.TracerProvider { return noop.NewTracerProvider() }
