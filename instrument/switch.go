// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"log"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/waymark-otel/waymark/propagators"
)

// switchProvider is the TracerProvider in OpenTelemetry's globals. It is
// installed once and points to the provider of the live Setup, so that a
// tracer taken before, between or during Setups follows the live one.
type switchProvider struct {
	embedded.TracerProvider
	target  atomic.Pointer[tracerTarget]
	tracers sync.Map // name → *switchTracer, for tracers without options
	known   atomic.Int32
}

// tracerTarget is compared by address: a new one for each Setup.
type tracerTarget struct{ trace.TracerProvider }

func newSwitchProvider() *switchProvider {
	p := &switchProvider{}
	p.point(nil)
	return p
}

// point sends spans to tp from now on; nil to nowhere.
func (p *switchProvider) point(tp trace.TracerProvider) {
	if tp == nil {
		tp = noop.NewTracerProvider()
	}
	p.target.Store(&tracerTarget{tp})
}

// maxTracers bounds the cache of tracers by name; beyond it, a tracer is made
// for each call.
const maxTracers = 1000

// Tracer returns a tracer that follows the live Setup.
func (p *switchProvider) Tracer(name string, opts ...trace.TracerOption) trace.Tracer {
	if len(opts) > 0 {
		return &switchTracer{from: p, name: name, opts: opts}
	}
	if t, ok := p.tracers.Load(name); ok {
		return t.(*switchTracer)
	}
	t := &switchTracer{from: p, name: name}
	if p.known.Load() >= maxTracers {
		return t
	}
	kept, loaded := p.tracers.LoadOrStore(name, t)
	if !loaded {
		p.known.Add(1)
	}
	return kept.(*switchTracer)
}

type switchTracer struct {
	embedded.Tracer
	from *switchProvider
	name string
	opts []trace.TracerOption
	held atomic.Pointer[heldTracer]
}

type heldTracer struct {
	of     *tracerTarget
	tracer trace.Tracer
}

// Start starts a span with the live Setup's provider.
func (t *switchTracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	target := t.from.target.Load()
	held := t.held.Load()
	if held == nil || held.of != target {
		held = &heldTracer{of: target, tracer: target.Tracer(t.name, t.opts...)}
		t.held.Store(held)
	}
	return held.tracer.Start(ctx, name, opts...)
}

// switchPropagator is the propagator in OpenTelemetry's globals, pointing to
// that of the live Setup.
type switchPropagator struct {
	target atomic.Pointer[propagatorTarget]
}

type propagatorTarget struct{ propagation.TextMapPropagator }

func newSwitchPropagator() *switchPropagator {
	p := &switchPropagator{}
	p.point(nil)
	return p
}

func (p *switchPropagator) point(to propagation.TextMapPropagator) {
	if to == nil {
		to = propagators.First()
	}
	p.target.Store(&propagatorTarget{to})
}

func (p *switchPropagator) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	p.target.Load().Inject(ctx, carrier)
}

func (p *switchPropagator) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	return p.target.Load().Extract(ctx, carrier)
}

func (p *switchPropagator) Fields() []string { return p.target.Load().Fields() }

// CorrelationID is how httpwrap finds the owner of the correlation id.
func (p *switchPropagator) CorrelationID() (propagators.CorrelationID, bool) {
	return propagators.CorrelationIDOf(p.target.Load().TextMapPropagator)
}

// switchHandler is the error handler in OpenTelemetry's globals, pointing to
// the live Setup's and, after it, to the last one's.
type switchHandler struct {
	target atomic.Pointer[errorSink]
	quiet  atomic.Bool
}

func (h *switchHandler) Handle(err error) {
	if h.quiet.Load() {
		return
	}
	if s := h.target.Load(); s != nil {
		s.Handle(err)
		return
	}
	log.Print(err) // as OpenTelemetry does before anybody has set a handler
}
