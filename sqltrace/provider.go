// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// What OpenTelemetry's globals hold until somebody sets them: placeholders
// that do nothing. They are taken when this package is initialized; one that
// was set even earlier is not a placeholder, and stays nil here.
var (
	defaultTracerProvider = placeholder(otel.GetTracerProvider(), "*global.tracerProvider")
	defaultMeterProvider  = placeholder(otel.GetMeterProvider(), "*global.meterProvider")
)

func placeholder[T any](global T, typeName string) T {
	if reflect.TypeOf(global).String() != typeName {
		var none T
		return none
	}
	return global
}

// tracers finds the tracer for a statement: the option's, else that of the
// local span in the context, else the global one. The last one found of each
// is kept with the provider it came from, since providers may be set again.
type tracers struct {
	option trace.TracerProvider
	local  lastTracer
	global lastTracer
}

// at returns nil when nothing would be recorded.
func (t *tracers) at(ctx context.Context) trace.Tracer {
	if t.option != nil {
		return t.global.of(t.option)
	}
	// A remote span has no provider worth the name, only an identity; nor has
	// one that was made of an identity alone.
	if span := trace.SpanFromContext(ctx); isLocal(span.SpanContext()) {
		if tracer := t.local.of(span.TracerProvider()); tracer != nil {
			return tracer
		}
	}
	return t.global.of(otel.GetTracerProvider())
}

func isLocal(sc trace.SpanContext) bool { return sc.IsValid() && !sc.IsRemote() }

// lastTracer is the tracer of the last provider asked for.
type lastTracer struct{ last atomic.Pointer[tracerOf] }

func (l *lastTracer) of(tp trace.TracerProvider) trace.Tracer {
	last := l.last.Load()
	if last == nil || !last.comparable || last.provider != tp {
		last = newTracerOf(tp)
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

func newTracerOf(tp trace.TracerProvider) *tracerOf {
	t := &tracerOf{provider: tp, comparable: reflect.ValueOf(tp).Comparable()}
	if !isNoopTracerProvider(tp) {
		t.tracer = tp.Tracer(scope, trace.WithSchemaURL(schemaURL))
	}
	return t
}

func isNoopTracerProvider(tp trace.TracerProvider) bool {
	switch tp.(type) {
	case noop.TracerProvider, *noop.TracerProvider:
		return true
	}
	// The last are trace's own: of the deprecated NewNoopTracerProvider, and
	// of a span that is an identity alone.
	return tp == defaultTracerProvider || reflect.TypeOf(tp).String() == "trace.noopTracerProvider"
}

// meters finds the instruments: the option's provider, else the global one at
// that time. Meters of a provider that was replaced keep recording into it, so
// they are taken anew when the provider changes.
type meters struct {
	option metric.MeterProvider
	make   func(metric.Meter) *instruments
	last   atomic.Pointer[instrumentsOf]
	mu     sync.Mutex
}

type instrumentsOf struct {
	provider    metric.MeterProvider
	comparable  bool
	instruments *instruments // nil when the provider records nothing and never will
}

// provider returns the one to record with now.
func (m *meters) provider() metric.MeterProvider {
	if m.option != nil {
		return m.option
	}
	return otel.GetMeterProvider()
}

func (m *meters) at() *instruments {
	mp := m.provider()
	if last := m.last.Load(); last.is(mp) {
		return last.instruments
	}
	// Instruments are dear, and statements come in crowds when a provider
	// changes: one of them makes the instruments for all.
	m.mu.Lock()
	defer m.mu.Unlock()
	last := m.last.Load()
	if !last.is(mp) {
		last = &instrumentsOf{provider: mp, comparable: reflect.ValueOf(mp).Comparable()}
		if !isNoopMeterProvider(mp) {
			last.instruments = m.make(mp.Meter(scope, metric.WithSchemaURL(schemaURL)))
		}
		m.last.Store(last)
	}
	return last.instruments
}

// is reports whether i came from mp. Providers that cannot be compared are
// told apart by type alone: taking their instruments anew for each statement
// would cost more than all the rest.
func (i *instrumentsOf) is(mp metric.MeterProvider) bool {
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
	return mp == defaultMeterProvider
}
