// SPDX-License-Identifier: Apache-2.0

// Package viewer shows traces on the machine where they are made: an
// in-memory collector that speaks enough of Zipkin's HTTP API to be exported
// to and asked, with a page for the browser and a waterfall of each trace for
// the terminal.
//
//	v, err := viewer.Start("", viewer.WithOutput(os.Stdout)) // http://127.0.0.1:9411
//	…
//	defer v.Close()
//	shutdown, err := instrument.Setup(ctx, instrument.WithZipkin(v.SpansURL()))
//
// Log lines stand beside their trace when they pass through SlogHandler, and
// StatsD lines of the last minute are shown when they are written to StatsD or
// sent to the address of WithStatsD.
//
// It needs the standard library only, and nothing of it is in a program that
// does not import it. It is made for development: it holds a bounded number
// of bytes, forgets the oldest traces first and everything at the end.
package viewer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// DefaultAddress is where a Zipkin server is looked for.
const DefaultAddress = "127.0.0.1:9411"

// ErrAddressInUse is why Start fails where somebody listens already who does
// not answer as a Zipkin server does.
var ErrAddressInUse = errors.New("address is in use")

// Viewer is a collector at work. Its methods may be called concurrently; on a
// nil Viewer they do nothing and return zero values.
type Viewer struct {
	store    *store // nil when another program collects
	logs     *logs
	statsd   *statsd
	hub      *hub
	handler  http.Handler
	printer  *printer // nil when nothing is printed
	server   *http.Server
	served   chan struct{}   // closed when the server has stopped
	listener *statsdListener // nil without WithStatsD
	url      string
}

// Start listens on addr, "host:port", and returns. An empty addr is
// DefaultAddress, an empty host is 127.0.0.1, and port 0 is any free one. An
// address that is not this machine's own needs WithAnyAddress.
//
// When a Zipkin server or another viewer listens there already, Start returns
// a Viewer that stands for it: its URLs lead there, it holds nothing itself,
// and its Elsewhere is true. When it is any other program, the error is
// ErrAddressInUse.
func Start(addr string, opts ...Option) (*Viewer, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	at, err := resolve(addr, c.remote)
	if err != nil {
		return nil, err
	}
	network := "tcp"
	if at.IP.To4() != nil {
		network = "tcp4" // "tcp" makes 0.0.0.0 an address of both families
	}
	l, err := net.ListenTCP(network, at)
	if isInUse(err) {
		if v := elsewhere(at); v != nil {
			return v, nil
		}
		return nil, fmt.Errorf("viewer: %w: %s", ErrAddressInUse, at)
	}
	if err != nil {
		return nil, fmt.Errorf("viewer: %w", err)
	}
	var listener *statsdListener
	v := newViewer(c)
	if c.statsd != "" {
		if listener, err = listenStatsD(c.statsd, c.remote, v.statsd); err != nil {
			return nil, errors.Join(err, l.Close(), v.Close())
		}
	}
	v.listener = listener
	v.url = "http://" + reachable(l.Addr().(*net.TCPAddr))
	handler := http.Handler(http.NewCrossOriginProtection().Handler(v.handler))
	if !c.remote {
		handler = localOnly(handler)
	}
	v.server = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	v.server.RegisterOnShutdown(v.hub.close) // pages that follow would be waited for
	v.served = make(chan struct{})
	go func() {
		defer close(v.served)
		_ = v.server.Serve(l) // ends with ErrServerClosed; Shutdown tells what went wrong
	}()
	return v, nil
}

func newViewer(c *config) *Viewer {
	v := &Viewer{store: newStore(c.maxBytes, c.out != nil), logs: newLogs(c.maxBytes / 8), statsd: newStatsd(), hub: newHub()}
	v.handler = newHandler(v, c.maxBytes)
	if c.out != nil {
		color := c.color != nil && *c.color || c.color == nil && terminalColor(c.out)
		v.printer = &printer{store: v.store, out: c.out, quiet: c.quiet, width: terminalWidth(c.width, c.out), color: color}
		v.printer.start()
	}
	return v
}

// URL returns where the viewer listens, such as "http://127.0.0.1:9411".
func (v *Viewer) URL() string {
	if v == nil {
		return ""
	}
	return v.url
}

// SpansURL returns where a Zipkin exporter sends its spans.
func (v *Viewer) SpansURL() string {
	if v == nil {
		return ""
	}
	return v.url + "/api/v2/spans"
}

// Handler returns the viewer's HTTP API, to be served elsewhere as well. It
// does not check who asks; what Start serves does.
func (v *Viewer) Handler() http.Handler {
	if v == nil || v.store == nil {
		return http.NotFoundHandler()
	}
	return v.handler
}

// Traces returns a copy of every trace held, the latest first.
func (v *Viewer) Traces() []Trace {
	if v == nil || v.store == nil {
		return nil
	}
	all := v.store.all()
	latestFirst(all)
	out := make([]Trace, len(all))
	for i, spans := range all {
		out[i] = newTrace(spans)
	}
	return out
}

// Trace returns a copy of the trace with the id, hexadecimal digits in either
// case, and whether it is held. Zeros on the left make no difference.
func (v *Viewer) Trace(id string) (Trace, bool) {
	if v == nil || v.store == nil {
		return Trace{}, false
	}
	key, ok := traceKey(strings.ToLower(id))
	if !ok {
		return Trace{}, false
	}
	spans := v.store.trace(key)
	if spans == nil {
		return Trace{}, false
	}
	return newTrace(spans), true
}

func newTrace(spans []*held) Trace {
	t := Trace{ID: spans[0].TraceID, Spans: make([]Span, len(spans))}
	for i, s := range spans {
		t.Spans[i] = s.clone()
	}
	return t
}

// Stats returns the counters as they are now.
func (v *Viewer) Stats() Stats {
	if v == nil || v.store == nil {
		return Stats{}
	}
	s := v.store.read()
	s.Logs, s.LogsEvicted = v.logs.read()
	return s
}

// Shutdown stops listening, waits for the requests in flight, then prints the
// traces that wait to be printed. When ctx ends first, what is left is cut and
// the error is that of ctx; a nil one never ends. The traces can still be
// read. It may be called more than once.
func (v *Viewer) Shutdown(ctx context.Context) error {
	if v == nil || v.store == nil {
		return nil
	}
	if ctx == nil {
		ctx = context.Background()
	}
	v.hub.close()
	if v.listener != nil {
		v.listener.close()
	}
	var errs []error
	if v.server != nil {
		err := v.server.Shutdown(ctx)
		if err != nil {
			err = errors.Join(err, v.server.Close())
		}
		errs = append(errs, err)
		<-v.served
	}
	if v.printer != nil {
		errs = append(errs, v.printer.shutdown(ctx))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("viewer: shutdown: %w", err)
	}
	return nil
}

// Close is Shutdown with a second's patience.
func (v *Viewer) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return v.Shutdown(ctx)
}
