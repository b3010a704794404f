// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/providers"
	"github.com/waymark-otel/waymark/propagators"
)

// handler is what Handler returns.
type handler struct {
	*config
	next        http.Handler
	router      router // next, if it can be asked for routes
	tracers     providers.Tracers
	meters      providers.Meters[serverInstruments]
	correlation correlation
}

func newHandler(next http.Handler, c *config) *handler {
	h := &handler{config: c, next: next}
	h.router, _ = unwrap(next).(router)
	h.tracers.Scope, h.tracers.Option = recorded, c.tracerProvider
	h.meters.Scope, h.meters.Option = recorded, c.meterProvider
	h.meters.Make = newServerInstruments
	h.correlation.option = c.correlation
	return h
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.wants(r) {
		h.next.ServeHTTP(w, r)
		return
	}
	ctx := r.Context()
	tracer, metrics := h.tracers.At(ctx), h.meters.At()
	p := h.propagator
	if p == nil {
		p = otel.GetTextMapPropagator()
	}
	quiet := tracer == nil && metrics == nil && h.accessLog == nil && h.timers == nil && h.onPanic == nil
	if quiet && providers.IsDefaultPropagator(p) && h.config.correlation == nil {
		h.next.ServeHTTP(w, r)
		return
	}
	switch outer := ctx.Value(layerKey{}).(type) {
	case *exchange:
		h.contribute(outer, w, r)
		return
	case *skipped:
		h.next.ServeHTTP(w, r)
		return
	}
	in := h.extract(p, r)
	switch {
	case h.skip.matches(r):
		h.serveSkipped(in.ctx, w, r)
	case quiet && !in.owned:
		// Nothing is recorded, but what came in is passed on.
		if sameContext(in.ctx, ctx) {
			h.next.ServeHTTP(w, r)
			return
		}
		inner := copyOf(in.ctx, r)
		defer copyBack(r, inner)
		h.next.ServeHTTP(w, inner)
	default:
		e := &exchange{Context: in.ctx, handler: h, request: r, start: time.Now(), metrics: metrics}
		e.response.w, e.response.exchange = w, e
		e.serve(tracer, in)
	}
}

// incoming is what a request's headers say.
type incoming struct {
	ctx    context.Context
	public bool
	caller trace.SpanContext // who is linked to, if public
	owner  propagators.CorrelationID
	owned  bool
}

func (h *handler) extract(p propagation.TextMapPropagator, r *http.Request) (in incoming) {
	own, carrier := r.Context(), propagation.HeaderCarrier(r.Header)
	in.ctx = p.Extract(own, carrier)
	in.owner, in.owned = h.correlation.owner(p)
	if h.config.correlation != nil {
		in.ctx = in.owner.Extract(in.ctx, carrier)
	}
	if h.isPublic(r) {
		in.public = true
		if sc := trace.SpanContextFromContext(in.ctx); sc.IsValid() && sc.IsRemote() {
			in.caller = sc
		}
		in.ctx = untrusted(own, in.ctx)
	}
	return in
}

// untrusted returns own, the context before the caller's headers were read,
// with no more of what was read than the correlation id, which was checked.
func untrusted(own, extracted context.Context) context.Context {
	return propagators.ContextWithCorrelationID(own, propagators.CorrelationIDFromContext(extracted))
}

// serve is the rest of ServeHTTP for a request that is observed.
func (e *exchange) serve(tracer trace.Tracer, in incoming) {
	h, r := e.handler, e.request
	e.method, e.methodName = method(r.Method)
	e.pattern = h.patternOf(r)
	e.route = h.routeBelow(r, e.pattern)

	ctx := context.Context(e)
	if tracer != nil {
		ctx = e.startSpan(tracer, in)
	}
	if in.owned {
		ctx = e.correlate(ctx, in.owner)
	}
	e.inner = r.WithContext(ctx)
	if e.span != nil {
		if e.recorded {
			e.span.SetAttributes(e.requestAttributes()...)
		}
		h.started(e.span, e.inner)
	}
	e.body.watch(e.inner, r)
	if e.metrics != nil {
		e.begun = startedKey{method: e.method, tls: r.TLS != nil}
		e.metrics.enter(r.Context(), e.begun)
	}
	defer e.finish()
	h.next.ServeHTTP(present(&e.response), e.inner)
	e.done = true
}

// patternOf returns the pattern that r will be served under, as far as it can
// be known before.
func (h *handler) patternOf(r *http.Request) string {
	if h.route != nil {
		if p := h.routeFor(r); p != "" {
			return p
		}
	}
	// "OPTIONS *" is about the server; ServeMux serves it under no pattern.
	if h.router != nil && r.RequestURI != "*" {
		defer contain("Handler, asked for a route,")
		if p := lookup(h.router, r); p != "" {
			return p
		}
	}
	return r.Pattern
}

// routeBelow returns the route of a pattern that our router has found, below
// the one that an outer mux, which is not wrapped, has passed r on by.
func (h *handler) routeBelow(r *http.Request, pattern string) string {
	route := routeOf(pattern)
	if h.route != nil || r.Pattern == "" || r.Pattern == pattern || r.URL == nil {
		return route
	}
	// What http.StripPrefix has taken from the path is still in the request's
	// first line.
	original, _, _ := strings.Cut(r.RequestURI, "?")
	if joined := joinRoutes(routeOf(r.Pattern), route, original, r.URL.EscapedPath()); joined != "" {
		return joined
	}
	return route
}

// startSpan decides: it starts the span, with all that a sampler may want to
// know, and returns the context with it.
func (e *exchange) startSpan(tracer trace.Tracer, in incoming) context.Context {
	opts := append(e.startOptions[:0], serverKind, trace.WithAttributes(e.samplingAttributes()...))
	if t := otelhttp.StartTimeFromContext(e); !t.IsZero() {
		e.start = t
		opts = append(opts, trace.WithTimestamp(t))
	}
	if in.public {
		opts = append(opts, trace.WithNewRoot())
		if in.caller.IsValid() {
			opts = append(opts, trace.WithLinks(trace.Link{SpanContext: in.caller}))
		}
	}
	ctx, span := tracer.Start(e, spanName(e.methodName, e.route, e.pattern), opts...)
	if providers.IsLocal(span.SpanContext()) {
		// Else no span was started, as by a provider that was shut down.
		e.span, e.recorded = span, span.IsRecording()
	}
	return ctx
}

var serverKind = trace.WithSpanKind(trace.SpanKindServer)

// samplingAttributes are those that the semantic conventions want a sampler
// to see.
func (e *exchange) samplingAttributes() []attribute.KeyValue {
	r := e.request
	scheme := schemeHTTP
	if r.TLS != nil {
		scheme = schemeHTTPS
	}
	attrs := append(e.startAttributes[:0], keyMethod.String(e.method), scheme)
	if host, _ := hostPort(r.Host); host != "" { // HTTP/1.0 need not name one
		attrs = append(attrs, keyServerAddress.String(clean(host, maxValueBytes)))
	}
	if r.URL != nil && r.URL.Path != "" {
		attrs = append(attrs, keyPath.String(clean(r.URL.Path, maxURLBytes)))
	}
	if e.route != "" {
		attrs = append(attrs, keyRoute.String(e.route))
	}
	if ua := r.Header["User-Agent"]; len(ua) > 0 && ua[0] != "" {
		attrs = append(attrs, keyUserAgent.String(clean(ua[0], maxValueBytes)))
	}
	return attrs
}

// requestAttributes are the rest: what otelhttp says of the request, except
// for what the span has already and what only the caller says of itself.
func (e *exchange) requestAttributes() []attribute.KeyValue {
	described := describeServer(e.inner)
	attrs := described[:0]
	for _, kv := range described {
		switch kv.Key {
		case keyMethod, keyScheme, keyServerAddress, keyPath, keyRoute, keyUserAgent:
		case keyClientAddress:
			if c := clientAddress(e.request, e.handler.proxies); c != "" {
				attrs = append(attrs, keyClientAddress.String(clean(c, maxValueBytes)))
			}
		default:
			attrs = append(attrs, cleanAttribute(kv))
		}
	}
	if e.correlationID != "" {
		attrs = append(attrs, keyCorrelationID.String(e.correlationID))
	}
	attrs = appendPeer(attrs, e.handler.peer)
	return appendHeaders(attrs, e.handler.headers, e.request.Header, false)
}

// correlate finds the request's correlation id, or makes one, and has it
// echoed.
func (e *exchange) correlate(ctx context.Context, owner propagators.CorrelationID) context.Context {
	e.correlationID = propagators.CorrelationIDFromContext(ctx)
	if e.correlationID == "" {
		e.correlationID = owner.New(ctx)
		ctx = propagators.ContextWithCorrelationID(ctx, e.correlationID)
	}
	e.echo = e.handler.correlation.header(owner)
	return ctx
}

// sameContext reports whether a is b. Contexts that cannot be compared are
// taken to differ.
func sameContext(a, b context.Context) bool {
	return reflect.TypeOf(a) == reflect.TypeOf(b) && reflect.TypeOf(a).Comparable() && a == b
}
