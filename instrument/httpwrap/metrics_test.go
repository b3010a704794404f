// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
)

// The stable conventions give the unit and the buckets.
func TestLatencyIsInSecondsWithTheBucketsOfTheConventions(t *testing.T) {
	tel := newTelemetry(t)
	get(tel.handler(http.HandlerFunc(ok)), "/")
	_, err := tel.transport(answer(204, nil)).RoundTrip(out(context.Background(), t))
	require.NoError(t, err)

	var rm metricdata.ResourceMetrics
	require.NoError(t, tel.reader.Collect(context.Background(), &rm))
	require.Len(t, rm.ScopeMetrics, 1)
	assert.Equal(t, "github.com/waymark-otel/waymark/instrument/httpwrap", rm.ScopeMetrics[0].Scope.Name)
	assert.NotEmpty(t, rm.ScopeMetrics[0].Scope.SchemaURL)
	units := map[string]string{}
	for _, m := range rm.ScopeMetrics[0].Metrics {
		units[m.Name] = m.Unit
		if h, isLatency := m.Data.(metricdata.Histogram[float64]); isLatency {
			assert.Equal(t, []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}, h.DataPoints[0].Bounds)
		}
	}
	assert.Equal(t, map[string]string{
		"http.server.request.duration":   "s",
		"http.server.active_requests":    "{request}",
		"http.server.request.body.size":  "By",
		"http.server.response.body.size": "By",
		"http.client.request.duration":   "s",
		"http.client.request.body.size":  "By",
		"http.client.response.body.size": "By",
	}, units)
}

func TestActiveRequestsCountThoseUnderWay(t *testing.T) {
	tel := newTelemetry(t)
	get(tel.handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		active := tel.points()["http.server.active_requests"]
		if assert.Len(t, active, 1) {
			assert.InDelta(t, 1, active[0].sum, 0)
			assert.Equal(t, map[string]string{"http.request.method": "GET", "url.scheme": "http"}, active[0].attributes)
		}
	})), "/")
	assert.Zero(t, tel.points()["http.server.active_requests"][0].sum)
}

func TestExemplarsLeadToTheSpan(t *testing.T) {
	tel := newTelemetry(t)
	get(tel.handler(http.HandlerFunc(ok), httpwrap.WithPropagator(tel.carrier)), "/")
	var rm metricdata.ResourceMetrics
	require.NoError(t, tel.reader.Collect(context.Background(), &rm))
	for _, m := range rm.ScopeMetrics[0].Metrics {
		if h, isLatency := m.Data.(metricdata.Histogram[float64]); isLatency {
			require.Len(t, h.DataPoints[0].Exemplars, 1)
			id := tel.span().SpanContext().SpanID()
			assert.Equal(t, id[:], h.DataPoints[0].Exemplars[0].SpanID)
		}
	}
}
