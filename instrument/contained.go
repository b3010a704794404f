// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"fmt"
	"reflect"

	"go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/propagators"
)

// contained turns a panic of somebody's component into an error: nothing that
// observes may end the process.
func contained(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panicked: %v", v)
		}
	}()
	return f()
}

// textOf is err.Error(), also for an error that panics when asked, as nil
// pointers of error types do.
func textOf(err error) (text string) {
	defer func() {
		if v := recover(); v != nil {
			text = fmt.Sprintf("%T, whose text panics", err)
		}
	}()
	return err.Error()
}

// said is an error whose text has been asked for already.
type said struct {
	text string
	error
}

func (s said) Error() string { return s.text }
func (s said) Unwrap() error { return s.error }

// reported is an error that the handler has seen; the SDK will bring it again.
type reported struct{ error }

func (r reported) Unwrap() error { return r.error }

// guardedMetrics is an exporter of metrics whose failures and panics go to the
// error handler of its Telemetry.
type guardedMetrics struct {
	sdkmetric.Exporter
	name   string
	report func(error)
}

func (g guardedMetrics) Export(ctx context.Context, m *metricdata.ResourceMetrics) error {
	return reportFailure(g.report, g.name, "metrics", contained(func() error { return g.Exporter.Export(ctx, m) }))
}

func (g guardedMetrics) Shutdown(ctx context.Context) error {
	return contained(func() error { return g.Exporter.Shutdown(ctx) })
}

// guardedLogs is the same for log records.
type guardedLogs struct {
	sdklog.Exporter
	name   string
	report func(error)
}

func (g guardedLogs) Export(ctx context.Context, records []sdklog.Record) error {
	return reportFailure(g.report, g.name, "logs", contained(func() error { return g.Exporter.Export(ctx, records) }))
}

func (g guardedLogs) Shutdown(ctx context.Context) error {
	return contained(func() error { return g.Exporter.Shutdown(ctx) })
}

func reportFailure(report func(error), name, signal string, err error) error {
	if err == nil {
		return nil
	}
	err = reported{fmt.Errorf("instrument: exporter %s: %s: %w", name, signal, said{textOf(err), err})}
	report(err.(reported).error)
	return err
}

// owned is a span processor of the user's that is shut down once, whoever
// asks, and whose panics do not reach the program that starts and ends spans.
type owned struct {
	next   sdktrace.SpanProcessor
	report func(error)
	once   *onceError
}

func newOwned(p sdktrace.SpanProcessor, report func(error)) *owned {
	return &owned{next: p, report: report, once: &onceError{}}
}

func (o *owned) OnStart(ctx context.Context, s sdktrace.ReadWriteSpan) {
	defer o.contain()
	o.next.OnStart(ctx, s)
}

func (o *owned) OnEnd(s sdktrace.ReadOnlySpan) {
	defer o.contain()
	o.next.OnEnd(s)
}

func (o *owned) contain() {
	if v := recover(); v != nil {
		o.report(fmt.Errorf("instrument: span processor %T panicked: %v", o.next, v))
	}
}

func (o *owned) ForceFlush(ctx context.Context) error { return o.next.ForceFlush(ctx) }

func (o *owned) Shutdown(ctx context.Context) error {
	return o.once.do(func() error { return o.next.Shutdown(ctx) })
}

// guardedLogProcessor is a log processor of the user's whose panics do not
// reach the program that logs.
type guardedLogProcessor struct {
	next   sdklog.Processor
	report func(error)
}

func (g guardedLogProcessor) Enabled(ctx context.Context, p sdklog.EnabledParameters) bool {
	defer g.contain()
	return g.next.Enabled(ctx, p)
}

func (g guardedLogProcessor) OnEmit(ctx context.Context, r *sdklog.Record) error {
	defer g.contain()
	return g.next.OnEmit(ctx, r)
}

func (g guardedLogProcessor) contain() {
	if v := recover(); v != nil {
		g.report(fmt.Errorf("instrument: log processor %T panicked: %v", g.next, v))
	}
}

func (g guardedLogProcessor) ForceFlush(ctx context.Context) error {
	return contained(func() error { return g.next.ForceFlush(ctx) })
}

func (g guardedLogProcessor) Shutdown(ctx context.Context) error {
	return contained(func() error { return g.next.Shutdown(ctx) })
}

// guardedSampler drops the traces that a sampler of the user's panics about:
// a mistake never means more sampling.
type guardedSampler struct {
	sdktrace.Sampler
	report func(error)
}

func (g guardedSampler) ShouldSample(p sdktrace.SamplingParameters) (result sdktrace.SamplingResult) {
	defer func() {
		if v := recover(); v != nil {
			g.report(fmt.Errorf("instrument: sampler %T panicked: %v", g.Sampler, v))
			result = sdktrace.SamplingResult{Tracestate: trace.SpanContextFromContext(p.ParentContext).TraceState()}
		}
	}()
	return g.Sampler.ShouldSample(p)
}

// guardedPropagator is a propagator of the user's. One that panics has read
// and written nothing.
type guardedPropagator struct {
	propagation.TextMapPropagator
	report func(error)
}

// guardPropagator leaves ours as they are: First knows them by their types.
func guardPropagator(p propagation.TextMapPropagator, report func(error)) propagation.TextMapPropagator {
	t := reflect.TypeOf(p)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.PkgPath() == reflect.TypeFor[propagators.B3]().PkgPath() {
		return p
	}
	return guardedPropagator{p, report}
}

func (g guardedPropagator) Extract(ctx context.Context, carrier propagation.TextMapCarrier) (extracted context.Context) {
	defer g.contain()
	extracted = ctx // what a panic leaves
	return g.TextMapPropagator.Extract(ctx, carrier)
}

func (g guardedPropagator) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	defer g.contain()
	g.TextMapPropagator.Inject(ctx, carrier)
}

func (g guardedPropagator) contain() {
	if v := recover(); v != nil {
		g.report(fmt.Errorf("instrument: propagator %T panicked: %v", g.TextMapPropagator, v))
	}
}

// CorrelationID is how httpwrap finds the owner of the correlation id.
func (g guardedPropagator) CorrelationID() (propagators.CorrelationID, bool) {
	return propagators.CorrelationIDOf(g.TextMapPropagator)
}

// isNil finds nil pointers in interfaces too: their methods would panic later,
// far from the option that gave them.
func isNil(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Chan, reflect.Interface:
		return r.IsNil()
	default:
		return false
	}
}

// endpointOf asks an exporter where it sends to, and shows no credentials.
func endpointOf(exporter any) (endpoint string) {
	described, ok := exporter.(interface{ Endpoint() string })
	if !ok {
		return ""
	}
	_ = contained(func() error { endpoint = redactURL(described.Endpoint()); return nil })
	return endpoint
}
