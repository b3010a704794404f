// SPDX-License-Identifier: Apache-2.0

package instrumenttest

import (
	"context"
	"errors"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// Metrics collects and returns the metrics of every provider recorded.
func (r *Recorder) Metrics() []metricdata.Metrics {
	r.t.Helper()
	r.mu.Lock()
	readers := slices.Clone(r.readers)
	r.mu.Unlock()
	var all []metricdata.Metrics
	for _, reader := range readers {
		var data metricdata.ResourceMetrics
		err := reader.Collect(context.Background(), &data)
		if err != nil && !errors.Is(err, sdkmetric.ErrReaderNotRegistered) && !errors.Is(err, sdkmetric.ErrReaderShutdown) {
			r.t.Errorf("instrumenttest: collecting metrics: %v", err)
		}
		for _, scope := range data.ScopeMetrics {
			all = append(all, scope.Metrics...)
		}
	}
	return all
}

// MetricValue adds up the points of the metric of that name that have all of
// attrs: the values of a sum or gauge, the number of measurements of a
// histogram. It is 0 when there is no such point.
func (r *Recorder) MetricValue(name string, attrs ...attribute.KeyValue) float64 {
	r.t.Helper()
	var total float64
	for _, m := range r.Metrics() {
		if m.Name != name {
			continue
		}
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			total += sum(data.DataPoints, attrs)
		case metricdata.Sum[float64]:
			total += sum(data.DataPoints, attrs)
		case metricdata.Gauge[int64]:
			total += sum(data.DataPoints, attrs)
		case metricdata.Gauge[float64]:
			total += sum(data.DataPoints, attrs)
		case metricdata.Histogram[int64]:
			total += count(data.DataPoints, attrs)
		case metricdata.Histogram[float64]:
			total += count(data.DataPoints, attrs)
		default:
			r.t.Errorf("instrumenttest: metric %q is a %T, which has no single value", name, m.Data)
		}
	}
	return total
}

func sum[N int64 | float64](points []metricdata.DataPoint[N], attrs []attribute.KeyValue) (total float64) {
	for _, p := range points {
		if has(p.Attributes, attrs) {
			total += float64(p.Value)
		}
	}
	return total
}

func count[N int64 | float64](points []metricdata.HistogramDataPoint[N], attrs []attribute.KeyValue) (total float64) {
	for _, p := range points {
		if has(p.Attributes, attrs) {
			total += float64(p.Count)
		}
	}
	return total
}

func has(set attribute.Set, attrs []attribute.KeyValue) bool {
	for _, kv := range attrs {
		if v, ok := set.Value(kv.Key); !ok || v != kv.Value {
			return false
		}
	}
	return true
}
