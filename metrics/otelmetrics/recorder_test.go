// SPDX-License-Identifier: Apache-2.0

package otelmetrics_test

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/otelmetrics"
)

// recorder returns a recorder and what reads its instruments: one line a
// series, sorted.
func recorder(t *testing.T, opts ...otelmetrics.Option) (*otelmetrics.Recorder, func() []string) {
	t.Helper()
	reader := sdkmetric.NewManualReader()
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithCardinalityLimit(0))
	return otelmetrics.NewRecorder(mp.Meter("test"), opts...), func() []string {
		var lines []string
		for _, m := range collect(t, reader) {
			label := m.Name
			if m.Unit != "" {
				label += "[" + m.Unit + "]"
			}
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range d.DataPoints {
					lines = append(lines, fmt.Sprintf("%s{%s} +%d", label, p.Attributes.Encoded(encoder), p.Value))
				}
			case metricdata.Gauge[float64]:
				for _, p := range d.DataPoints {
					lines = append(lines, fmt.Sprintf("%s{%s} =%v", label, p.Attributes.Encoded(encoder), p.Value))
				}
			case metricdata.Gauge[int64]:
				for _, p := range d.DataPoints {
					lines = append(lines, fmt.Sprintf("%s{%s} =%v", label, p.Attributes.Encoded(encoder), p.Value))
				}
			case metricdata.Histogram[float64]:
				for _, p := range d.DataPoints {
					lines = append(lines, fmt.Sprintf("%s{%s} n=%d sum=%v", label, p.Attributes.Encoded(encoder), p.Count, p.Sum))
				}
			default:
				t.Errorf("%s is a %T", m.Name, d)
			}
		}
		sort.Strings(lines)
		return lines
	}
}

func collect(t *testing.T, reader sdkmetric.Reader) []metricdata.Metrics {
	t.Helper()
	var rm metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(context.Background(), &rm))
	var list []metricdata.Metrics
	for _, s := range rm.ScopeMetrics {
		list = append(list, s.Metrics...)
	}
	return list
}

func TestVerbsBecomeInstruments(t *testing.T) {
	r, read := recorder(t)
	for range 2 {
		r.Count("hits", 2, metrics.T("code", "200"), metrics.T("", "x"), metrics.T("y", ""))
		r.Gauge("depth", 1.5)
		r.GaugeDelta("depth", -2)
		r.GaugeDelta("level", 1)
		r.Timing("took", 250*time.Millisecond)
		r.Histogram("bytes", 512)
		r.Set("users", "ann")
	}
	r.Set("users", "bob")
	r.Set("users", "eve", metrics.T("a", "b"))
	assert.Equal(t, []string{
		"bytes{} n=2 sum=1024",
		"depth{} =-0.5",
		"hits{code=200} +4",
		"level{} =2",
		"took[s]{} n=2 sum=0.5",
		"users{a=b} =1",
		"users{} =2",
	}, read())
	assert.Contains(t, read(), "users{} =0", "a set starts again after each collection")
}

func TestChildrenAndHandlesMeetInOneSeries(t *testing.T) {
	r, read := recorder(t)
	child := r.With("app", metrics.T("a", "1")).With("db.", metrics.T("b", "1"))
	child.Count("n", 1, metrics.T("b", "2"))
	n := child.Counter("n", metrics.T("b", "2"))
	n.Inc()
	n.Add(2)
	r.Count("app.db.n", 1, metrics.T("b", "2"), metrics.T("a", "1")) // another way to write it
	child.Timer("t").Record(time.Second)
	r.Timing("app.db.t", time.Second, metrics.T("b", "1"), metrics.T("a", "1"))
	child.GaugeDelta("g", 1)
	r.GaugeDelta("app.db.g", 1, metrics.T("b", "1"), metrics.T("a", "1"))
	stop := r.Time("x")
	stop()
	stop()
	lines := read()
	assert.Equal(t, []string{"app.db.g{a=1,b=1} =2", "app.db.n{a=1,b=2} +5", "app.db.t[s]{a=1,b=1} n=2 sum=2"}, lines[:3])
	assert.Contains(t, lines[3], "x[s]{} n=1")
}

func TestValuesOpenTelemetryCannotTakeAreDroppedAndCounted(t *testing.T) {
	r, read := recorder(t)
	r.Count("n", -1)
	r.Counter("n").Add(-1)
	r.Gauge("g", math.NaN())
	r.GaugeDelta("g", math.Inf(1))
	r.Histogram("h", math.Inf(-1))
	r.Set("s", "")
	assert.EqualValues(t, 6, r.Dropped())
	r.Timing("t", -time.Second)
	assert.Equal(t, []string{"s{} =0", "t[s]{} n=1 sum=0"}, read())
}

func TestNamesAreMadeValid(t *testing.T) {
	r, read := recorder(t)
	for _, name := range []string{"", "1st", "größe", "GET /o/{id}", "ok.name-1_/x", strings.Repeat("x", 300)} {
		r.Count(name, 1)
	}
	assert.Equal(t, []string{"GET_/o/_id_{} +1", "gr__e{} +1", "n1st{} +1", "n{} +1", "ok.name-1_/x{} +1", strings.Repeat("x", 255) + "{} +1"}, read())
}

func TestExemplarsComeFromTheContext(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	r := otelmetrics.NewRecorder(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("test"))
	ctx, span := sdktrace.NewTracerProvider().Tracer("test").Start(context.Background(), "x")
	defer span.End()
	id := span.SpanContext().SpanID()
	r.CountContext(ctx, "count", 1)
	r.Counter("bound").AddContext(ctx, 1)
	r.TimingContext(ctx, "timing", time.Second)
	r.Timer("timer").RecordContext(ctx, time.Second)
	r.HistogramContext(ctx, "histogram", 1)
	for _, m := range collect(t, reader) {
		switch d := m.Data.(type) {
		case metricdata.Sum[int64]:
			require.Len(t, d.DataPoints[0].Exemplars, 1, m.Name)
			assert.Equal(t, id[:], d.DataPoints[0].Exemplars[0].SpanID)
		case metricdata.Histogram[float64]:
			require.Len(t, d.DataPoints[0].Exemplars, 1, m.Name)
			assert.Equal(t, id[:], d.DataPoints[0].Exemplars[0].SpanID)
		}
	}
}

func TestSeriesBeyondTheBoundAreRecordedAllTheSame(t *testing.T) {
	r, read := recorder(t, otelmetrics.WithMaxSeries(3), otelmetrics.WithMaxSeries(0), nil)
	for range 2 {
		for _, tag := range []string{"a", "b", "c", "d", "e"} {
			r.Count("n", 1, metrics.T("k", tag))
		}
		r.Gauge("g", 1)
		r.GaugeDelta("g", 1) // has no state to add to
		r.Set("s", "x")
		r.Count("beyond", 1) // a fourth instrument
	}
	assert.Equal(t, []string{"g{} =1", "n{k=a} +2", "n{k=b} +2", "n{k=c} +2", "n{k=d} +2", "n{k=e} +2", "other{} +2"}, read())
	assert.EqualValues(t, 4, r.Dropped())
}

func TestSetsAreBounded(t *testing.T) {
	r, read := recorder(t)
	for i := range 10_005 {
		r.Set("s", fmt.Sprint(i))
	}
	assert.Equal(t, []string{"s{} =10000"}, read())
	assert.EqualValues(t, 5, r.Dropped())
}

func TestConcurrentRecordingIsExact(t *testing.T) {
	r, read := recorder(t)
	var wg sync.WaitGroup
	const goroutines, each = 8, 1000
	for range goroutines {
		wg.Go(func() {
			for i := range each {
				r.Count("n", 1, metrics.T("i", fmt.Sprint(i%7)))
				r.GaugeDelta("g", 1)
				r.Timing("t", time.Second)
			}
		})
	}
	wg.Wait()
	lines := strings.Join(read(), "\n")
	assert.Contains(t, lines, "g{} =8000")
	assert.Contains(t, lines, "n{i=0} +1144")
	assert.Contains(t, lines, "t[s]{} n=8000 sum=8000")
}

func TestStringsOfTheCallerMayChange(t *testing.T) {
	r, read := recorder(t)
	buf := []byte("one")
	s := unsafe.String(&buf[0], len(buf))
	r.Count("n", 1, metrics.T("k", s))
	r.Set("u", s)
	copy(buf, "two")
	r.Count("n", 1, metrics.T("k", s))
	r.Set("u", s)
	assert.Equal(t, []string{"n{k=one} +1", "n{k=two} +1", "u{} =2"}, read())
}

func TestANilRecorderDiscardsInEveryMethod(t *testing.T) {
	for _, nothing := range []any{otelmetrics.NewRecorder(nil), (*otelmetrics.Counter)(nil), (*otelmetrics.Timer)(nil)} {
		v := reflect.ValueOf(nothing)
		require.True(t, v.IsNil())
		require.Positive(t, v.NumMethod())
		for i := range v.NumMethod() {
			m := v.Method(i)
			var args []reflect.Value
			for j := range m.Type().NumIn() {
				if m.Type().IsVariadic() && j == m.Type().NumIn()-1 {
					break
				}
				args = append(args, reflect.New(m.Type().In(j)).Elem())
			}
			for _, result := range m.Call(args) {
				if stop, ok := result.Interface().(func()); ok {
					stop()
				}
			}
		}
	}
}

func TestARecorderOfANoopMeterDoesNothing(t *testing.T) {
	r := otelmetrics.NewRecorder(noop.Meter{})
	r.Count("n", 1)
	r.Gauge("g", 1)
	r.Timing("t", 1)
	r.Set("s", "x")
}
