// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/waymark-otel/waymark/metrics"
)

// go test -run '^$' -bench . -benchtime=0.3s -count=3 ./metrics

func benchClient(b *testing.B, opts ...metrics.Option) *metrics.Client {
	c := metrics.New(io.Discard, opts...)
	b.Cleanup(func() { _ = c.Close() })
	b.ReportAllocs()
	return c
}

func BenchmarkCount(b *testing.B) {
	c := benchClient(b)
	for b.Loop() {
		c.Count("http.requests", 1)
	}
}

func BenchmarkCountTwoTags(b *testing.B) {
	c := benchClient(b)
	for b.Loop() {
		c.Count("http.requests", 1, metrics.Tag{Key: "method", Value: "GET"}, metrics.Tag{Key: "code", Value: "200"})
	}
}

func BenchmarkCountTwoTagsParallel(b *testing.B) {
	c := benchClient(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c.Count("http.requests", 1, metrics.Tag{Key: "method", Value: "GET"}, metrics.Tag{Key: "code", Value: "200"})
		}
	})
}

func BenchmarkCountBound(b *testing.B) {
	hits := benchClient(b).Counter("http.requests", metrics.T("method", "GET"), metrics.T("code", "200"))
	for b.Loop() {
		hits.Add(1)
	}
}

func BenchmarkGaugeTwoTags(b *testing.B) {
	c := benchClient(b)
	for b.Loop() {
		c.Gauge("queue.depth", 12.5, metrics.T("method", "GET"), metrics.T("code", "200"))
	}
}

func BenchmarkTimingTwoTags(b *testing.B) {
	c := benchClient(b, metrics.WithFlushInterval(time.Hour))
	var n int
	for b.Loop() {
		c.Timing("http.time", 1234567*time.Nanosecond, metrics.T("method", "GET"), metrics.T("code", "200"))
		n++
		makeRoom(b, c, n)
	}
	b.ReportMetric(float64(c.Stats().Dropped.Queue), "dropped")
}

func BenchmarkTimingBound(b *testing.B) {
	c := benchClient(b, metrics.WithFlushInterval(time.Hour))
	timer := c.Timer("http.time", metrics.T("method", "GET"), metrics.T("code", "200"))
	var n int
	for b.Loop() {
		timer.Record(1234567 * time.Nanosecond)
		n++
		makeRoom(b, c, n)
	}
	b.ReportMetric(float64(c.Stats().Dropped.Queue), "dropped")
}

// makeRoom empties the queue, off the clock, before it is full: dropping is
// not what is measured.
func makeRoom(b *testing.B, c *metrics.Client, n int) {
	if n%200_000 == 0 {
		b.StopTimer()
		_ = c.Flush(context.Background())
		b.StartTimer()
	}
}
