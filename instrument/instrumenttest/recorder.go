// SPDX-License-Identifier: Apache-2.0

package instrumenttest

import (
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Recorder records the telemetry of one test. Its providers export nothing.
// All methods may be called from several goroutines.
type Recorder struct {
	t       testing.TB
	tracers *sdktrace.TracerProvider
	meters  *sdkmetric.MeterProvider
	loggers *sdklog.LoggerProvider

	mu      sync.Mutex
	started []sdktrace.ReadOnlySpan // in the order of start
	ended   []sdktrace.ReadOnlySpan // in the order of end
	logs    []sdklog.Record
	readers []*sdkmetric.ManualReader
	packets []string
	slogs   strings.Builder
}

// New returns a recorder with providers of its own, which sample everything
// and are shut down at the end of the test. The options are those of its
// TracerProvider: a sampler, a resource, limits, an id generator.
func New(t testing.TB, opts ...sdktrace.TracerProviderOption) *Recorder {
	t.Helper()
	r := &Recorder{t: t}
	opts = append([]sdktrace.TracerProviderOption{sdktrace.WithSampler(sdktrace.AlwaysSample())}, opts...)
	r.tracers = sdktrace.NewTracerProvider(append(opts, sdktrace.WithSpanProcessor(r.SpanProcessor()))...)
	r.meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.MetricReader()))
	r.loggers = sdklog.NewLoggerProvider(sdklog.WithProcessor(r.LogProcessor()))
	t.Cleanup(func() {
		ctx := context.Background()
		_ = r.tracers.Shutdown(ctx)
		_ = r.meters.Shutdown(ctx)
		_ = r.loggers.Shutdown(ctx)
	})
	return r
}

// TracerProvider returns a provider whose spans are recorded.
func (r *Recorder) TracerProvider() *sdktrace.TracerProvider { return r.tracers }

// MeterProvider returns a provider whose instruments are recorded.
func (r *Recorder) MeterProvider() *sdkmetric.MeterProvider { return r.meters }

// LoggerProvider returns a provider whose records are recorded.
func (r *Recorder) LoggerProvider() *sdklog.LoggerProvider { return r.loggers }

// SpanProcessor returns what records the spans of another TracerProvider too,
// such as one that the program's own Setup builds.
func (r *Recorder) SpanProcessor() sdktrace.SpanProcessor { return spanRecorder{r} }

// LogProcessor returns what records the logs of another LoggerProvider too.
func (r *Recorder) LogProcessor() sdklog.Processor { return logRecorder{r} }

// MetricReader returns a new reader, which records the instruments of another
// MeterProvider too. A reader belongs to one provider.
func (r *Recorder) MetricReader() sdkmetric.Reader {
	reader := sdkmetric.NewManualReader()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.readers = append(r.readers, reader)
	return reader
}

// StatsD returns a writer that records statsd lines. Each Write is one packet
// of one line or more, as metrics.New sends them.
func (r *Recorder) StatsD() io.Writer { return packetRecorder{r} }

// StatsDLines returns the lines written to StatsD so far.
func (r *Recorder) StatsDLines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var lines []string
	for _, packet := range r.packets {
		lines = append(lines, strings.Split(strings.TrimSuffix(packet, "\n"), "\n")...)
	}
	return lines
}

// Spans returns the spans that have ended, in the order of their end.
func (r *Recorder) Spans() []sdktrace.ReadOnlySpan {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ended)
}

// Span returns the one ended span of that name. When there is none, or more
// than one, the test fails, with the tree of what there is, and stops.
func (r *Recorder) Span(name string) sdktrace.ReadOnlySpan {
	r.t.Helper()
	var found []sdktrace.ReadOnlySpan
	for _, span := range r.Spans() {
		if span.Name() == name {
			found = append(found, span)
		}
	}
	if len(found) != 1 {
		r.t.Fatalf("instrumenttest: %d spans are named %q, want 1; recorded:\n%s", len(found), name, r.Tree())
		return nil
	}
	return found[0]
}

// Reset forgets the spans, logs and statsd lines recorded so far. Metrics are
// cumulative and remain.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started, r.ended, r.logs, r.packets = nil, nil, nil, nil
	r.slogs.Reset()
}

type spanRecorder struct{ r *Recorder }

var _ sdktrace.SpanProcessor = spanRecorder{}

func (s spanRecorder) OnStart(_ context.Context, span sdktrace.ReadWriteSpan) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.started = append(s.r.started, span)
}

func (s spanRecorder) OnEnd(span sdktrace.ReadOnlySpan) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.ended = append(s.r.ended, span)
}

func (spanRecorder) Shutdown(context.Context) error   { return nil }
func (spanRecorder) ForceFlush(context.Context) error { return nil }

type packetRecorder struct{ r *Recorder }

func (p packetRecorder) Write(packet []byte) (int, error) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.r.packets = append(p.r.packets, string(packet))
	return len(packet), nil
}
