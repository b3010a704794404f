// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// roundTrip is a request out, until the last byte of its response: it is over
// when the body has been read, has failed or is closed, when the request's
// context ends, or at once when there is no body. Like an exchange it is the
// context of its request, and is never used again.
type roundTrip struct {
	context.Context

	transport *transport
	request   *http.Request
	observed  context.Context // with the span
	span      trace.Span      // nil when no provider makes spans
	recorded  bool
	start     time.Time
	metrics   *clientInstruments

	method     string
	methodName string
	route      string
	host       string
	port       int // 0: the scheme's own

	answer answer
	body   responseBody
	stop   func() bool
	over   atomic.Bool

	startAttributes [4]attribute.KeyValue
}

// answer is what is kept of a response. The response itself belongs to the
// program, which may change it while its body is still being read.
type answer struct {
	status   int   // 0: there was none
	length   int64 // of the body, -1 when it is not known
	decoded  bool  // the body is not as long as what was sent
	upgraded bool
	version  string
}

func (e *roundTrip) Value(key any) any {
	if _, ok := key.(layerKey); ok {
		return e
	}
	return e.Context.Value(key)
}

// covers reports whether r is the request that e observes already. A base
// may send others from the same context, such as for a token.
func (e *roundTrip) covers(r *http.Request) bool {
	return !e.over.Load() && e.request.Method == r.Method &&
		e.request.URL.Host == r.URL.Host && e.request.URL.Path == r.URL.Path
}

// requestBytes is the size of the request's body, -1 when it is not known
// before it is sent. It is not counted: a base may know more of a body than
// that it can be read.
func (e *roundTrip) requestBytes() int64 {
	r := e.request
	if r.Body == nil || r.Body == http.NoBody {
		return 0
	}
	if r.ContentLength > 0 {
		return r.ContentLength
	}
	return -1
}

// errNoResponse is what a base has done that returned nothing at all.
var errNoResponse = errors.New("neither a response nor an error")

// arrived looks at what the base returned.
func (e *roundTrip) arrived(res *http.Response, err error) {
	if err == nil && res == nil {
		err = errNoResponse
	}
	if err != nil {
		e.end(err)
		return
	}
	e.answer = answer{
		status:   res.StatusCode,
		length:   res.ContentLength,
		decoded:  res.Uncompressed,
		upgraded: res.StatusCode == http.StatusSwitchingProtocols,
		version:  protocolVersion(res.ProtoMajor, res.ProtoMinor),
	}
	if e.recorded && len(e.transport.headers) > 0 {
		e.span.SetAttributes(appendHeaders(nil, e.transport.headers, res.Header, true)...)
	}
	if isBodiless(e.request, res) {
		e.end(nil)
		return
	}
	res.Body = e.body.watch(e, res.Body)
	if e.Context.Done() != nil {
		// Nobody has to close a body whose request is canceled.
		e.stop = context.AfterFunc(e.Context, e.canceled)
	}
}

// isBodiless reports whether the exchange is over with the headers. A switch
// of protocols ends it too: what follows is not HTTP any more.
func isBodiless(r *http.Request, res *http.Response) bool {
	switch res.StatusCode {
	case http.StatusSwitchingProtocols, http.StatusNoContent, http.StatusNotModified:
		return true
	}
	if r.Method == http.MethodHead || res.Body == nil || res.Body == http.NoBody {
		return true
	}
	// A length of 0 may be one that was never set, by a base that is not
	// net/http's. HTTP/2's has a body of its own for none.
	return res.ContentLength == 0 && (res.ProtoMajor >= 2 || res.Header.Get("Content-Length") == "0")
}

// canceled ends an exchange whose body was left behind.
func (e *roundTrip) canceled() {
	if e.over.CompareAndSwap(false, true) {
		e.record(e.left())
	}
}

// left is the error of a body that is not read any further: none, unless the
// context has ended before all of it was there.
func (e *roundTrip) left() error {
	if n := e.answer.length; n >= 0 && e.body.read.Load() >= n {
		return nil
	}
	return e.Context.Err()
}

// reason returns what err is to be named by: the end of the context, if it has
// ended, whatever the base says of it. net/http says "request canceled" for a
// Client's Timeout when it comes to a transport that is not its own.
func (e *roundTrip) reason(err error) error {
	if err == nil {
		return nil
	}
	if over := e.Context.Err(); over != nil {
		return over
	}
	if deadline, ok := e.Context.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return err
}

// end ends the exchange, if nothing has before.
func (e *roundTrip) end(err error) {
	if !e.over.CompareAndSwap(false, true) {
		return
	}
	if e.stop != nil {
		e.stop()
	}
	e.record(err)
}

// thrown ends an exchange whose base panicked or left its goroutine.
func (e *roundTrip) thrown(v any) {
	if !e.over.CompareAndSwap(false, true) {
		return
	}
	kind := errorTypeGoexit
	switch {
	case v != nil && isAbort(v):
		kind = errorTypeAbort
	case v != nil:
		kind = errorTypePanic
		e.transport.notePanic(e.observed, e.span, e.recorded, v)
	}
	if e.recorded {
		e.span.SetAttributes(keyErrorType.String(kind))
		if kind == errorTypeGoexit {
			e.span.SetStatus(codes.Error, kind)
		}
	}
	e.close(kind)
}

// record puts the outcome on the span and into the metrics.
func (e *roundTrip) record(err error) {
	kind, status := errorType(e.reason(err)), e.answer.status
	if kind == "" && (status >= http.StatusBadRequest || status < 100) {
		kind = statusText(status)
	}
	if e.recorded {
		// A span has a copy of what it was started with.
		attrs := e.startAttributes[:0]
		if status != 0 {
			attrs = append(attrs, keyStatus.Int(status))
		}
		if e.answer.version != "" {
			attrs = append(attrs, keyProtocol.String(e.answer.version))
		}
		if n := e.body.read.Load(); n > 0 && !e.answer.decoded {
			attrs = append(attrs, keyResponseSize.Int64(n))
		}
		if kind != "" {
			attrs = append(attrs, keyErrorType.String(kind))
		}
		e.span.SetAttributes(attrs...)
		switch {
		case err != nil:
			text := e.transport.redact.text(err.Error(), e.request.URL)
			e.span.SetStatus(codes.Error, clean(text, maxTextBytes))
		case status >= 600 || status < 100:
			e.span.SetStatus(codes.Error, "Invalid HTTP status code "+statusText(status))
		case kind != "":
			e.span.SetStatus(codes.Error, "")
		}
	}
	e.close(kind)
}

func (e *roundTrip) close(errorType string) {
	if e.metrics != nil {
		e.metrics.end(e.observed, e, errorType, time.Since(e.start))
	}
	if c := e.transport.timers; c != nil && !e.answer.upgraded {
		timing(c, timerClient, time.Since(e.start), e.method, e.route, e.answer.status, errorType)
	}
	if e.span != nil {
		e.span.End()
	}
}

// responseBody watches the body of a response.
type responseBody struct {
	io.ReadCloser
	exchange *roundTrip
	read     atomic.Int64
}

// watch returns body, watched. One that can be written to stays so.
func (b *responseBody) watch(e *roundTrip, body io.ReadCloser) io.ReadCloser {
	b.ReadCloser, b.exchange = body, e
	if w, ok := body.(io.Writer); ok {
		return struct {
			*responseBody
			io.Writer
		}{b, w}
	}
	return b
}

func (b *responseBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.read.Add(int64(n))
	}
	switch {
	case err == nil:
	case err == io.EOF: //nolint:errorlint // a Reader's end is io.EOF itself
		b.exchange.end(nil)
	default:
		b.exchange.end(err)
	}
	return n, err
}

// Close ends the exchange first, for a base's Close may take its time.
func (b *responseBody) Close() error {
	b.exchange.end(b.exchange.left())
	return b.ReadCloser.Close()
}
