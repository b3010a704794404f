// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"context"
	"net/http"
	"net/url"
	"sync"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// describer asks otelhttp for the attributes of a request, without letting it
// near the request's spans, metrics, headers or writer: it is given a tracer
// whose span listens, and a handler or transport that does nothing. One is
// used by one goroutine at a time, and for no longer than it takes to ask.
type describer struct {
	noop.Tracer
	span    listener
	handler http.Handler
	client  http.RoundTripper
	attrs   []attribute.KeyValue
}

// listener is the span that otelhttp believes to be filling in.
type listener struct {
	noop.Span
	describer *describer
}

// listenerProvider hands out the describer as the tracer.
type listenerProvider struct {
	noop.TracerProvider
	describer *describer
}

func (p listenerProvider) Tracer(string, ...trace.TracerOption) trace.Tracer { return p.describer }

// enough is what the describer panics with, to leave otelhttp as soon as it
// has said what is to be known. Whatever it would do next is work for a
// request that does not exist: a writer wrapped, a context made, a set of
// metric attributes sorted; it costs as much as all of the rest. At that point
// otelhttp holds nothing that would have to be given back.
var enough = new(struct{ _ byte })

// Start hears the attributes that otelhttp starts a server's span with.
func (d *describer) Start(ctx context.Context, _ string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	cfg := trace.NewSpanStartConfig(opts...)
	if d.attrs = cfg.Attributes(); d.attrs != nil {
		panic(enough)
	}
	return ctx, &d.span
}

// SetAttributes hears the first attributes that otelhttp sets on a client's
// span, which are those of the request.
func (l *listener) SetAttributes(attrs ...attribute.KeyValue) {
	l.describer.attrs = attrs
	panic(enough)
}

func newDescriber() *describer {
	d := &describer{}
	d.span.describer = d
	opts := []otelhttp.Option{
		otelhttp.WithTracerProvider(listenerProvider{describer: d}),
		otelhttp.WithMeterProvider(metricnoop.NewMeterProvider()),
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()),
		otelhttp.WithSpanNameFormatter(func(string, *http.Request) string { return "" }),
	}
	d.handler = otelhttp.NewHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), "", opts...)
	d.client = otelhttp.NewTransport(emptyTransport{}, opts...)
	return d
}

var describers = sync.Pool{New: func() any { return newDescriber() }}

// describeServer returns the attributes that otelhttp gives to a request in.
// The caller owns them.
func describeServer(r *http.Request) (attrs []attribute.KeyValue) {
	d := describers.Get().(*describer)
	defer d.heard(&attrs)
	d.handler.ServeHTTP(blankWriter{}, r)
	return nil
}

// describeClient returns the attributes that otelhttp gives to a request out,
// with url.full as far as its host. The caller owns them.
func describeClient(r *http.Request) (attrs []attribute.KeyValue) {
	d := describers.Get().(*describer)
	defer d.heard(&attrs)
	// A request of only what is to be described: otelhttp clones it whole, and
	// writes its URL out, secrets and all.
	_, _ = d.client.RoundTrip(&http.Request{
		Method: r.Method,
		Proto:  r.Proto,
		URL:    &url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host},
	})
	return nil
}

// heard is deferred around the question. It takes over what was heard, and
// lets any panic but that of enough go on.
func (d *describer) heard(attrs *[]attribute.KeyValue) {
	if v := recover(); v != nil && v != any(enough) {
		panic(v)
	}
	*attrs, d.attrs = d.attrs, nil
	describers.Put(d)
}

// blankWriter is a response that nobody gets.
type blankWriter struct{}

func (blankWriter) Header() http.Header         { return nil }
func (blankWriter) Write(p []byte) (int, error) { return len(p), nil }
func (blankWriter) WriteHeader(int)             {}

// emptyTransport answers without sending.
type emptyTransport struct{}

func (emptyTransport) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}
