// SPDX-License-Identifier: Apache-2.0

package instrument_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument"
)

func TestStatsAreShownAsInstruments(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	tel, errs, err := built(t, nil, instrument.WithExporters(func(context.Context) (instrument.Exporters, error) {
		return instrument.Exporters{Spans: refuses{}}, nil
	}), instrument.WithMetricReader(reader))
	require.NoError(t, err)
	shown, err := tel.Observe(tel.MeterProvider().Meter("test"))
	require.NoError(t, err)
	spans(tel, 3)
	_ = tel.ForceFlush(context.Background())
	assert.NotEmpty(t, errs.all())
	got := collected(t, reader)
	assert.Equal(t, map[string]int64{
		"waymark.spans.ended exporter=custom":                 3,
		"waymark.spans.sent exporter=custom":                  0,
		"waymark.spans.waiting exporter=custom":               0,
		"waymark.exports.retried exporter=custom":             0,
		"waymark.spans.dropped exporter=custom,reason=export": 3,
		"waymark.errors ":                                     int64(tel.Stats().Errors),
	}, got)
	require.NoError(t, shown.Unregister())
	assert.Empty(t, collected(t, reader))
	require.NoError(t, tel.Shutdown(context.Background()))
}

func TestObserveWithNothingToShowShowsNothing(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	var none *instrument.Telemetry
	shown, err := none.Observe(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("test"))
	require.NoError(t, err)
	require.NoError(t, shown.Unregister())
	assert.Empty(t, collected(t, reader))
	tel, _, err := built(t, nil, instrument.WithoutDefaultExporter())
	require.NoError(t, err)
	_, err = tel.Observe(nil)
	assert.NoError(t, err)
}

// refuses is an exporter that delivers nothing.
type refuses struct{ sdktrace.SpanExporter }

func (refuses) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return errors.New("full") }
func (refuses) Shutdown(context.Context) error                             { return nil }

// collected is every point as "instrument attributes" and its value.
func collected(t *testing.T, reader sdkmetric.Reader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(context.Background(), &all))
	got := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			for _, point := range m.Data.(metricdata.Sum[int64]).DataPoints {
				got[m.Name+" "+point.Attributes.Encoded(attribute.DefaultEncoder())] = point.Value
			}
		}
	}
	return got
}
