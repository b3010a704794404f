// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/otel/log"
	lognoop "go.opentelemetry.io/otel/log/noop"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/waymark-otel/waymark/metrics"
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
	opened   []opened                      // what has not been started
	stop     []func(context.Context) error // what has, with its exporter
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
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	for _, stop := range slices.Backward(p.stop) {
		_ = contained(func() error { return stop(bounded) })
	}
	for _, o := range slices.Backward(p.opened) {
		closeExporters(ctx, o.Exporters)
	}
	p.opened, p.stop, p.statsd = nil, nil, nil
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
