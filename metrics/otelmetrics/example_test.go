// SPDX-License-Identifier: Apache-2.0

package otelmetrics_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/otelmetrics"
)

func ExampleNewExporter() {
	c := metrics.New(os.Stdout)
	defer c.Close()
	ctx := context.Background()
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(otelmetrics.NewExporter(c))))
	requests, _ := mp.Meter("shop").Int64Counter("http.requests")
	requests.Add(ctx, 3, metric.WithAttributes(attribute.Int("code", 200)))
	_ = mp.Shutdown(ctx)
	// Output: http.requests:3|c|#code:200
}

func ExampleNewRecorder() {
	reader := sdkmetric.NewManualReader()
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	r := otelmetrics.NewRecorder(mp.Meter("shop"))
	r.Count("orders", 2, metrics.T("country", "se"))
	r.Timing("checkout", 12500*time.Microsecond)
	took := r.Timer("checkout") // for hot paths
	took.Record(12500 * time.Microsecond)

	var rm metricdata.ResourceMetrics
	_ = reader.Collect(context.Background(), &rm)
	for _, m := range rm.ScopeMetrics[0].Metrics {
		switch d := m.Data.(type) {
		case metricdata.Sum[int64]:
			fmt.Println(m.Name, d.DataPoints[0].Value)
		case metricdata.Histogram[float64]:
			fmt.Println(m.Name, d.DataPoints[0].Count, d.DataPoints[0].Sum, m.Unit)
		}
	}
	// Output:
	// orders 2
	// checkout 2 0.025 s
}

func ExampleObserve() {
	reader := sdkmetric.NewManualReader()
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	var c *metrics.Client // as Telemetry.Metrics returns it
	registration, err := otelmetrics.Observe(mp.Meter("shop"), c)
	fmt.Println(err)
	_ = registration.Unregister()
	// Output: <nil>
}
