// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// layerKey finds, in a context, which of the wrappers here the program is
// below of: an *exchange, a *skipped or a *roundTrip. The nearest counts.
type layerKey struct{}

// exchange is a request in, from its first header to its last byte. It is
// the context below the caller's too, which saves making another one; it
// belongs to one request and is never used again, for a handler's goroutines
// may hold it for longer than the request lasts.
type exchange struct {
	context.Context

	handler  *handler
	request  *http.Request // as the server gave it
	inner    *http.Request // as the handler gets it
	span     trace.Span    // nil when no provider makes spans
	recorded bool
	start    time.Time

	method     string
	methodName string
	pattern    string // as found before the span started
	route      string
	late       atomic.Pointer[string] // a route that an inner Handler knew

	metrics *serverInstruments
	begun   startedKey

	echo          string // the header that correlationID is echoed in
	correlationID string
	echoed        [1]string // the header's values

	response response
	body     requestBody
	captured []attribute.KeyValue
	done     bool

	startAttributes [maxStartAttributes]attribute.KeyValue
	startOptions    [maxStartOptions]trace.SpanStartOption
}

// maxStartAttributes and maxStartOptions are as many as Handler starts a span
// with.
const (
	maxStartAttributes = 6
	maxStartOptions    = 5
)

func (e *exchange) Value(key any) any {
	if _, ok := key.(layerKey); ok {
		return e
	}
	return e.Context.Value(key)
}

// outcome is how an exchange has ended.
type outcome struct {
	status        int // 0: none was sent
	errorType     string
	route         string
	failed        bool // the span's status is Error
	hijacked      bool
	requestBytes  int64
	responseBytes int64
	duration      time.Duration
	version       string
}

func (o outcome) key(started startedKey) endedKey {
	return endedKey{
		startedKey: started,
		route:      o.route,
		version:    o.version,
		errorType:  o.errorType,
		status:     o.status,
	}
}

// finish is deferred around the handler. It records what has happened, also
// when the handler has panicked or left its goroutine, and lets that go on.
func (e *exchange) finish() {
	var thrown any
	if !e.done {
		// Panicking again within the deferred call keeps the stack whole for
		// whoever prints it next. When there is nothing to recover the
		// goroutine is exiting, and goes on doing so.
		thrown = recover()
	}
	if !e.response.hijacked.Load() {
		e.response.prepare()
	}
	if thrown != nil && !isAbort(thrown) {
		e.handler.notePanic(e.inner.Context(), e.span, e.recorded, thrown)
	}
	e.record(e.outcome(thrown))
	copyBack(e.request, e.inner)
	if thrown != nil {
		panic(thrown)
	}
}

func (e *exchange) outcome(thrown any) outcome {
	w := &e.response
	o := outcome{
		status:        int(w.status.Load()),
		route:         e.finalRoute(),
		hijacked:      w.hijacked.Load(),
		requestBytes:  e.body.read.Load(),
		responseBytes: w.bytes.Load(),
		duration:      time.Since(e.start),
		version:       protocolVersion(e.request.ProtoMajor, e.request.ProtoMinor),
	}
	if o.status == 0 && w.copying.Load() {
		// The source panicked in the middle of a copy: the header was sent
		// with the first of its bytes.
		o.status = http.StatusOK
	}
	switch {
	case thrown != nil && isAbort(thrown):
		o.errorType = errorTypeAbort
	case !e.done:
		o.failed = true
		o.errorType = errorTypeGoexit
		if thrown != nil {
			o.errorType = errorTypePanic
		}
		if o.status == 0 && !o.hijacked {
			o.status = http.StatusInternalServerError
		}
	case o.hijacked:
	case o.status == 0:
		// The server sends 200 for a handler that says nothing.
		o.status = http.StatusOK
		o.errorType = errorType(e.request.Context().Err())
	default:
		o.errorType = e.lost()
	}
	if o.hijacked && o.status == 0 {
		o.status = http.StatusSwitchingProtocols
	}
	if o.status >= http.StatusInternalServerError {
		o.failed = true
		if o.errorType == "" {
			o.errorType = statusText(o.status)
		}
	}
	return o
}

// lost names why a part of the response could not be sent: the caller has
// gone, or its time is over. It returns "" when all of it was sent.
func (e *exchange) lost() string {
	failure, err := e.response.failure.Load(), e.request.Context().Err()
	switch {
	case failure == nil:
		// A stream that looks at its context, and not at what its writes
		// return, stops without having failed.
		if err == context.Canceled && e.response.flushed.Load() && !e.isComplete() { //nolint:errorlint // Err returns itself
			return errorType(err)
		}
		return ""
	case err != nil:
		return errorType(err)
	case errors.Is(*failure, os.ErrDeadlineExceeded), errors.Is(*failure, http.ErrHandlerTimeout):
		return errorType(context.DeadlineExceeded)
	}
	return errorType(context.Canceled)
}

// isComplete reports whether the client had all of the response before the
// handler returned: then it may well have gone.
func (e *exchange) isComplete() bool {
	switch {
	case e.request.Method == http.MethodHead:
		return true
	case e.response.status.Load() == http.StatusNoContent, e.response.status.Load() == http.StatusNotModified:
		return true
	}
	return e.response.Header().Get("Content-Length") == strconv.FormatInt(e.response.bytes.Load(), 10)
}

// finalRoute is the route as it is known in the end: WithRoute's, else that
// of an inner Handler, else what the request's pattern has become, else what
// was found before the span started.
func (e *exchange) finalRoute() string {
	if e.handler.route != nil {
		if route := routeOf(e.handler.routeFor(e.inner)); route != "" {
			return route
		}
	}
	if late := e.late.Load(); late != nil {
		return *late
	}
	if p := e.inner.Pattern; p != "" && p != e.pattern && !isRedirectedPath(e.inner, p) {
		if route := routeOf(p); route != "" {
			return route
		}
	}
	return e.route
}

func (e *exchange) record(o outcome) {
	ctx := e.inner.Context()
	if e.metrics != nil {
		e.metrics.record(ctx, o.key(e.begun), o)
		e.metrics.leave(e.request.Context(), e.begun)
	}
	if e.handler.timers != nil {
		e.time(o)
	}
	if e.recorded {
		e.describe(o)
	}
	if e.handler.accessLog != nil {
		e.log(ctx, o)
	}
	if e.span != nil {
		e.span.End()
	}
}

// describe puts the outcome on the span.
func (e *exchange) describe(o outcome) {
	// A span has a copy of what it was started with.
	attrs := e.startAttributes[:0]
	if o.status != 0 {
		attrs = append(attrs, keyStatus.Int(o.status))
	}
	if o.requestBytes > 0 {
		attrs = append(attrs, keyRequestSize.Int64(o.requestBytes))
	}
	if o.responseBytes > 0 {
		attrs = append(attrs, keyResponseSize.Int64(o.responseBytes))
	}
	if o.errorType != "" {
		attrs = append(attrs, keyErrorType.String(o.errorType))
	}
	if o.route != e.route {
		attrs = append(attrs, keyRoute.String(o.route))
		if !e.isRenamed() {
			e.span.SetName(spanName(e.methodName, o.route, e.inner.Pattern))
		}
	}
	attrs = append(attrs, e.captured...)
	attrs = e.handler.appendAttributes(attrs, e.inner)
	e.span.SetAttributes(attrs...)
	switch {
	case o.status >= 600:
		e.span.SetStatus(codes.Error, "Invalid HTTP status code "+statusText(o.status))
	case o.errorType == errorTypeGoexit:
		e.span.SetStatus(codes.Error, errorTypeGoexit)
	case o.failed && o.errorType != errorTypePanic && !isDescribed(e.span):
		e.span.SetStatus(codes.Error, "")
	}
}

// setHeaders adds the headers of ours to those of a response, unless the
// handler has set them itself.
func (e *exchange) setHeaders(h http.Header) {
	if h == nil {
		return
	}
	if e.echo != "" && e.correlationID != "" && len(h[e.echo]) == 0 {
		e.echoed[0] = e.correlationID
		h[e.echo] = e.echoed[:]
	}
	if e.handler.traceResponse && e.span != nil {
		setTraceResponse(h, e.span.SpanContext())
	}
	if e.recorded && len(e.handler.headers) > 0 {
		e.captured = appendHeaders(e.captured, e.handler.headers, h, true)
	}
}
