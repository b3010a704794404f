// SPDX-License-Identifier: Apache-2.0

package sqltrace_test

import (
	"context"
	"database/sql"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/sqltrace"
	"github.com/waymark-otel/waymark/sqltrace/sqltracetest"
)

var discardLogger = slog.New(slog.DiscardHandler)

// observed is a pool over a fake driver, and all that is recorded of it.
type observed struct {
	*sql.DB
	t       testing.TB
	fake    *sqltracetest.Fake
	spans   *tracetest.SpanRecorder
	tp      *sdktrace.TracerProvider
	mp      *sdkmetric.MeterProvider
	metrics *sdkmetric.ManualReader
}

// recording makes providers that keep everything.
func recording(t testing.TB) *observed {
	o := &observed{t: t, spans: tracetest.NewSpanRecorder(), metrics: sdkmetric.NewManualReader()}
	o.tp = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(o.spans))
	o.mp = sdkmetric.NewMeterProvider(sdkmetric.WithReader(o.metrics))
	t.Cleanup(func() {
		_ = o.tp.Shutdown(context.Background())
		_ = o.mp.Shutdown(context.Background())
	})
	return o
}

func (o *observed) options(opts ...sqltrace.Option) []sqltrace.Option {
	return append([]sqltrace.Option{sqltrace.WithTracerProvider(o.tp), sqltrace.WithMeterProvider(o.mp)}, opts...)
}

// observe opens a pool over fake. It is closed with the test, and by then
// every span that was started must have ended.
func observe(t testing.TB, fake *sqltracetest.Fake, opts ...sqltrace.Option) *observed {
	o := recording(t)
	o.fake = fake
	o.DB = sqltrace.OpenDB(fake.Connector(), o.options(opts...)...)
	t.Cleanup(func() {
		_ = o.Close()
		assert.Len(t, o.spans.Ended(), len(o.spans.Started()), "spans that ended, of those that were started")
	})
	return o
}

// root starts a span, the parent of what the test does.
func (o *observed) root() (context.Context, trace.Span) {
	return o.tp.Tracer("test").Start(context.Background(), "root")
}

// names returns the names of the spans that have ended, in order.
func (o *observed) names() []string {
	var names []string
	for _, s := range o.spans.Ended() {
		names = append(names, s.Name())
	}
	return names
}

// only returns the one span that was recorded.
func (o *observed) only() sdktrace.ReadOnlySpan {
	o.t.Helper()
	ended := o.spans.Ended()
	require.Len(o.t, ended, 1, "spans: %v", o.names())
	require.Len(o.t, o.spans.Started(), 1)
	return ended[0]
}

// collect returns the metric called name, and whether there is one.
func (o *observed) collect(name string) (metricdata.Metrics, bool) {
	o.t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(o.t, o.metrics.Collect(context.Background(), &all))
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name == name {
				return m, true
			}
		}
	}
	return metricdata.Metrics{}, false
}

// histogram returns the points of the histogram called name.
func (o *observed) histogram(name string) []metricdata.HistogramDataPoint[float64] {
	o.t.Helper()
	m, ok := o.collect(name)
	if !ok {
		return nil
	}
	return m.Data.(metricdata.Histogram[float64]).DataPoints
}

const duration = "db.client.operation.duration"

// statements returns how many statements were measured.
func (o *observed) statements() (n int) {
	for _, p := range o.histogram(duration) {
		n += int(p.Count)
	}
	return n
}

// attr returns what s says under key, "" if nothing.
func attr(s sdktrace.ReadOnlySpan, key string) string { return value(s.Attributes(), key) }

func value(attrs []attribute.KeyValue, key string) string {
	for _, kv := range attrs {
		if string(kv.Key) == key {
			return kv.Value.String()
		}
	}
	return ""
}

// failNth is a hook that makes the calls by that name fail whose numbers are
// given, counting from 1; without numbers, each.
func failNth(call string, err error, numbers ...int64) func(string) error {
	var n atomic.Int64
	return func(name string) error {
		if name != call {
			return nil
		}
		if i := n.Add(1); len(numbers) == 0 || slices.Contains(numbers, i) {
			return err
		}
		return nil
	}
}

// drain reads rows to the end.
func drain(t testing.TB, rows *sql.Rows, err error) error {
	t.Helper()
	require.NoError(t, err)
	for rows.Next() { //nolint:revive // until the end
	}
	require.NoError(t, rows.Close())
	return rows.Err()
}

// How long to wait for what database/sql does in a goroutine of its own, and
// how often to look.
const (
	waitFor = 10 * time.Second
	tick    = time.Millisecond
)

// failEvery is a hook that makes every nth call by that name fail.
func failEvery(n int64, call string, err error) func(string) error {
	var count atomic.Int64
	return func(name string) error {
		if name == call && count.Add(1)%n == 0 {
			return err
		}
		return nil
	}
}

// textLogger writes records without a time, so that they can be compared.
func textLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration" {
			return slog.Attr{}
		}
		return a
	}}))
}
