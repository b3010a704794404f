// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.opentelemetry.io/otel/log"
	lognoop "go.opentelemetry.io/otel/log/noop"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/spanmetrics"
	"github.com/waymark-otel/waymark/propagators"
	"github.com/waymark-otel/waymark/samplers"
)

// Telemetry is one pipeline: providers, propagator, exporters. A nil
// Telemetry is the no-op, in every method. It may be used from several
// goroutines.
type Telemetry struct {
	traces     trace.TracerProvider
	metrics    metric.MeterProvider
	logs       log.LoggerProvider
	propagator propagation.TextMapPropagator
	pipelines  []*pipeline
	components []component // what ForceFlush and Shutdown go through
	errors     *errorSink
	forced     *samplers.ForcedSampler
	tail       *samplers.Tail  // nil without WithKeepErrors
	statsd     *metrics.Client // nil without WithStatsD
	reporter   *reporter
	ending     ending
}

// component is something to flush and to shut down, named for its errors.
type component struct {
	name            string
	flush, shutdown func(context.Context) error
	line            *pipeline // of spans; nil for other components
}

// plan is everything that can go wrong, done: what is left cannot fail.
type plan struct {
	*settings
	code     *config
	resource *resource.Resource
	opened   []opened
	statsd   *metrics.Client
	env      *environment
	replaced []string // what was in the globals before
	report   Report
}

func prepare(ctx context.Context, opts []Option, install bool) (p *plan, err error) {
	if err := ctx.Err(); err != nil {
		return nil, errors.Join(errors.New("instrument: the context of Setup is done"), err)
	}
	var c *config
	defer func() {
		if v := recover(); v != nil {
			p.close(ctx)
			p, err = nil, fmt.Errorf("instrument: an option or a component panicked: %v", v)
		}
	}()
	if c, err = newConfig(opts); err != nil {
		return nil, err
	}
	if err = c.checkGlobals(install); err != nil {
		return nil, err
	}
	e := newEnvironment(c.noEnvironment)
	p = &plan{code: c, settings: resolve(c, e), env: e}
	if p.resource, err = newResource(ctx, c, e); err != nil {
		return nil, err
	}
	if p.disabled {
		p.report = newReport(p)
		return p, nil
	}
	if p.opened, err = openExporters(ctx, c, p.settings, e); err != nil {
		return nil, err
	}
	if p.statsd, err = openStatsD(c, p.settings, e); err != nil {
		p.close(ctx)
		return nil, err
	}
	// What the report asks of components is asked here, where it may panic.
	p.report = newReport(p)
	return p, nil
}

// close shuts down what was opened, last first. It may be asked of a nil plan.
func (p *plan) close(ctx context.Context) {
	if p == nil {
		return
	}
	_ = p.statsd.Close()
	for _, o := range slices.Backward(p.opened) {
		closeExporters(ctx, o.Exporters)
	}
	p.opened, p.statsd = nil, nil
}

// New builds a Telemetry and installs nothing: for tests, for a second
// pipeline, for runtimes that freeze between requests. What it opens, it
// closes on error. Failures go to WithErrorHandler, or to the log; mistakes
// in the environment are among them and never fail New.
func New(ctx context.Context, opts ...Option) (*Telemetry, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	p, err := prepare(ctx, opts, false)
	if err != nil {
		return nil, err
	}
	t, err := p.started(ctx)
	if err != nil {
		return nil, err
	}
	t.reporter.begin(nil)
	return t, nil
}

// started is start for components that panic.
func (p *plan) started(ctx context.Context) (t *Telemetry, err error) {
	defer func() {
		if v := recover(); v != nil {
			p.close(ctx)
			t, err = nil, fmt.Errorf("instrument: a component panicked: %v", v)
		}
	}()
	return p.start(), nil
}

func (p *plan) start() *Telemetry {
	t := &Telemetry{
		traces:     tracenoop.NewTracerProvider(),
		metrics:    metricnoop.NewMeterProvider(),
		logs:       lognoop.NewLoggerProvider(),
		propagator: p.propagator,
		errors:     p.code.sink,
		forced:     p.forced,
		ending:     ending{done: make(chan struct{})},
	}
	t.reporter = newReporter(p)
	for _, problem := range p.env.problems {
		t.errors.Handle(problem)
	}
	if p.disabled {
		t.leave(p)
		return t
	}
	t.startStatsD(p)
	t.startTraces(p)
	t.startMetrics(p)
	t.startLogs(p)
	return t
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
	for _, o := range p.opened {
		if o.Spans == nil {
			continue
		}
		line := newPipeline(o.name, o.Spans, p.batch, t.errors.Handle)
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
	for _, o := range p.opened {
		if o.Metrics != nil {
			n++
			exporter := guardedMetrics{o.Metrics, o.name, t.errors.Handle}
			opts = append(opts, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter,
				sdkmetric.WithInterval(p.metricInterval), sdkmetric.WithTimeout(p.metricDeadline))))
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
	for _, o := range p.opened {
		if o.Logs != nil {
			n++
			exporter := guardedLogs{o.Logs, o.name, t.errors.Handle}
			opts = append(opts, sdklog.WithProcessor(sdklog.NewBatchProcessor(exporter,
				sdklog.WithMaxQueueSize(p.logBatch.queue), sdklog.WithExportMaxBatchSize(p.logBatch.size),
				sdklog.WithExportInterval(p.logBatch.delay), sdklog.WithExportTimeout(p.logBatch.timeout))))
		}
	}
	if n == 0 {
		return
	}
	sdk := sdklog.NewLoggerProvider(opts...)
	t.logs = sdk
	t.components = append(t.components, component{name: "logs", flush: sdk.ForceFlush, shutdown: sdk.Shutdown})
}

// TracerProvider returns the provider of tracers, never nil.
func (t *Telemetry) TracerProvider() trace.TracerProvider {
	if t == nil {
		return tracenoop.NewTracerProvider()
	}
	return t.traces
}

// MeterProvider returns the provider of meters, never nil. It does nothing
// when no option and no variable gives metrics a reader or an exporter.
func (t *Telemetry) MeterProvider() metric.MeterProvider {
	if t == nil {
		return metricnoop.NewMeterProvider()
	}
	return t.metrics
}

// LoggerProvider returns the provider of loggers, never nil. It does nothing
// when no option and no variable gives logs a processor or an exporter.
func (t *Telemetry) LoggerProvider() log.LoggerProvider {
	if t == nil {
		return lognoop.NewLoggerProvider()
	}
	return t.logs
}

// Propagator returns the propagator, never nil.
func (t *Telemetry) Propagator() propagation.TextMapPropagator {
	if t == nil {
		return propagators.First()
	}
	return t.propagator
}
