// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/trace"
)

func BenchmarkEncode(b *testing.B) {
	spans := realistic(512)
	w := newWork(trace.TraceID{}, nil)
	b.ReportAllocs()
	for b.Loop() {
		w.reset()
		for _, span := range spans {
			w.buf, _ = w.encoder.append(w.buf, span)
			w.buf = append(w.buf, ',')
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/512, "ns/span")
}

func BenchmarkCompress(b *testing.B) {
	w := newWork(trace.TraceID{}, nil)
	w.reset()
	for _, span := range realistic(512) {
		w.buf, _ = w.encoder.append(w.buf, span)
		w.buf = append(w.buf, ',')
	}
	for b.Loop() {
		w.compress(w.buf)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/512, "ns/span")
}

// sink takes everything at once.
var sink = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{StatusCode: 202, Body: http.NoBody, Header: http.Header{}}, nil
})}

func BenchmarkExport(b *testing.B) {
	spans := realistic(512)
	e, err := New("http://collector.example", WithClient(sink))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = e.ExportSpans(context.Background(), spans)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/512, "ns/span")
}

func TestAnExportAllocatesForItsRequestAndNotForItsSpans(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes a sync.Pool forget at random")
	}
	e := dial(t, "http://collector.example", WithClient(sink))
	cost := func(n int) float64 {
		spans := realistic(n)
		return testing.AllocsPerRun(50, func() { _ = e.ExportSpans(context.Background(), spans) })
	}
	cost(512) // brings the buffers to their size
	small, large := cost(16), cost(512)
	assert.InDelta(t, small, large, 32, "%v allocations for 16 spans, %v for 512", small, large)
}
