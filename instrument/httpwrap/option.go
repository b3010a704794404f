// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/providers"
	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/propagators"
)

// Option changes what Handler or Transport does. A nil Option is ignored.
type Option interface{ apply(*config) }

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

type config struct {
	tracerProvider trace.TracerProvider
	meterProvider  metric.MeterProvider
	propagator     propagation.TextMapPropagator
	correlation    *propagators.CorrelationID

	filters []func(*http.Request) bool
	skip    skipList
	public  func(*http.Request) bool
	proxies []netip.Prefix

	route      func(*http.Request) string
	spanStart  []func(trace.Span, *http.Request)
	attributes []func(*http.Request) []attribute.KeyValue
	headers    []capturedHeader
	peer       string
	redact     redactor

	accessLog     *slog.Logger
	timers        *metrics.Client
	onPanic       func(context.Context, any, []byte)
	traceResponse bool
}

func newConfig(opts []Option) *config {
	c := &config{redact: newRedactor()}
	for _, o := range opts {
		if o != nil {
			o.apply(c)
		}
	}
	return c
}

// WithTracerProvider sets whose tracer starts spans. By default, and when tp
// is nil, it is the provider of the local span in the request's context, else
// OpenTelemetry's global one at the time of the request.
func WithTracerProvider(tp trace.TracerProvider) Option {
	return optionFunc(func(c *config) {
		// The global provider's placeholder forwards to what is set later;
		// looking it up at each request says so sooner and costs less.
		if tp == providers.DefaultTracerProvider {
			tp = nil
		}
		c.tracerProvider = tp
	})
}

// WithMeterProvider sets whose instruments record. By default, and when mp is
// nil, it is OpenTelemetry's global one at the time of the request.
func WithMeterProvider(mp metric.MeterProvider) Option {
	return optionFunc(func(c *config) {
		if mp == providers.DefaultMeterProvider {
			mp = nil
		}
		c.meterProvider = mp
	})
}

// WithPropagator sets what reads the headers of a request in and writes those
// of a request out. By default, and when p is nil, it is OpenTelemetry's
// global one at the time of the request.
func WithPropagator(p propagation.TextMapPropagator) Option {
	return optionFunc(func(c *config) {
		if providers.IsDefaultPropagator(p) {
			p = nil
		}
		c.propagator = p
	})
}

// WithCorrelationID sets how correlation ids are read, made and echoed. By
// default, the propagator in force decides: if it holds a
// propagators.CorrelationID that one is used, else there are no ids.
func WithCorrelationID(id propagators.CorrelationID) Option {
	return optionFunc(func(c *config) { c.correlation = &id })
}

// WithFilter observes only the requests for which f returns true; the others
// pass untouched, and nothing of their headers is read. Of several filters
// all must agree. A filter that panics is taken to have agreed.
// By default, every request is observed.
func WithFilter(f func(*http.Request) bool) Option {
	return optionFunc(func(c *config) {
		if f != nil {
			c.filters = append(c.filters, f)
		}
	})
}

// WithSkip keeps requests that match one of the patterns out of traces,
// metrics and the access log, as a health check wants to be. Their context
// still carries the caller's trace, baggage and correlation id, but as not
// sampled: spans started below and services called from there stay silent.
//
// Patterns are those of http.ServeMux, such as "/healthz", "GET /metrics" or
// "/static/"; for a Transport they match the host and path of the URL. Several
// WithSkip add up. Like ServeMux, it panics on a pattern that is not one.
func WithSkip(patterns ...string) Option {
	l := newSkipList(patterns)
	return optionFunc(func(c *config) { c.skip = c.skip.with(l) })
}

// WithRoute sets what knows the route of a request, such as "/orders/{id}":
// never its path, for the route is part of span names and metrics. It is
// asked before the span starts and, by a Handler, again once the request has
// been served, for the routers that only know it then; "" means not known.
// A ServeMux pattern may keep its method and host, they are cut off.
//
// By default, a Handler asks the handler it wraps when that is a ServeMux or
// has its Handler method, else it takes what the request's Pattern has become;
// a Transport knows none. On a client span the route is url.template.
func WithRoute(f func(*http.Request) string) Option {
	return optionFunc(func(c *config) { c.route = f })
}

// WithPublicEndpoint tells which requests come from callers that are not
// trusted: their trace is linked to and not continued, and what they ask of
// sampling, their debug flag and their baggage are ignored. Their correlation
// id is kept, since it is checked. A nil f means every request, and an f that
// panics means that one. By default, callers are trusted.
func WithPublicEndpoint(f func(*http.Request) bool) Option {
	return optionFunc(func(c *config) {
		if f == nil {
			f = func(*http.Request) bool { return true }
		}
		c.public = f
	})
}

// WithTrustedProxies names the networks whose word on client.address is
// believed: of X-Forwarded-For, from the right, the first address outside of
// them. It adds to earlier ones. By default no one is trusted, and
// client.address is the peer.
func WithTrustedProxies(networks ...netip.Prefix) Option {
	return optionFunc(func(c *config) { c.proxies = append(c.proxies, networks...) })
}

// WithSpanStart calls f with each span started, whether it is recorded or
// not. A panic in f is reported to OpenTelemetry's error handler and goes no
// further. It adds to earlier ones.
func WithSpanStart(f func(trace.Span, *http.Request)) Option {
	return optionFunc(func(c *config) {
		if f != nil {
			c.spanStart = append(c.spanStart, f)
		}
	})
}

// WithAttributes adds what f returns to each recorded span. A Handler calls f
// when the request has been served, with its path values, Pattern and form; a
// Transport calls it before the request leaves. A panic in f is reported to
// OpenTelemetry's error handler and goes no further. It adds to earlier ones.
func WithAttributes(f func(*http.Request) []attribute.KeyValue) Option {
	return optionFunc(func(c *config) {
		if f != nil {
			c.attributes = append(c.attributes, f)
		}
	})
}

// WithCapturedHeaders records the named request and response headers on spans,
// as http.request.header.<name> and http.response.header.<name>: at most 8
// values of 512 bytes each. Headers that carry credentials (Authorization,
// Cookie, Set-Cookie and their like) are never recorded. It adds to earlier
// ones. By default, no header is recorded.
func WithCapturedHeaders(names ...string) Option {
	return optionFunc(func(c *config) { c.headers = appendCaptured(c.headers, names) })
}

// WithRedactedQuery adds names of URL query parameters whose values are
// secrets, in any case: in url.full they read REDACTED. The URL that is sent
// is not touched. By default they are AWSAccessKeyId, Signature, sig,
// X-Goog-Signature, X-Amz-Signature, X-Amz-Credential and
// X-Amz-Security-Token. Userinfo is always redacted.
func WithRedactedQuery(names ...string) Option {
	return optionFunc(func(c *config) { c.redact = c.redact.with(names) })
}

// WithPeerService names the service at the other end on every span.
// By default, it is not named.
func WithPeerService(name string) Option {
	return optionFunc(func(c *config) { c.peer = name })
}

// WithPanicHandler calls f when a handler or a base transport panics, with
// the value and the stack, before the same value is panicked with again.
// http.ErrAbortHandler is no such panic: it is how a handler gives up on
// purpose. A panic in f is reported to OpenTelemetry's error handler and goes
// no further. By default, nobody is called.
func WithPanicHandler(f func(ctx context.Context, value any, stack []byte)) Option {
	return optionFunc(func(c *config) { c.onPanic = f })
}

// WithAccessLog makes a Handler log one record for each request it observes,
// at Info, or at Error when it ended in a 5xx or a panic: method, route,
// status, bytes of the response, duration, error, trace and span id, and
// correlation id. There is no path, which may hold what a log must not. By
// default, and when l is nil, nothing is logged. A Transport ignores it.
func WithAccessLog(l *slog.Logger) Option {
	return optionFunc(func(c *config) { c.accessLog = l })
}

// WithTraceResponse makes a Handler answer with a traceresponse header (W3C
// Trace Context Level 2, a draft): trace id, span id and whether the trace is
// sampled. A handler that sets the header itself is left alone.
// By default, there is none. A Transport ignores it.
func WithTraceResponse() Option {
	return optionFunc(func(c *config) { c.traceResponse = true })
}
