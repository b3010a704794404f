// SPDX-License-Identifier: Apache-2.0

package otelmetrics_test

import (
	"testing"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/otelmetrics"
)

// go test -run '^$' -bench . -benchtime=0.3s -count=3 ./metrics/otelmetrics

func costRecorder() *otelmetrics.Recorder {
	return otelmetrics.NewRecorder(sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader())).Meter("test"))
}

func TestRecordingCostsAtMostOneAllocation(t *testing.T) {
	r := costRecorder()
	a, b := metrics.T("method", "GET"), metrics.T("code", "200")
	n, d := r.Counter("bound", a, b), r.Timer("bound.t", a, b)
	for name, tc := range map[string]struct {
		most float64
		do   func()
	}{
		"count":         {1, func() { r.Count("n", 1, a, b) }},
		"timing":        {1, func() { r.Timing("t", time.Second, a, b) }},
		"gauge":         {1, func() { r.Gauge("g", 1, a, b) }},
		"bound counter": {0, func() { n.Inc() }},
		"bound timer":   {0, func() { d.Record(time.Second) }},
	} {
		t.Run(name, func(t *testing.T) {
			tc.do()
			if n := testing.AllocsPerRun(1000, tc.do); n > tc.most {
				t.Errorf("allocates %v times, want at most %v", n, tc.most)
			}
		})
	}
}

func BenchmarkCountTwoTags(b *testing.B) {
	r := costRecorder()
	b.ReportAllocs()
	for b.Loop() {
		r.Count("http.requests", 1, metrics.Tag{Key: "method", Value: "GET"}, metrics.Tag{Key: "code", Value: "200"})
	}
}

func BenchmarkCountBound(b *testing.B) {
	n := costRecorder().Counter("http.requests", metrics.T("method", "GET"), metrics.T("code", "200"))
	b.ReportAllocs()
	for b.Loop() {
		n.Inc()
	}
}

func BenchmarkTimingTwoTags(b *testing.B) {
	r := costRecorder()
	b.ReportAllocs()
	for b.Loop() {
		r.Timing("http.time", 1234567, metrics.Tag{Key: "method", Value: "GET"}, metrics.Tag{Key: "code", Value: "200"})
	}
}

func BenchmarkTimingBound(b *testing.B) {
	d := costRecorder().Timer("http.time", metrics.T("method", "GET"), metrics.T("code", "200"))
	b.ReportAllocs()
	for b.Loop() {
		d.Record(1234567)
	}
}
