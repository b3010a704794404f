// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/providers"
)

// transport is what Transport returns.
type transport struct {
	*config
	base    http.RoundTripper
	tracers providers.Tracers
	meters  providers.Meters[clientInstruments]
}

func newTransport(base http.RoundTripper, c *config) *transport {
	t := &transport{config: c, base: base}
	t.tracers.Scope, t.tracers.Option = recorded, c.tracerProvider
	t.meters.Scope, t.meters.Option = recorded, c.meterProvider
	t.meters.Make = newClientInstruments
	return t
}

// CloseIdleConnections lets http.Client reach that of the base.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r == nil || r.URL == nil || !t.wants(r) {
		return t.base.RoundTrip(r)
	}
	ctx := r.Context()
	tracer, metrics := t.tracers.At(ctx), t.meters.At()
	p := t.propagator
	if p == nil {
		p = otel.GetTextMapPropagator()
	}
	if t.quiet(tracer, metrics) && providers.IsDefaultPropagator(p) && t.correlation == nil {
		return t.base.RoundTrip(r)
	}
	switch outer := ctx.Value(layerKey{}).(type) {
	case *roundTrip:
		if outer.covers(r) {
			return t.base.RoundTrip(r)
		}
	case *skipped:
		if trace.SpanFromContext(ctx) == trace.Span(outer) {
			// Not even a provider given by option is to be heard of it.
			tracer = nil
		}
	}
	switch {
	case t.skip.matchesOut(r):
		return t.send(t.inject(silence(ctx), p, r), r)
	case t.quiet(tracer, metrics):
		return t.send(t.inject(ctx, p, r), r)
	}
	e := &roundTrip{Context: ctx, transport: t, request: r, start: time.Now(), metrics: metrics}
	return e.run(tracer, p)
}

// quiet reports whether there is nobody to tell of a request.
func (t *transport) quiet(tracer trace.Tracer, metrics *clientInstruments) bool {
	return tracer == nil && metrics == nil && t.timers == nil && t.onPanic == nil
}

// inject returns the request to send: r with ctx and its ids. The headers of
// r stay as they are, for a RoundTripper must not modify a request.
func (t *transport) inject(ctx context.Context, p propagation.TextMapPropagator, r *http.Request) *http.Request {
	sent := r.WithContext(ctx)
	sent.Header = r.Header.Clone()
	if sent.Header == nil {
		sent.Header = make(http.Header)
	}
	carrier := propagation.HeaderCarrier(sent.Header)
	p.Inject(ctx, carrier)
	if t.correlation != nil {
		t.correlation.Inject(ctx, carrier)
	}
	return sent
}

// send is the base's RoundTrip. The response belongs to the request as the
// program knows it.
func (t *transport) send(sent, r *http.Request) (*http.Response, error) {
	res, err := t.base.RoundTrip(sent)
	if res != nil && res.Request == sent {
		res.Request = r
	}
	return res, err
}

// run sends the request and observes the exchange.
func (e *roundTrip) run(tracer trace.Tracer, p propagation.TextMapPropagator) (*http.Response, error) {
	t, r := e.transport, e.request
	e.method, e.methodName = method(r.Method)
	if t.route != nil {
		e.route = routeOf(t.routeFor(r))
	}
	e.host, e.port = hostPort(r.URL.Host)
	if e.port == 80 && r.URL.Scheme == "http" || e.port == 443 && r.URL.Scheme == "https" {
		e.port = 0
	}
	e.host = clean(e.host, maxValueBytes)

	e.observed = e
	if tracer != nil {
		e.observed, e.span = tracer.Start(e, spanName(e.methodName, e.route, ""), clientKind,
			trace.WithAttributes(e.samplingAttributes()...))
		e.recorded = e.span.IsRecording()
	}
	sent := t.inject(e.observed, p, r)
	if e.span != nil {
		if e.recorded {
			e.span.SetAttributes(e.requestAttributes(sent)...)
		}
		t.started(e.span, sent)
	}
	res, err := e.send(sent)
	e.arrived(res, err)
	return res, err
}

var clientKind = trace.WithSpanKind(trace.SpanKindClient)

// send notices a base that does not return.
func (e *roundTrip) send(sent *http.Request) (*http.Response, error) {
	returned := false
	defer func() {
		if !returned {
			thrown := recover()
			e.thrown(thrown)
			if thrown != nil {
				panic(thrown)
			}
		}
	}()
	res, err := e.transport.send(sent, e.request)
	returned = true
	return res, err
}

// samplingAttributes are those that the semantic conventions want a sampler
// to see, without the URL, which costs more than all the others.
func (e *roundTrip) samplingAttributes() []attribute.KeyValue {
	attrs := append(e.startAttributes[:0], keyMethod.String(e.method), keyServerAddress.String(e.host))
	if e.port > 0 {
		attrs = append(attrs, keyServerPort.Int(e.port))
	}
	if e.route != "" {
		attrs = append(attrs, keyTemplate.String(e.route))
	}
	return attrs
}

// requestAttributes are the rest: what otelhttp says of the request, with a
// URL that may be shown.
func (e *roundTrip) requestAttributes(sent *http.Request) []attribute.KeyValue {
	t, r := e.transport, e.request
	described := describeClient(r)
	attrs := described[:0]
	for _, kv := range described {
		switch kv.Key {
		case keyMethod, keyServerAddress, keyServerPort:
		case keyProtocol:
			// The version that was asked for need not be the one spoken.
		case keyFull:
			attrs = append(attrs, keyFull.String(clean(t.redact.url(r.URL), maxURLBytes)))
		default:
			attrs = append(attrs, cleanAttribute(kv))
		}
	}
	if n := e.requestBytes(); n > 0 {
		attrs = append(attrs, keyRequestSize.Int64(n))
	}
	attrs = appendPeer(attrs, t.peer)
	attrs = appendHeaders(attrs, t.headers, sent.Header, false)
	return t.appendAttributes(attrs, sent)
}
