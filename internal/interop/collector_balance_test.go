// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/httpwrap"
)

// TestTwoCollectorsKeepATraceTogether: two services, each with a Collector of
// its own that balances by trace id over two gateways which sample when a trace
// is over. One service speaks Zipkin and the other OTLP.
func TestTwoCollectorsKeepATraceTogether(t *testing.T) {
	gateways := []*otelCollector{
		startOTelCollector(t, "gateway.yaml", "DECISION_WAIT=2s"),
		startOTelCollector(t, "gateway.yaml", "DECISION_WAIT=2s"),
	}
	behind := []string{"GATEWAY_1=" + gateways[0].grpc, "GATEWAY_2=" + gateways[1].grpc}
	agents := []*otelCollector{
		startOTelCollector(t, "agent.yaml", behind...),
		startOTelCollector(t, "agent.yaml", behind...),
	}
	service := func(name, protocol string, c *otelCollector) (*instrument.Telemetry, []httpwrap.Option) {
		tel, err := instrument.New(t.Context(), instrument.WithService(name, "1"), toCollector(t, protocol, c))
		require.NoError(t, err)
		return tel, []httpwrap.Option{httpwrap.WithTracerProvider(tel.TracerProvider()), httpwrap.WithPropagator(tel.Propagator())}
	}
	front, frontOptions := service("front", "zipkin", agents[0])
	back, backOptions := service("back", "http", agents[1])

	server := httptest.NewServer(httpwrap.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("fail") {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}), backOptions...))
	defer server.Close()
	client := http.Client{Transport: httpwrap.Transport(nil, frontOptions...)}
	defer client.CloseIdleConnections()
	const requests, failing = 300, 30
	failed := map[string]bool{}
	for i := range requests {
		ctx, span := front.TracerProvider().Tracer("front").Start(t.Context(), "visit", trace.WithAttributes())
		url := server.URL + "/" + strconv.Itoa(i)
		if i%(requests/failing) == 0 {
			url += "?fail"
			failed[span.SpanContext().TraceID().String()] = true
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		require.NoError(t, err)
		resp, err := client.Do(r)
		require.NoError(t, err)
		_ = resp.Body.Close()
		span.End()
	}
	require.NoError(t, front.Shutdown(context.Background()))
	require.NoError(t, back.Shutdown(context.Background()))

	// The gateways decide after the wait; the last trace that failed is the
	// last that is awaited.
	kept := func() (byGateway []map[string][]otlpSpan) {
		for _, g := range gateways {
			traces := map[string][]otlpSpan{}
			for _, s := range g.read(t, "kept.json").spans {
				traces[s.TraceID] = append(traces[s.TraceID], s)
			}
			byGateway = append(byGateway, traces)
		}
		return byGateway
	}
	require.Eventually(t, func() bool {
		found := 0
		for id := range failed {
			for _, traces := range kept() {
				found += len(traces[id])
			}
		}
		return found >= 3*failing
	}, 30*time.Second, 100*time.Millisecond, "%s", gateways[0].logs)
	for _, g := range gateways {
		g.interrupt(t)
	}

	byGateway := kept()
	for i, traces := range byGateway {
		assert.Greater(t, len(traces), requests/40, "each gateway has its share")
		for id, spans := range traces {
			assert.Len(t, spans, 3, "a trace is whole")
			assert.NotContains(t, byGateway[1-i], id, "a trace is in one place")
			services := map[string]int{}
			for _, s := range spans {
				services[s.Resource.text("service.name")]++
			}
			assert.Equal(t, map[string]int{"front": 2, "back": 1}, services)
		}
	}
	total := len(byGateway[0]) + len(byGateway[1])
	assert.Less(t, total, requests/2, "a tenth of those that did not fail is kept")
	t.Logf("%d of %d traces kept, %d of them failed: %d and %d", total, requests, failing, len(byGateway[0]), len(byGateway[1]))
}
