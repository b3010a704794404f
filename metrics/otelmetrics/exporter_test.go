// SPDX-License-Identifier: Apache-2.0

package otelmetrics_test

import (
	"context"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/metricstest"
	"github.com/waymark-otel/waymark/metrics/otelmetrics"
)

// pipeline is a MeterProvider whose reader exports when it is told.
func pipeline(t *testing.T, rec *metricstest.Recorder, opts ...sdkmetric.Option) (metric.Meter, func()) {
	t.Helper()
	reader := sdkmetric.NewPeriodicReader(otelmetrics.NewExporter(rec.Client()), sdkmetric.WithInterval(time.Hour))
	mp := sdkmetric.NewMeterProvider(append(opts, sdkmetric.WithReader(reader))...)
	t.Cleanup(func() { _ = mp.Shutdown(context.Background()) })
	return mp.Meter("test"), func() {
		t.Helper()
		rec.Reset()
		require.NoError(t, mp.ForceFlush(context.Background()))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestCountersExportWhatWasAdded(t *testing.T) {
	rec := metricstest.NewRecorder(t)
	m, export := pipeline(t, rec)
	whole, part := must(m.Int64Counter("whole")), must(m.Float64Counter("part"))
	code := metric.WithAttributes(attribute.Int("code", 200), attribute.Bool("cached", true), attribute.String("route", "/o"))
	var total int64
	must(m.Int64ObservableCounter("observed", metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
		total += 5
		o.Observe(total)
		return nil
	})))
	for range 3 { // a total that is exported three times would be counted three times
		whole.Add(t.Context(), 2, code)
		part.Add(t.Context(), 0.5)
		export()
		assert.Contains(t, rec.Lines(), "whole:2|c|#cached:true,code:200,route:/o")
		assert.Contains(t, rec.Lines(), "observed:5|c")
	}
	export()
	assert.Equal(t, []string{"observed:5|c"}, rec.Lines(), "nothing was added to the others")
}

func TestFractionsAddUp(t *testing.T) {
	rec := metricstest.NewRecorder(t)
	m, export := pipeline(t, rec)
	part := must(m.Float64Counter("part"))
	var sum float64
	for range 10 {
		part.Add(t.Context(), 0.75)
		export()
		sum += rec.Count("part")
	}
	assert.EqualValues(t, 7, sum, "7.5, of which a half waits for more")

	dog := metricstest.NewRecorder(t, metrics.WithDialect(metrics.DogStatsD))
	m, export = pipeline(t, dog)
	must(m.Float64Counter("part")).Add(t.Context(), 0.75)
	export()
	assert.Equal(t, []string{"part:0.75|c"}, dog.Lines())
}

func TestLevelsExportWhereTheyStand(t *testing.T) {
	rec := metricstest.NewRecorder(t)
	m, export := pipeline(t, rec)
	upDown, gauge := must(m.Int64UpDownCounter("up_down")), must(m.Float64Gauge("gauge"))
	must(m.Int64ObservableUpDownCounter("observed_up_down", metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(7)
		return nil
	})))
	must(m.Float64ObservableGauge("observed_gauge", metric.WithFloat64Callback(func(_ context.Context, o metric.Float64Observer) error {
		o.Observe(0.5)
		return nil
	})))
	for i := range 3 {
		upDown.Add(t.Context(), -2)
		gauge.Record(t.Context(), 1.5)
		export()
		level, _ := rec.Gauge("up_down")
		assert.EqualValues(t, -2*(i+1), level)
		assert.Subset(t, rec.Lines(), []string{"up_down:0|g", "gauge:1.5|g", "observed_up_down:7|g", "observed_gauge:0.5|g"})
	}
}

func TestHistogramsExportCountSumAndExtrema(t *testing.T) {
	exponential := sdkmetric.NewView(sdkmetric.Instrument{Name: "exponential"},
		sdkmetric.Stream{Aggregation: sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20}})
	rec := metricstest.NewRecorder(t)
	m, export := pipeline(t, rec, sdkmetric.WithView(exponential))
	seconds := must(m.Float64Histogram("took", metric.WithUnit("s")))
	rows, exp := must(m.Int64Histogram("rows", metric.WithUnit("{row}"))), must(m.Float64Histogram("exponential", metric.WithUnit("s")))
	attrs := metric.WithAttributes(attribute.String("a", "b"))
	for range 2 {
		for _, v := range []float64{0.0125, 0.25, 1} {
			seconds.Record(t.Context(), v, attrs)
			exp.Record(t.Context(), v)
			rows.Record(t.Context(), int64(v*80))
		}
		export()
	}
	// 1262.5 ms twice: what is behind the point waits in the first export.
	assert.ElementsMatch(t, []string{
		"took.count:3|c|#a:b", "took.sum:1263|c|#a:b", "took.min:12.5|g|#a:b", "took.max:1000|g|#a:b",
		"exponential.count:3|c", "exponential.sum:1263|c", "exponential.min:12.5|g", "exponential.max:1000|g",
		"rows.count:3|c", "rows.sum:101|c", "rows.min:1|g", "rows.max:80|g",
	}, rec.Lines())
}

func TestSecondsAreMilliseconds(t *testing.T) {
	rec := metricstest.NewRecorder(t)
	m, export := pipeline(t, rec)
	must(m.Int64Counter("cpu", metric.WithUnit("s"))).Add(t.Context(), 2)
	must(m.Float64Gauge("uptime", metric.WithUnit("s"))).Record(t.Context(), 1.5)
	must(m.Int64UpDownCounter("left", metric.WithUnit("s"))).Add(t.Context(), 3)
	must(m.Int64Counter("size", metric.WithUnit("By"))).Add(t.Context(), 2)
	export()
	assert.ElementsMatch(t, []string{"cpu:2000|c", "uptime:1500|g", "left:3000|g", "size:2|c"}, rec.Lines())
}

func TestLargeIntegersAreExact(t *testing.T) {
	rec := metricstest.NewRecorder(t)
	m, export := pipeline(t, rec)
	must(m.Int64Counter("n")).Add(t.Context(), math.MaxInt64-1)
	export()
	assert.Equal(t, []string{"n:9223372036854775806|c"}, rec.Lines())
}

func TestTotalsAreExportedAsWhatCameSince(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a, b := attribute.NewSet(attribute.String("a", "1")), attribute.NewSet(attribute.String("a", "2"))
	rec := metricstest.NewRecorder(t)
	exp := otelmetrics.NewExporter(rec.Client())
	export := func(name string, data metricdata.Aggregation) []string {
		rec.Reset()
		require.NoError(t, exp.Export(t.Context(), &metricdata.ResourceMetrics{ScopeMetrics: []metricdata.ScopeMetrics{{
			Scope: instrumentation.Scope{Name: "s"}, Metrics: []metricdata.Metrics{{Name: name, Data: data}},
		}}}))
		return rec.Lines()
	}
	sum := func(start time.Time, va, vb int64) []string {
		return export("n", metricdata.Sum[int64]{IsMonotonic: true, Temporality: metricdata.CumulativeTemporality, DataPoints: []metricdata.DataPoint[int64]{
			{Attributes: a, StartTime: start, Value: va}, {Attributes: b, StartTime: start, Value: vb},
		}})
	}
	assert.ElementsMatch(t, []string{"n:5|c|#a:1", "n:7|c|#a:2"}, sum(start, 5, 7))
	assert.ElementsMatch(t, []string{"n:1|c|#a:1"}, sum(start, 6, 7))
	assert.ElementsMatch(t, []string{"n:2|c|#a:1", "n:1|c|#a:2"}, sum(start, 2, 8), "it fell: it started anew")
	assert.ElementsMatch(t, []string{"n:9|c|#a:1", "n:9|c|#a:2"}, sum(start.Add(1), 9, 9), "it says so")

	histogram := func(count uint64, total float64) []string {
		return export("h", metricdata.Histogram[float64]{Temporality: metricdata.CumulativeTemporality,
			DataPoints: []metricdata.HistogramDataPoint[float64]{{StartTime: start, Count: count, Sum: total}}})
	}
	assert.ElementsMatch(t, []string{"h.count:2|c", "h.sum:10|c"}, histogram(2, 10))
	assert.ElementsMatch(t, []string{"h.count:1|c", "h.sum:-4|c"}, histogram(3, 6), "a sum of values that may be negative falls")

	summary := func(count uint64, total float64) []string {
		return export("y", metricdata.Summary{DataPoints: []metricdata.SummaryDataPoint{{StartTime: start, Count: count, Sum: total}}})
	}
	assert.ElementsMatch(t, []string{"y.count:2|c", "y.sum:10|c"}, summary(2, 10))
	assert.ElementsMatch(t, []string{"y.count:1|c", "y.sum:5|c"}, summary(3, 15))

	delta := metricdata.Sum[float64]{Temporality: metricdata.DeltaTemporality, DataPoints: []metricdata.DataPoint[float64]{{Value: -2}}}
	assert.Equal(t, []string{"d:-2|g"}, export("d", delta))
}

func TestResourceAttributesAreTagsWhenListed(t *testing.T) {
	rec := metricstest.NewRecorder(t)
	exp := otelmetrics.NewExporter(rec.Client(), otelmetrics.WithResourceTags("service.name", "absent"), nil)
	rm := &metricdata.ResourceMetrics{
		Resource: resource.NewSchemaless(attribute.String("service.name", "shop"), attribute.String("host.id", "4711")),
		ScopeMetrics: []metricdata.ScopeMetrics{{Metrics: []metricdata.Metrics{{Name: "g",
			Data: metricdata.Gauge[int64]{DataPoints: []metricdata.DataPoint[int64]{{Value: 1}}}}}}},
	}
	require.NoError(t, exp.Export(t.Context(), rm))
	assert.Equal(t, []string{"g:1|g|#service.name:shop"}, rec.Lines())

	rm.Resource = nil
	rec.Reset()
	require.NoError(t, exp.Export(t.Context(), rm))
	assert.Equal(t, []string{"g:1|g"}, rec.Lines())
}

func TestExporterThatIsShutDownSaysSo(t *testing.T) {
	var sink metricstest.Sink
	c := metrics.New(&sink, metrics.WithFlushInterval(time.Hour))
	defer c.Close()
	exp := otelmetrics.NewExporter(c)
	c.Count("n", 1)
	require.NoError(t, exp.Shutdown(t.Context()))
	assert.Equal(t, []string{"n:1|c"}, sink.Lines(), "what was recorded is sent")
	assert.ErrorIs(t, exp.Export(t.Context(), &metricdata.ResourceMetrics{}), sdkmetric.ErrExporterShutdown)
	assert.ErrorIs(t, exp.Shutdown(t.Context()), sdkmetric.ErrExporterShutdown)
	assert.NoError(t, exp.ForceFlush(t.Context()))
	c.Count("n", 1)
	require.NoError(t, c.Flush(t.Context()), "the client goes on")
}

func TestExporterOfANilClientDiscards(t *testing.T) {
	exp := otelmetrics.NewExporter(nil)
	assert.NoError(t, exp.Export(t.Context(), &metricdata.ResourceMetrics{}))
	assert.NoError(t, exp.Export(t.Context(), nil))
	assert.NoError(t, exp.ForceFlush(t.Context()))
	assert.NoError(t, exp.Shutdown(t.Context()))
}

func TestExportsMayMeetFlushesAndShutdown(t *testing.T) {
	rec := metricstest.NewRecorder(t)
	exp := otelmetrics.NewExporter(rec.Client())
	rm := &metricdata.ResourceMetrics{ScopeMetrics: []metricdata.ScopeMetrics{{Metrics: []metricdata.Metrics{{Name: "n",
		Data: metricdata.Sum[int64]{IsMonotonic: true, DataPoints: []metricdata.DataPoint[int64]{{Value: 1}}}}}}}}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				_ = exp.Export(context.Background(), rm)
				_ = exp.ForceFlush(context.Background())
			}
		})
	}
	wg.Go(func() { _ = exp.Shutdown(context.Background()) })
	wg.Wait()
}
