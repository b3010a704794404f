// SPDX-License-Identifier: Apache-2.0

package otelmetrics

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/waymark-otel/waymark/metrics"
)

// Recorder has the verbs of a StatsD client and records with OpenTelemetry
// instruments, which it makes as it meets their names:
//
//	Count              Counter of integers; negative ones are dropped and counted
//	Gauge, GaugeDelta  Gauge
//	Timing             Histogram in seconds
//	Histogram          Histogram
//	Set                observable Gauge: the distinct members since the last collection
//
// Where a verb takes a context, the span in it may become the exemplar of the
// value. A nil Recorder discards. All methods may be called concurrently.
type Recorder struct {
	shared *shared
	prefix string
	tags   []metrics.Tag
	hash   uint64
}

// shared is what a recorder shares with its children and handles.
type shared struct {
	meter     metric.Meter
	maxSeries int64
	series    sync.Map // of *series, by hash
	known     atomic.Int64
	dropped   atomic.Uint64

	mu          sync.Mutex
	instruments map[instrumentKey]*instrument
}

// NewRecorder returns a recorder that makes its instruments with m. A nil
// meter discards.
func NewRecorder(m metric.Meter, opts ...Option) *Recorder {
	if m == nil {
		return nil
	}
	cfg := newConfig(opts)
	r := &Recorder{shared: &shared{
		meter:       m,
		maxSeries:   int64(cfg.maxSeries),
		instruments: make(map[instrumentKey]*instrument),
	}}
	r.hash = hashName(0, "", nil)
	return r
}

// With returns a recorder that puts prefix and a dot before every name and
// adds tags. An empty prefix adds none.
func (r *Recorder) With(prefix string, tags ...metrics.Tag) *Recorder {
	if r == nil {
		return nil
	}
	child := &Recorder{shared: r.shared, prefix: r.prefix, tags: slices.Concat(r.tags, tags)}
	if prefix = strings.Trim(prefix, "."); prefix != "" {
		child.prefix += prefix + "."
	}
	child.hash = hashName(0, child.prefix, child.tags)
	return child
}

// Dropped returns how many values were dropped: negative counts, NaN and
// infinities, and members of sets that have grown too large.
func (r *Recorder) Dropped() uint64 {
	if r == nil {
		return 0
	}
	return r.shared.dropped.Load()
}

// Count adds delta, which is not negative, to a counter.
func (r *Recorder) Count(name string, delta int64, tags ...metrics.Tag) {
	r.CountContext(context.Background(), name, delta, tags...)
}

// CountContext is Count with the context of what is counted.
func (r *Recorder) CountContext(ctx context.Context, name string, delta int64, tags ...metrics.Tag) {
	if r == nil {
		return
	}
	r.find(kindCounter, name, tags).count(ctx, delta)
}

// Gauge sets a gauge.
func (r *Recorder) Gauge(name string, value float64, tags ...metrics.Tag) {
	if r == nil {
		return
	}
	r.find(kindGauge, name, tags).setLevel(context.Background(), value)
}

// GaugeDelta adds delta to a gauge, which starts at zero.
func (r *Recorder) GaugeDelta(name string, delta float64, tags ...metrics.Tag) {
	if r == nil {
		return
	}
	r.find(kindGauge, name, tags).change(context.Background(), delta)
}

// Timing records how long something took. A negative duration is zero.
func (r *Recorder) Timing(name string, d time.Duration, tags ...metrics.Tag) {
	r.TimingContext(context.Background(), name, d, tags...)
}

// TimingContext is Timing with the context of what was timed.
func (r *Recorder) TimingContext(ctx context.Context, name string, d time.Duration, tags ...metrics.Tag) {
	if r == nil {
		return
	}
	r.find(kindTiming, name, tags).time(ctx, d)
}

// Histogram records a value whose distribution matters.
func (r *Recorder) Histogram(name string, value float64, tags ...metrics.Tag) {
	r.HistogramContext(context.Background(), name, value, tags...)
}

// HistogramContext is Histogram with the context of what was measured.
func (r *Recorder) HistogramContext(ctx context.Context, name string, value float64, tags ...metrics.Tag) {
	if r == nil {
		return
	}
	r.find(kindHistogram, name, tags).observe(ctx, value)
}

// Set adds a member to a set.
func (r *Recorder) Set(name, member string, tags ...metrics.Tag) {
	if r == nil {
		return
	}
	r.find(kindSet, name, tags).insert(member)
}

// Time starts a timer and returns what stops it; the second stop does nothing.
func (r *Recorder) Time(name string, tags ...metrics.Tag) (stop func()) {
	if r == nil {
		return func() {}
	}
	start := time.Now()
	s := r.find(kindTiming, name, tags)
	var stopped atomic.Bool
	return func() {
		if !stopped.Swap(true) {
			s.time(context.Background(), time.Since(start))
		}
	}
}

// Counter is a counter with name and tags already looked up, for hot paths. A
// nil Counter discards.
type Counter struct{ series *series }

// Counter returns the counter that Count means by name and tags.
func (r *Recorder) Counter(name string, tags ...metrics.Tag) *Counter {
	if r == nil {
		return nil
	}
	return &Counter{r.find(kindCounter, name, tags)}
}

// Add adds delta, which is not negative.
func (c *Counter) Add(delta int64) { c.AddContext(context.Background(), delta) }

// AddContext is Add with the context of what is counted.
func (c *Counter) AddContext(ctx context.Context, delta int64) {
	if c == nil {
		return
	}
	c.series.count(ctx, delta)
}

// Inc adds one.
func (c *Counter) Inc() { c.Add(1) }

// Timer is a timer with name and tags already looked up, for hot paths. A nil
// Timer discards.
type Timer struct{ series *series }

// Timer returns the timer that Timing means by name and tags.
func (r *Recorder) Timer(name string, tags ...metrics.Tag) *Timer {
	if r == nil {
		return nil
	}
	return &Timer{r.find(kindTiming, name, tags)}
}

// Record records one duration.
func (t *Timer) Record(d time.Duration) { t.RecordContext(context.Background(), d) }

// RecordContext is Record with the context of what was timed.
func (t *Timer) RecordContext(ctx context.Context, d time.Duration) {
	if t == nil {
		return
	}
	t.series.time(ctx, d)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
