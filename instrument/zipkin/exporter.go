// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// ErrShutdown is what ExportSpans returns after Shutdown.
var ErrShutdown = errors.New("zipkin: exporter is shut down")

// cancelGrace is how long Shutdown waits for an export that it canceled to
// notice, so that the counters are final when it returns.
const cancelGrace = 25 * time.Millisecond

// Exporter sends spans to a Zipkin server, or to whatever else takes Zipkin's
// v2 JSON. It may be used from several goroutines.
type Exporter struct {
	target    target
	client    *http.Client
	private   bool // client is nobody else's
	header    http.Header
	host      string
	timeout   time.Duration
	gzipAbove int
	own       trace.SpanContext // of the exporter's own requests
	work      sync.Pool         // of *work
	maxBytes  atomic.Int64      // less than was configured once a 413 taught it

	life   context.Context // ends when Shutdown cancels what is under way
	cancel context.CancelFunc

	mu       sync.Mutex
	stopped  bool
	exports  int           // under way
	idle     chan struct{} // closed when exports falls to 0; nil when it is 0
	stats    Stats
	reporter reporter
}

var _ sdktrace.SpanExporter = (*Exporter)(nil)

// New returns an exporter that posts spans to url: http://, https://, or
// unix:///path/of/socket with, behind another colon, the path of the API.
// User and password in the URL are sent as basic authentication. When url is
// empty, OTEL_EXPORTER_ZIPKIN_ENDPOINT is read, and when that is not set,
// [DefaultURL] holds.
//
// New does not connect. It returns an error when url or an option is wrong;
// the error does not show credentials.
func New(url string, opts ...Option) (*Exporter, error) {
	config := defaults()
	for _, o := range opts {
		o.apply(&config)
	}
	if !config.timeoutSet {
		config.timeout = environmentTimeout(config.timeout)
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	if url == "" {
		url = environmentURL()
	}
	target, err := parseTarget(url)
	if err != nil {
		return nil, fmt.Errorf("zipkin: URL %q %w", redactURL(url), err)
	}
	if target.socket != "" && config.client != nil {
		return nil, errors.New("zipkin: a unix URL and WithClient exclude each other")
	}
	e := &Exporter{
		target:    target,
		timeout:   config.timeout,
		gzipAbove: config.gzipAbove,
		reporter:  reporter{interval: config.errorInterval},
	}
	e.maxBytes.Store(int64(config.maxBytes))
	e.header, e.host = config.httpHeader()
	if target.user != nil && e.header.Get("Authorization") == "" {
		password, _ := target.user.Password()
		r := http.Request{Header: e.header}
		r.SetBasicAuth(target.user.Username(), password)
	}
	for name, value := range config.headers {
		e.target.addHeader(name, value)
	}
	e.client, e.private = newClient(&config, target.socket)
	e.own = newOwn()
	e.life, e.cancel = context.WithCancel(trace.ContextWithSpanContext(context.Background(), e.own))
	e.work.New = func() any { return newWork(e.own.TraceID(), config.debug) }
	return e, nil
}

// newOwn returns the span context that requests of an exporter carry: not
// sampled, so that nothing records them, and of a trace that no other span
// has, so that one that was recorded all the same is known by it.
func newOwn() trace.SpanContext {
	var config trace.SpanContextConfig
	_, _ = rand.Read(config.TraceID[:])
	_, _ = rand.Read(config.SpanID[:])
	config.TraceID[0] |= 1 // not zero
	config.SpanID[0] |= 1
	return trace.NewSpanContext(config)
}

// ExportSpans sends spans, in one request or several, repeated where that can
// help, and returns when each span is sent or dropped. It retains none of
// them. After Shutdown it returns an error that wraps [ErrShutdown].
//
// The SDK gives what it returns to OpenTelemetry's error handler, so it does
// not return each failure, only one each interval of [WithErrorInterval],
// with the number of spans dropped since the last one. That the context was
// canceled is returned always.
func (e *Exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if !e.begin(len(spans)) {
		return ErrShutdown
	}
	defer e.end()
	if len(spans) == 0 {
		return nil
	}
	x := newExport(ctx, e, len(spans))
	defer x.close()
	x.run(spans)
	return e.report(x)
}

// begin counts n spans as taken, or as dropped when the exporter is stopped.
func (e *Exporter) begin(n int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stats.Taken += uint64(n)
	if e.stopped {
		e.stats.Dropped.Stopped += uint64(n)
		return false
	}
	e.stats.InFlight += uint64(n)
	if e.exports++; e.exports == 1 {
		e.idle = make(chan struct{})
	}
	return true
}

func (e *Exporter) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.exports--; e.exports == 0 {
		close(e.idle)
		e.idle = nil
	}
}

// Shutdown waits for the exports under way. When ctx ends first it cancels
// them, and the error says how many spans that cost. It also says how many
// spans were dropped that no error told of yet. Shutting down twice is no-op.
func (e *Exporter) Shutdown(ctx context.Context) error {
	e.mu.Lock()
	e.stopped = true
	idle, before := e.idle, e.stats.Dropped.Canceled
	e.mu.Unlock()

	var err error
	if idle != nil {
		select {
		case <-idle:
		case <-ctx.Done():
			e.cancel()
			grace := time.NewTimer(cancelGrace)
			defer grace.Stop()
			select {
			case <-idle:
			case <-grace.C: // a client that does not heed its context
			}
			e.mu.Lock()
			canceled := e.stats.Dropped.Canceled - before + e.stats.InFlight
			e.mu.Unlock()
			err = fmt.Errorf("zipkin: shutdown dropped %d spans under way: %w", canceled, ctx.Err())
		}
	}
	e.cancel()
	if e.private {
		e.client.CloseIdleConnections()
	}
	return errors.Join(err, e.unreported())
}

// Endpoint returns the URL spans are sent to, without credentials.
func (e *Exporter) Endpoint() string { return e.target.shown }

// String returns the endpoint, so that printing an exporter shows no secret.
func (e *Exporter) String() string { return "zipkin exporter to " + e.target.shown }

// GoString is String.
func (e *Exporter) GoString() string { return e.String() }

// MarshalLog is what OpenTelemetry's own log shows of the exporter.
func (e *Exporter) MarshalLog() any {
	return struct{ Type, Endpoint string }{"zipkin", e.target.shown}
}
