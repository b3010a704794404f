// SPDX-License-Identifier: Apache-2.0

package otelmetrics

import (
	"context"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/waymark-otel/waymark/metrics"
)

// exporter writes OpenTelemetry metrics with a StatsD client.
type exporter struct {
	to           *metrics.Client
	resourceKeys []attribute.Key

	mu      sync.Mutex
	stopped bool
	totals  totals
}

var _ sdkmetric.Exporter = (*exporter)(nil)

// NewExporter returns an exporter for a periodic reader. It records with c,
// which it flushes and never closes. A nil client discards.
//
// Counters and histograms are exported as what was added since the last time,
// everything else as where it stands: a StatsD server adds up what it is sent.
// The buckets of a histogram are lost, because StatsD has none; its count and
// sum are counters, its smallest and largest value gauges.
func NewExporter(c *metrics.Client, opts ...Option) sdkmetric.Exporter {
	cfg := newConfig(opts)
	return &exporter{to: c, resourceKeys: cfg.resourceKeys, totals: totals{}}
}

// Temporality is delta for counters and histograms.
func (e *exporter) Temporality(kind sdkmetric.InstrumentKind) metricdata.Temporality {
	return sdkmetric.DeltaTemporalitySelector(kind)
}

// Aggregation is the default one; histograms need no buckets that nobody gets
// to see.
func (e *exporter) Aggregation(kind sdkmetric.InstrumentKind) sdkmetric.Aggregation {
	if kind == sdkmetric.InstrumentKindHistogram {
		return sdkmetric.AggregationExplicitBucketHistogram{}
	}
	return sdkmetric.DefaultAggregationSelector(kind)
}

// Export records everything in rm. It does not wait for the network, and so
// not for ctx either.
func (e *exporter) Export(_ context.Context, rm *metricdata.ResourceMetrics) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopped {
		return sdkmetric.ErrExporterShutdown
	}
	if e.to == nil || rm == nil {
		return nil
	}
	tags := e.resourceTags(rm.Resource)
	for _, scope := range rm.ScopeMetrics {
		for _, m := range scope.Metrics {
			w := writer{exporter: e, scope: scope.Scope.Name, name: m.Name, scale: 1, tags: tags}
			if m.Unit == "s" { // StatsD times in milliseconds
				w.scale = 1000
			}
			w.write(m.Data)
		}
	}
	return nil
}

func (e *exporter) resourceTags(r *resource.Resource) []metrics.Tag {
	var tags []metrics.Tag
	for _, key := range e.resourceKeys {
		if v, ok := r.Set().Value(key); ok {
			tags = append(tags, metrics.Tag{Key: string(key), Value: v.String()})
		}
	}
	return tags
}

// ForceFlush sends what was exported.
func (e *exporter) ForceFlush(ctx context.Context) error { return e.to.Flush(ctx) }

// Shutdown sends what was exported. The client goes on working, the exporter
// does not.
func (e *exporter) Shutdown(ctx context.Context) error {
	e.mu.Lock()
	stopped := e.stopped
	e.stopped = true
	e.mu.Unlock()
	if stopped {
		return sdkmetric.ErrExporterShutdown
	}
	return e.to.Flush(ctx)
}

// writer writes one metric.
type writer struct {
	*exporter
	scope string
	name  string
	scale float64
	tags  []metrics.Tag // of the resource
}

func (w *writer) write(data metricdata.Aggregation) {
	switch d := data.(type) {
	case metricdata.Sum[int64]:
		writeSum(w, d)
	case metricdata.Sum[float64]:
		writeSum(w, d)
	case metricdata.Gauge[int64]:
		writeGauge(w, d)
	case metricdata.Gauge[float64]:
		writeGauge(w, d)
	case metricdata.Histogram[int64]:
		writeHistogram(w, d)
	case metricdata.Histogram[float64]:
		writeHistogram(w, d)
	case metricdata.ExponentialHistogram[int64]:
		writeExponential(w, d)
	case metricdata.ExponentialHistogram[float64]:
		writeExponential(w, d)
	case metricdata.Summary: // of a bridge; its quantiles cannot be added up
		for _, p := range d.DataPoints {
			at := point{set: p.Attributes, start: p.StartTime}
			w.count(".count", at, float64(p.Count), 1, metricdata.CumulativeTemporality)
			w.sum(at, p.Sum, metricdata.CumulativeTemporality)
		}
	}
}

func writeSum[N int64 | float64](w *writer, s metricdata.Sum[N]) {
	for _, p := range s.DataPoints {
		delta := s.Temporality == metricdata.DeltaTemporality
		whole, isInt := any(p.Value).(int64)
		switch {
		case s.IsMonotonic && delta && isInt && w.scale == 1: // exact beyond 2^53
			w.to.Count(w.name, whole, w.tagsOf(p.Attributes)...)
		case s.IsMonotonic:
			w.count("", point{p.Attributes, p.StartTime}, float64(p.Value), w.scale, s.Temporality)
		case delta:
			w.to.GaugeDelta(w.name, float64(p.Value)*w.scale, w.tagsOf(p.Attributes)...)
		default:
			w.to.Gauge(w.name, float64(p.Value)*w.scale, w.tagsOf(p.Attributes)...)
		}
	}
}

func writeGauge[N int64 | float64](w *writer, g metricdata.Gauge[N]) {
	for _, p := range g.DataPoints {
		w.to.Gauge(w.name, float64(p.Value)*w.scale, w.tagsOf(p.Attributes)...)
	}
}

func writeHistogram[N int64 | float64](w *writer, h metricdata.Histogram[N]) {
	for _, p := range h.DataPoints {
		at := point{p.Attributes, p.StartTime}
		w.count(".count", at, float64(p.Count), 1, h.Temporality)
		w.sum(at, float64(p.Sum), h.Temporality)
		writeExtrema(w, p.Attributes, p.Min, p.Max)
	}
}

func writeExponential[N int64 | float64](w *writer, h metricdata.ExponentialHistogram[N]) {
	for _, p := range h.DataPoints {
		at := point{p.Attributes, p.StartTime}
		w.count(".count", at, float64(p.Count), 1, h.Temporality)
		w.sum(at, float64(p.Sum), h.Temporality)
		writeExtrema(w, p.Attributes, p.Min, p.Max)
	}
}

func writeExtrema[N int64 | float64](w *writer, set attribute.Set, least, most metricdata.Extrema[N]) {
	if v, ok := least.Value(); ok {
		w.to.Gauge(w.name+".min", float64(v)*w.scale, w.tagsOf(set)...)
	}
	if v, ok := most.Value(); ok {
		w.to.Gauge(w.name+".max", float64(v)*w.scale, w.tagsOf(set)...)
	}
}

// count adds to a counter what came since the last export.
func (w *writer) count(suffix string, at point, v, scale float64, temporality metricdata.Temporality) {
	if temporality != metricdata.DeltaTemporality {
		v = w.totals.since(w.scope, w.name+suffix, at, v, true)
	}
	w.to.CountFloat(w.name+suffix, v*scale, w.tagsOf(at.set)...)
}

// sum adds to the sum of a histogram, which may fall when values are negative.
func (w *writer) sum(at point, v float64, temporality metricdata.Temporality) {
	if temporality != metricdata.DeltaTemporality {
		v = w.totals.since(w.scope, w.name+".sum", at, v, false)
	}
	w.to.CountFloat(w.name+".sum", v*w.scale, w.tagsOf(at.set)...)
}

func (w *writer) tagsOf(set attribute.Set) []metrics.Tag {
	tags := make([]metrics.Tag, 0, len(w.tags)+set.Len())
	tags = append(tags, w.tags...)
	for i := set.Iter(); i.Next(); {
		a := i.Attribute()
		tags = append(tags, metrics.Tag{Key: string(a.Key), Value: a.Value.String()})
	}
	return tags
}
