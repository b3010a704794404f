// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	promclient "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/runtime"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/httpwrap"
)

// withPrometheus lets metrics be scraped from the handler that it returns.
func withPrometheus() (instrument.Option, http.Handler, error) {
	registry := promclient.NewRegistry()
	reader, err := prometheus.New(prometheus.WithRegisterer(registry))
	if err != nil {
		return nil, nil, err
	}
	scrape := promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}) // with exemplars
	return instrument.WithMetricReader(reader), scrape, nil
}

// serveShop counts orders, and is scraped where it serves.
func serveShop(t *testing.T, scrape http.Handler) (url string) {
	t.Helper()
	orders, err := otel.Meter("shop").Int64Counter("shop.orders") // after Setup: meters do not follow
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", scrape)
	mux.HandleFunc("GET /orders/{id}", func(_ http.ResponseWriter, r *http.Request) {
		orders.Add(r.Context(), 1)
	})
	server := httptest.NewServer(httpwrap.Handler(mux, httpwrap.WithSkip("/metrics")))
	t.Cleanup(server.Close)
	return server.URL
}

func scrapeText(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	require.NoError(t, err)
	req.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s", text)
	return string(text)
}

func TestPrometheusScrapesWithTheIDsOfTheTrace(t *testing.T) {
	usesModule(t, "github.com/prometheus/client_golang")
	option, scrape, err := withPrometheus()
	require.NoError(t, err)
	arrived := setupRecipe(t, option)
	url := serveShop(t, scrape)
	scrapeText(t, url+"/orders/7")
	text := scrapeText(t, url+"/metrics")

	spans := arrived()
	require.Len(t, spans, 1, "the scrape is skipped")
	server := arrivedSpan(t, spans, "SERVER", "GET /orders/{id}")
	for _, metric := range []string{`shop_orders_total{[^}]*} 1.0`, `http_server_request_duration_seconds_bucket{[^}]*http_route="/orders/{id}"[^#]*`} {
		exemplar := regexp.MustCompile(`(?m)^` + metric + ` # {(?:span_id="(\w+)",)?trace_id="(\w+)"(?:,span_id="(\w+)")?}`).FindStringSubmatch(text)
		require.NotNil(t, exemplar, "%s with an exemplar in\n%s", metric, text)
		assert.Equal(t, server.ID, exemplar[1]+exemplar[3], metric)
		assert.Equal(t, server.TraceID, exemplar[2], metric)
	}
	assert.Regexp(t, `(?m)^target_info{[^}]*service_name="shop"[^}]*service_version="1.0"`, text)
	assert.NotContains(t, text, "orders/7")
}

func TestPrometheusCanBeSetUpAgain(t *testing.T) {
	usesModule(t, "github.com/prometheus/client_golang")
	for range 2 {
		option, scrape, err := withPrometheus()
		require.NoError(t, err)
		arrived := setupRecipe(t, option)
		url := serveShop(t, scrape)
		scrapeText(t, url+"/orders/7")
		assert.Regexp(t, `(?m)^shop_orders_total{[^}]*} 1.0`, scrapeText(t, url+"/metrics"))
		require.Len(t, arrived(), 1)
	}
}

// withRuntimeMetrics measures goroutines, memory and the like.
func withRuntimeMetrics() instrument.Option {
	return instrument.WithInstrumentation(func(mp metric.MeterProvider) error {
		return runtime.Start(runtime.WithMeterProvider(mp))
	})
}

func TestRuntimeMetricsAreScraped(t *testing.T) {
	usesModule(t, "github.com/prometheus/client_golang")
	option, scrape, err := withPrometheus()
	require.NoError(t, err)
	setupRecipe(t, option, withRuntimeMetrics())
	url := serveShop(t, scrape)
	text := scrapeText(t, url+"/metrics")
	assert.Regexp(t, `(?m)^go_goroutine_count{[^}]*} [1-9]`, text)
	assert.Regexp(t, `(?m)^go_memory_used_bytes{[^}]*go_memory_type="stack"[^}]*} [1-9]`, text)
	assert.Regexp(t, `(?m)^go_processor_limit{[^}]*} [1-9]`, text)
}

func TestRuntimeMetricsOfTwoTelemetriesAreApart(t *testing.T) {
	var texts []string
	for range 2 {
		option, scrape, err := withPrometheus()
		require.NoError(t, err)
		tel, err := instrument.New(t.Context(), instrument.WithoutEnvironment(), instrument.WithoutDefaultExporter(), option, withRuntimeMetrics())
		require.NoError(t, err)
		t.Cleanup(func() { _ = tel.Shutdown(context.Background()) })
		recorder := httptest.NewRecorder()
		scrape.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		texts = append(texts, recorder.Body.String())
	}
	for _, text := range texts {
		assert.Len(t, regexp.MustCompile(`(?m)^go_goroutine_count{`).FindAllString(text, -1), 1)
	}
}

func TestTwoTelemetriesInOneRegistryFailTheScrape(t *testing.T) {
	registry := promclient.NewRegistry()
	for range 2 {
		reader, err := prometheus.New(prometheus.WithRegisterer(registry))
		require.NoError(t, err)
		tel, err := instrument.New(t.Context(), instrument.WithoutEnvironment(), instrument.WithoutDefaultExporter(),
			instrument.WithMetricReader(reader), withRuntimeMetrics())
		require.NoError(t, err)
		t.Cleanup(func() { _ = tel.Shutdown(context.Background()) })
	}
	recorder := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	assert.Equal(t, http.StatusInternalServerError, recorder.Code)
}
