// SPDX-License-Identifier: Apache-2.0

package otelmetrics_test

import (
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/otelmetrics"
)

// encoder writes attributes as key=value,key=value.
var encoder = attribute.DefaultEncoder()

func TestStatsAreObserved(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	m := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("test")
	c := metrics.New(io.Discard, metrics.WithFlushInterval(time.Hour), metrics.WithMaxSeries(3))
	c.Count("a b", 1)
	c.Gauge("g", math.NaN())
	c.Gauge("h", 1e300)
	c.Count("d", 1)
	c.Count(strings.Repeat("x", 2000), 1)
	require.NoError(t, c.Flush(t.Context()))
	c.Timing("t", time.Second)

	registration, err := otelmetrics.Observe(m, c)
	require.NoError(t, err)
	read := func() map[string]int64 {
		values := map[string]int64{}
		for _, m := range collect(t, reader) {
			assert.NotEmpty(t, m.Unit, m.Name)
			assert.NotEmpty(t, m.Description, m.Name)
			for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
				values[strings.TrimPrefix(m.Name, "statsd.client.")+p.Attributes.Encoded(encoder)] = p.Value
			}
		}
		return values
	}
	assert.Equal(t, map[string]int64{
		"sent": 3, "packets": 1, "bytes": int64(len("a_b:1|c\nh:1000000000000000000|g\nother:1|c\n")),
		"droppedreason=closed": 0, "droppedreason=invalid": 1, "droppedreason=oversize": 1,
		"droppedreason=queue": 0, "droppedreason=write": 0, "droppedreason=unsent": 0,
		"refused": 0, "reconnects": 0, "sanitized": 1, "clamped": 1, "overflow": 2, "series": 5, "queued": 1,
	}, read())
	require.NoError(t, c.Close())
	c.Count("a b", 1)
	assert.EqualValues(t, 1, read()["droppedreason=closed"])
	require.NoError(t, registration.Unregister())
	assert.Empty(t, read())
}

func TestNothingIsObservedWithoutAMeterOrAClient(t *testing.T) {
	r, err := otelmetrics.Observe(nil, nil)
	require.NoError(t, err)
	require.NoError(t, r.Unregister())
	r, err = otelmetrics.Observe(noop.Meter{}, nil)
	require.NoError(t, err)
	require.NoError(t, r.Unregister())
	reader := sdkmetric.NewManualReader()
	_, err = otelmetrics.Observe(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("test"), nil)
	require.NoError(t, err)
	assert.Len(t, collect(t, reader), 11)
}
