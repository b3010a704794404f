// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
)

// response is the http.ResponseWriter that a handler gets: the server's own,
// watched. What it learns it keeps in atomics, for a handler's goroutine may
// go on writing when the handler has returned.
//
// It has the methods that every shape of it needs (see shape); those that
// tell what a connection can do are only reachable through the shape that
// the server's own writer has.
type response struct {
	w        http.ResponseWriter
	exchange *exchange

	prepared atomic.Bool
	copying  atomic.Bool
	hijacked atomic.Bool
	flushed  atomic.Bool
	failure  atomic.Pointer[error]
	status   atomic.Int32
	bytes    atomic.Int64
}

var _ http.ResponseWriter = (*response)(nil)

func (w *response) Header() http.Header { return w.w.Header() }

// Unwrap lets an http.ResponseController reach what is not watched here:
// deadlines and full duplex.
func (w *response) Unwrap() http.ResponseWriter { return w.w }

func (w *response) WriteHeader(code int) {
	switch {
	case code < 100 || code > 999:
		// net/http panics; there will be no such status.
	case code < 200 && (code != http.StatusSwitchingProtocols || w.exchange.inner.ProtoMajor >= 2):
		// Informational headers precede the final one; only that is the
		// status. HTTP/2 has no 101, there it is one of them.
	default:
		w.commit(code)
	}
	w.w.WriteHeader(code)
}

func (w *response) Write(p []byte) (int, error) {
	w.commit(http.StatusOK)
	n, err := w.w.Write(p)
	w.count(int64(n), err)
	return n, err
}

func (w *response) writeString(s string) (int, error) {
	w.commit(http.StatusOK)
	n, err := io.WriteString(w.w, s)
	w.count(int64(n), err)
	return n, err
}

// commit notes the status that the first byte is sent with, and adds the
// headers of ours.
func (w *response) commit(code int) {
	if w.status.Load() != 0 || w.hijacked.Load() {
		return
	}
	w.prepare()
	w.status.CompareAndSwap(0, int32(code))
}

// prepare adds the headers of ours, once, just before headers are sent: by
// then the handler has set those of its own.
func (w *response) prepare() {
	if w.prepared.CompareAndSwap(false, true) {
		w.exchange.setHeaders(w.w.Header())
	}
}

func (w *response) count(n int64, err error) {
	// The server takes the body of a HEAD, and does not send it. A handler may
	// have made a GET of its own copy.
	if n > 0 && w.exchange.request.Method != http.MethodHead {
		w.bytes.Add(n)
	}
	if err != nil && !isMisuse(err) {
		failure := err // err itself must not escape: it would cost each write
		w.failure.CompareAndSwap(nil, &failure)
	}
}

// isMisuse reports whether a write failed for what the handler did, and not
// for what became of the connection.
func isMisuse(err error) bool {
	return errors.Is(err, http.ErrBodyNotAllowed) || errors.Is(err, http.ErrContentLength) ||
		errors.Is(err, http.ErrHijacked) || errors.Is(err, http.ErrNotSupported)
}

// FlushError is what an http.ResponseController calls. It returns the error
// that the server returns, which is how an event stream learns that nobody
// listens any more.
func (w *response) FlushError() error {
	w.prepare()
	err := http.NewResponseController(w.w).Flush()
	if errors.Is(err, http.ErrNotSupported) {
		return err
	}
	w.commit(http.StatusOK)
	w.count(0, err)
	if err == nil {
		w.flushed.Store(true)
	}
	return err
}

func (w *response) flush() { _ = w.FlushError() }

func (w *response) hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.w).Hijack()
	if err == nil {
		w.hijacked.Store(true)
	}
	return conn, rw, err
}

func (w *response) push(target string, opts *http.PushOptions) error {
	if p, ok := w.w.(http.Pusher); ok {
		return p.Push(target, opts)
	}
	return http.ErrNotSupported
}

// readFrom keeps sendfile possible: the source reaches the server as it is.
func (w *response) readFrom(src io.Reader) (int64, error) {
	rf, ok := w.w.(io.ReaderFrom)
	if !ok {
		return io.Copy(struct{ io.Writer }{w}, src)
	}
	w.prepare()
	w.copying.Store(true)
	n, err := rf.ReadFrom(src)
	w.copying.Store(false)
	if n > 0 {
		// Without a byte the header is not sent: a source that could not be
		// read leaves the handler free to say so.
		w.commit(http.StatusOK)
	}
	if w.exchange.request.Context().Err() == nil {
		// As far as anybody can tell it is the source that failed.
		w.count(n, nil)
	} else {
		w.count(n, err)
	}
	return n, err
}
