// SPDX-License-Identifier: Apache-2.0

// Package instrument joins the parts: one Setup call at the start of a
// program installs OpenTelemetry tracing with probability sampling, a Zipkin
// exporter and propagators for W3C, B3 and the correlation id; New builds the
// same pipeline without installing it; Do and Call record an operation.
//
// It is the only package of this module that touches process-wide state, and
// this file is the only one that does so.
package instrument

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/log"
	lognoop "go.opentelemetry.io/otel/log/noop"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
)

// errLive is what a second Setup returns.
var errLive = errors.New("instrument: Setup is live already; call its shutdown first")

// globals are what Setup has put into OpenTelemetry's globals.
var globals struct {
	mu       sync.Mutex // guards the two below; nobody else's code runs under it
	starting bool
	live     *Telemetry

	// writing is held while the globals are written. OpenTelemetry may report
	// errors then, to a handler that asks Installed.
	writing    sync.Mutex
	traces     *switchProvider
	propagator *switchPropagator
	errors     *switchHandler
	meters     metric.MeterProvider
	loggers    log.LoggerProvider
}

// Setup builds a Telemetry from the options and the environment (code, then
// environment, then default), installs it in OpenTelemetry's globals and
// returns the function that flushes and ends it. Without options, spans go to
// Zipkin at DefaultZipkinURL, every trace that begins here is sampled, and
// tracecontext, baggage, b3 and the correlation id are propagated.
//
// On error nothing global has changed, all that was opened is closed, and
// shutdown does nothing; it is never nil. A mistake in an option is an error;
// a mistake in the environment is reported to the error handler and ignored,
// and never samples more than was asked for. An unreachable collector is
// neither: the start report says so.
//
// A second Setup while one is live is an error. After shutdown, Setup works
// again; tracers and the propagator taken from the globals at any time follow
// the live Setup, meters and loggers are taken anew. Setup may be called from
// any goroutine.
//
// Shutdown waits until its context is done, and 10 s when that has no
// deadline; see Telemetry.Shutdown.
func Setup(ctx context.Context, opts ...Option) (shutdown func(context.Context) error, err error) {
	nothing := func(context.Context) error { return nil }
	if ctx == nil {
		ctx = context.Background()
	}
	if !begin() {
		return nothing, errLive
	}
	p, err := prepare(ctx, opts, true)
	if err != nil {
		end(nil)
		return nothing, err
	}
	t, err := install(ctx, p)
	if err != nil {
		end(nil)
		return nothing, err
	}
	return t.Shutdown, nil
}

// Installed returns the Telemetry of the live Setup, or nil.
func Installed() *Telemetry {
	globals.mu.Lock()
	defer globals.mu.Unlock()
	return globals.live
}

// begin reserves the globals. It does not hold the lock while exporters are
// opened: one of them may ask Installed.
func begin() bool {
	globals.mu.Lock()
	defer globals.mu.Unlock()
	if globals.live != nil || globals.starting {
		return false
	}
	globals.starting = true
	return true
}

// install starts the plan and points the globals to it. The lock is not held
// while components start, because they may ask Installed.
func install(ctx context.Context, p *plan) (*Telemetry, error) {
	globals.writing.Lock()
	if globals.traces == nil {
		globals.traces, globals.propagator, globals.errors = newSwitchProvider(), newSwitchPropagator(), &switchHandler{}
	}
	p.replaced = foreign()
	globals.writing.Unlock()

	// The SDK reads the sampler's variables even where it is given a sampler,
	// and reports those of ours as unknown. They have been reported properly.
	before := otel.GetErrorHandler()
	otel.SetErrorHandler(globals.errors)
	globals.errors.quiet.Store(true)
	t, err := p.started(ctx)
	globals.errors.quiet.Store(false)
	if err != nil {
		otel.SetErrorHandler(before)
		return nil, err
	}
	globals.errors.target.Store(t.errors)

	globals.writing.Lock()
	defer globals.writing.Unlock()
	globals.traces.point(t.traces)
	globals.propagator.point(t.propagator)
	otel.SetTracerProvider(globals.traces)
	otel.SetTextMapPropagator(globals.propagator)
	setProviders(t.metrics, t.logs, true)
	t.reporter.begin(p.code.logger)
	globals.mu.Lock()
	defer globals.mu.Unlock()
	globals.starting, globals.live = false, t
	return t, nil
}

// end takes t out of the globals, if it is still the one in them; nil is a
// Setup that failed.
func end(t *Telemetry) {
	if t == nil {
		globals.mu.Lock()
		defer globals.mu.Unlock()
		globals.starting = false
		return
	}
	globals.writing.Lock()
	defer globals.writing.Unlock()
	if Installed() != t {
		return
	}
	globals.traces.point(nil)
	globals.propagator.point(nil)
	setProviders(metricnoop.NewMeterProvider(), lognoop.NewLoggerProvider(), false)
	globals.mu.Lock()
	defer globals.mu.Unlock()
	globals.live = nil
}

// setProviders installs the providers that do not follow. Unless it must, it
// leaves those that the program has installed since.
func setProviders(mp metric.MeterProvider, lp log.LoggerProvider, must bool) {
	if must || same(otel.GetMeterProvider(), globals.meters) {
		otel.SetMeterProvider(mp)
		globals.meters = mp
	}
	if must || same(otel.GetLoggerProvider(), globals.loggers) {
		otel.SetLoggerProvider(lp)
		globals.loggers = lp
	}
}

// foreign names what the program has put into the globals itself, which this
// Setup replaces.
func foreign() []string {
	var names []string
	for _, g := range []struct {
		what      string
		now, ours any
	}{
		{"TracerProvider", otel.GetTracerProvider(), globals.traces},
		{"TextMapPropagator", otel.GetTextMapPropagator(), globals.propagator},
		{"MeterProvider", otel.GetMeterProvider(), globals.meters},
		{"LoggerProvider", otel.GetLoggerProvider(), globals.loggers},
		{"ErrorHandler", otel.GetErrorHandler(), globals.errors},
	} {
		if g.now == nil {
			continue
		}
		if name := fmt.Sprintf("%T", g.now); !same(g.now, g.ours) && !strings.Contains(reflect.TypeOf(g.now).String(), "global.") && !strings.Contains(name, "errorhandler.ErrDelegator") {
			names = append(names, g.what+" "+name)
		}
	}
	return names
}

// checkGlobals finds what Setup is about to put into OpenTelemetry's globals
// among its options: they would call themselves for ever.
func (c *config) checkGlobals(install bool) error {
	if !install {
		return nil
	}
	if c.handler != nil && (isSwitch(c.handler) || same(c.handler, otel.GetErrorHandler())) {
		return errors.New("instrument: error handler is OpenTelemetry's global one, which Setup sets")
	}
	for i, p := range c.propagators {
		if isSwitch(p) || same(p, otel.GetTextMapPropagator()) {
			return fmt.Errorf("instrument: propagator %d of %d is OpenTelemetry's global one, which Setup sets", i+1, len(c.propagators))
		}
	}
	return nil
}

func isSwitch(v any) bool {
	switch v.(type) {
	case *switchHandler, *switchPropagator:
		return true
	}
	return false
}

// same compares without the panic of values that do not compare.
func same(a, b any) bool {
	if a == nil || b == nil {
		return false
	}
	return reflect.TypeOf(a) == reflect.TypeOf(b) &&
		reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}
