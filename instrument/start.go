// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"fmt"

	lognoop "go.opentelemetry.io/otel/log/noop"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/waymark-otel/waymark/metrics/spanmetrics"
	"github.com/waymark-otel/waymark/samplers"
)

// started starts what the plan has opened. A component that panics leaves
// nothing running and nothing open.
func (p *plan) started(ctx context.Context) (t *Telemetry, err error) {
	t = &Telemetry{
		traces:     tracenoop.NewTracerProvider(),
		metrics:    metricnoop.NewMeterProvider(),
		logs:       lognoop.NewLoggerProvider(),
		propagator: p.propagator,
		errors:     p.code.sink,
		forced:     p.forced,
		ending:     ending{done: make(chan struct{})},
	}
	defer func() {
		if v := recover(); v != nil {
			p.close(ctx)
			t, err = nil, fmt.Errorf("instrument: a component panicked: %v", v)
		}
	}()
	t.reporter = newReporter(p)
	for _, problem := range p.env.problems {
		t.errors.Handle(problem)
	}
	if p.disabled {
		t.leave(p)
		return t, nil
	}
	t.startStatsD(p)
	t.startTraces(p)
	t.startMetrics(p)
	t.startLogs(p)
	return t, nil
}

func (t *Telemetry) startTraces(p *plan) {
	sampler := p.sampler
	if p.code.keepErrors || p.code.spanMetrics {
		sampler = samplers.AlwaysRecord(sampler)
	}
	opts := []sdktrace.TracerProviderOption{
		sdktrace.WithResource(p.resource),
		sdktrace.WithSampler(sampler),
		sdktrace.WithRawSpanLimits(p.limits),
	}
	for _, sp := range p.code.processors {
		once := newOwned(sp, t.errors.Handle)
		opts = append(opts, sdktrace.WithSpanProcessor(once))
		t.components = append(t.components, component{name: "span processor", flush: once.ForceFlush, shutdown: once.Shutdown})
	}
	if p.code.spanMetrics {
		opts = append(opts, sdktrace.WithSpanProcessor(spanmetrics.NewProcessor(t.statsd, p.code.spanMetricsOptions...)))
	}
	var lines []sdktrace.SpanProcessor
	for i := range p.opened {
		o := &p.opened[i]
		if o.Spans == nil {
			continue
		}
		line := newPipeline(o.name, o.Spans, p.batch, t.errors.Handle)
		p.stop, o.Spans = append(p.stop, line.Shutdown), nil
		line.resource = hidden(p.code, p.resource)
		t.pipelines = append(t.pipelines, line)
		lines = append(lines, line)
	}
	if p.code.keepErrors {
		t.tail = samplers.KeepErrors(forward(lines), p.code.tail...).(*samplers.Tail)
		lines = []sdktrace.SpanProcessor{t.tail}
	}
	for _, line := range lines {
		opts = append(opts, sdktrace.WithSpanProcessor(line))
	}
	t.flushTraces()
	sdk := sdktrace.NewTracerProvider(opts...)
	t.traces = sdk
	t.ending.last = sdk.Shutdown
}

func (t *Telemetry) startMetrics(p *plan) {
	opts := []sdkmetric.Option{sdkmetric.WithResource(p.resource), sdkmetric.WithExemplarFilter(exemplarFilter(p.exemplars))}
	n := len(p.code.readers)
	for _, r := range p.code.readers {
		opts = append(opts, sdkmetric.WithReader(r))
	}
	for i := range p.opened {
		if o := &p.opened[i]; o.Metrics != nil {
			n++
			exporter := guardedMetrics{o.Metrics, o.name, t.errors.Handle}
			reader := sdkmetric.NewPeriodicReader(exporter,
				sdkmetric.WithInterval(p.metricInterval), sdkmetric.WithTimeout(p.metricDeadline))
			p.stop, o.Metrics = append(p.stop, reader.Shutdown), nil
			opts = append(opts, sdkmetric.WithReader(reader))
		}
	}
	if n == 0 {
		return // nobody reads: instruments that do nothing cost nothing
	}
	sdk := sdkmetric.NewMeterProvider(opts...)
	t.metrics = sdk
	t.components = append(t.components, component{name: "metrics", flush: sdk.ForceFlush, shutdown: sdk.Shutdown})
	for _, start := range p.code.instrumentation {
		if err := contained(func() error { return start(sdk) }); err != nil {
			t.errors.Handle(fmt.Errorf("instrument: instrumentation: %w", err))
		}
	}
}

// flushTraces makes a component of each pipeline: what WithKeepErrors still
// holds is handed on first, and one that hangs does not hold the others.
func (t *Telemetry) flushTraces() {
	var settled onceError
	for _, line := range t.pipelines {
		t.components = append(t.components, component{"traces", func(ctx context.Context) error {
			if t.tail != nil {
				_ = t.tail.ForceFlush(ctx)
			}
			return line.ForceFlush(ctx)
		}, func(ctx context.Context) error {
			if t.tail != nil {
				_ = settled.do(func() error { return t.tail.Shutdown(ctx) })
			}
			return line.Shutdown(ctx)
		}, line})
	}
}

// leave takes over what the options gave although OTEL_SDK_DISABLED lets it do
// nothing: whoever gave it counts on Shutdown.
func (t *Telemetry) leave(p *plan) {
	nothing := func(context.Context) error { return nil }
	for _, sp := range p.code.processors {
		t.components = append(t.components, component{name: "span processor", flush: nothing, shutdown: sp.Shutdown})
	}
	for _, r := range p.code.readers {
		t.components = append(t.components, component{name: "metrics", flush: nothing, shutdown: r.Shutdown})
	}
	for _, lp := range p.code.logProcessors {
		t.components = append(t.components, component{name: "logs", flush: nothing, shutdown: lp.Shutdown})
	}
}

func exemplarFilter(name string) exemplar.Filter {
	switch name {
	case "always_on":
		return exemplar.AlwaysOnFilter
	case "always_off":
		return exemplar.AlwaysOffFilter
	default:
		return exemplar.TraceBasedFilter
	}
}

func (t *Telemetry) startLogs(p *plan) {
	opts := []sdklog.LoggerProviderOption{
		sdklog.WithResource(p.resource),
		sdklog.WithAttributeCountLimit(p.logCount),
		sdklog.WithAttributeValueLengthLimit(p.logLength),
	}
	n := len(p.code.logProcessors)
	for _, lp := range p.code.logProcessors {
		opts = append(opts, sdklog.WithProcessor(guardedLogProcessor{lp, t.errors.Handle}))
	}
	for i := range p.opened {
		if o := &p.opened[i]; o.Logs != nil {
			n++
			exporter := guardedLogs{o.Logs, o.name, t.errors.Handle}
			batcher := sdklog.NewBatchProcessor(exporter,
				sdklog.WithMaxQueueSize(p.logBatch.queue), sdklog.WithExportMaxBatchSize(p.logBatch.size),
				sdklog.WithExportInterval(p.logBatch.delay), sdklog.WithExportTimeout(p.logBatch.timeout))
			p.stop, o.Logs = append(p.stop, batcher.Shutdown), nil
			opts = append(opts, sdklog.WithProcessor(batcher))
		}
	}
	if n == 0 {
		return
	}
	sdk := sdklog.NewLoggerProvider(opts...)
	t.logs = sdk
	t.components = append(t.components, component{name: "logs", flush: sdk.ForceFlush, shutdown: sdk.Shutdown})
}
