// SPDX-License-Identifier: Apache-2.0

// Package providers finds what to record with: an option's provider, else the
// one in force when something is to be recorded. It follows OpenTelemetry's
// globals as Setup changes them, and knows those that never record.
package providers

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Scope is who makes the spans and metrics.
type Scope struct{ Name, SchemaURL string }

// What OpenTelemetry's globals hold until somebody sets them: placeholders
// that do nothing. They are taken when this package is initialized; one that
// was set even earlier is not a placeholder, and stays nil here.
var (
	DefaultTracerProvider = placeholder(otel.GetTracerProvider(), "*global.tracerProvider")
	DefaultMeterProvider  = placeholder(otel.GetMeterProvider(), "*global.meterProvider")
	defaultPropagator     = placeholder(otel.GetTextMapPropagator(), "*global.textMapPropagator")
)

func placeholder[T any](global T, typeName string) T {
	if reflect.TypeOf(global).String() != typeName {
		var none T
		return none
	}
	return global
}

// IsDefaultPropagator reports whether p is the global one that does nothing
// until somebody sets one.
func IsDefaultPropagator(p propagation.TextMapPropagator) bool {
	return defaultPropagator != nil && p == defaultPropagator
}

// Tracers finds the tracer: the option's, else that of the local span in the
// context, else the global one. The last one found of each is kept with the
// provider it came from, since providers may be set again.
type Tracers struct {
	Option trace.TracerProvider
	Scope  Scope
	local  lastTracer
	global lastTracer
}

// At returns nil when nothing would be recorded. A local span without a
// recording provider means silence for what is below it; one that is an
// identity alone, or a remote one, says nothing.
func (t *Tracers) At(ctx context.Context) trace.Tracer {
	if t.Option != nil {
		return t.global.of(t.Option, t.Scope)
	}
	if span := trace.SpanFromContext(ctx); IsLocal(span.SpanContext()) {
		if tp := span.TracerProvider(); !isIdentity(tp) {
			return t.local.of(tp, t.Scope)
		}
	}
	return t.global.of(otel.GetTracerProvider(), t.Scope)
}

// IsLocal reports whether sc is of a span of this process.
func IsLocal(sc trace.SpanContext) bool { return sc.IsValid() && !sc.IsRemote() }

// isIdentity reports whether tp is that of a span made of ids alone, by
// trace.ContextWithSpanContext; the deprecated trace.NewNoopTracerProvider
// returns one too.
func isIdentity(tp trace.TracerProvider) bool {
	return reflect.TypeOf(tp).String() == "trace.noopTracerProvider"
}

// lastTracer is the tracer of the last provider asked for.
type lastTracer struct{ last atomic.Pointer[tracerOf] }

func (l *lastTracer) of(tp trace.TracerProvider, scope Scope) trace.Tracer {
	last := l.last.Load()
	if last == nil || !last.comparable || last.provider != tp {
		last = newTracerOf(tp, scope)
		l.last.Store(last)
	}
	return last.tracer
}

// tracerOf is a provider and its tracer, nil when the provider records
// nothing and never will.
type tracerOf struct {
	provider   trace.TracerProvider
	comparable bool
	tracer     trace.Tracer
}

func newTracerOf(tp trace.TracerProvider, scope Scope) *tracerOf {
	t := &tracerOf{provider: tp, comparable: reflect.ValueOf(tp).Comparable()}
	if !isNoopTracerProvider(tp) {
		t.tracer = tp.Tracer(scope.Name, trace.WithSchemaURL(scope.SchemaURL))
	}
	return t
}

func isNoopTracerProvider(tp trace.TracerProvider) bool {
	switch tp.(type) {
	case noop.TracerProvider, *noop.TracerProvider:
		return true
	}
	return tp == DefaultTracerProvider || isIdentity(tp)
}

// Meters finds the instruments: of the option's provider, else of the global
// one at that time. Meters of a provider that was replaced keep
// recording into it, so they are taken anew when the provider changes.
type Meters[T any] struct {
	Option metric.MeterProvider
	Scope  Scope
	Make   func(metric.Meter) *T
	last   atomic.Pointer[instrumentsOf[T]]
	mu     sync.Mutex
}

type instrumentsOf[T any] struct {
	provider    metric.MeterProvider
	comparable  bool
	instruments *T // nil when the provider records nothing and never will
}

// Provider returns the one to record with now.
func (m *Meters[T]) Provider() metric.MeterProvider {
	if m.Option != nil {
		return m.Option
	}
	return otel.GetMeterProvider()
}

// At returns nil when nothing would be recorded.
func (m *Meters[T]) At() *T {
	mp := m.Provider()
	if last := m.last.Load(); last.is(mp) {
		return last.instruments
	}
	// Instruments are dear, and what is measured comes in crowds when a provider
	// changes: one makes the instruments for all.
	m.mu.Lock()
	defer m.mu.Unlock()
	last := m.last.Load()
	if !last.is(mp) {
		last = &instrumentsOf[T]{provider: mp, comparable: reflect.ValueOf(mp).Comparable()}
		if !isNoopMeterProvider(mp) {
			last.instruments = m.Make(mp.Meter(m.Scope.Name, metric.WithSchemaURL(m.Scope.SchemaURL)))
		}
		m.last.Store(last)
	}
	return last.instruments
}

// is reports whether i came from mp. Providers that cannot be compared are
// told apart by type alone: taking their instruments anew each time
// would cost more than all the rest.
func (i *instrumentsOf[T]) is(mp metric.MeterProvider) bool {
	switch {
	case i == nil:
		return false
	case !i.comparable:
		return reflect.TypeOf(i.provider) == reflect.TypeOf(mp)
	}
	return i.provider == mp
}

func isNoopMeterProvider(mp metric.MeterProvider) bool {
	switch mp.(type) {
	case metricnoop.MeterProvider, *metricnoop.MeterProvider:
		return true
	}
	return mp == DefaultMeterProvider
}
