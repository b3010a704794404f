// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"time"
)

// A handler takes the optional methods of a response writer for facts: that a
// response can be streamed, a connection be taken over. So the writer it gets
// has those of the server's own writer, none more and none less.
type shape uint8

const (
	canFlush shape = 1 << iota
	canHijack
	canPush
	canReadFrom
	canWriteString
	canCloseNotify
)

// closeNotifier is http.CloseNotifier, which is deprecated but still there.
type closeNotifier interface{ CloseNotify() <-chan bool }

// deadliner is what both servers of net/http have for a ResponseController.
type deadliner interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
	EnableFullDuplex() error
}

func shapeOf(w http.ResponseWriter) (s shape) {
	if _, ok := w.(http.Flusher); ok {
		s |= canFlush
	}
	if _, ok := w.(http.Hijacker); ok {
		s |= canHijack
	}
	if _, ok := w.(http.Pusher); ok {
		s |= canPush
	}
	if _, ok := w.(io.ReaderFrom); ok {
		s |= canReadFrom
	}
	if _, ok := w.(io.StringWriter); ok {
		s |= canWriteString
	}
	if _, ok := w.(closeNotifier); ok {
		s |= canCloseNotify
	}
	return s
}

const (
	http1Shape    = canFlush | canHijack | canReadFrom | canWriteString | canCloseNotify
	http2Shape    = canFlush | canPush | canWriteString | canCloseNotify
	recorderShape = canFlush | canWriteString
)

// present returns w in the shape of the writer it watches. The shapes of
// net/http cost no allocation.
func present(w *response) http.ResponseWriter {
	s := shapeOf(w.w)
	switch s {
	case 0:
		return w
	case http1Shape:
		if _, ok := w.w.(deadliner); ok {
			return http1Response{deadlines{streaming{stringWriter{w}}}}
		}
	case http2Shape:
		if _, ok := w.w.(deadliner); ok {
			return http2Response{deadlines{streaming{stringWriter{w}}}}
		}
	case recorderShape:
		return streaming{stringWriter{w}}
	}
	return compose(w, s)
}

// stringWriter is a response that takes strings.
type stringWriter struct{ *response }

func (w stringWriter) WriteString(s string) (int, error) { return w.writeString(s) }

// streaming is one that can be flushed too, as those of net/http can, and
// httptest.ResponseRecorder.
type streaming struct{ stringWriter }

func (w streaming) Flush() { w.flush() }

// deadlines adds what both servers of net/http have.
type deadlines struct{ streaming }

func (w deadlines) SetReadDeadline(t time.Time) error {
	return w.w.(deadliner).SetReadDeadline(t)
}

func (w deadlines) SetWriteDeadline(t time.Time) error {
	return w.w.(deadliner).SetWriteDeadline(t)
}

func (w deadlines) EnableFullDuplex() error  { return w.w.(deadliner).EnableFullDuplex() }
func (w deadlines) CloseNotify() <-chan bool { return w.w.(closeNotifier).CloseNotify() }

// http1Response is the shape of an HTTP/1 response.
type http1Response struct{ deadlines }

func (w http1Response) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }
func (w http1Response) ReadFrom(src io.Reader) (int64, error)        { return w.readFrom(src) }

// http2Response is the shape of an HTTP/2 response.
type http2Response struct{ deadlines }

func (w http2Response) Push(target string, opts *http.PushOptions) error { return w.push(target, opts) }

// Each of these is one optional method, to compose a shape of.
type (
	flusher    struct{ w *response }
	hijacker   struct{ w *response }
	pusher     struct{ w *response }
	readerFrom struct{ w *response }
	notifier   struct{ w *response }
)

func (f flusher) Flush()                                          { f.w.flush() }
func (f hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error)   { return f.w.hijack() }
func (f pusher) Push(target string, opts *http.PushOptions) error { return f.w.push(target, opts) }
func (f readerFrom) ReadFrom(src io.Reader) (int64, error)        { return f.w.readFrom(src) }
func (f notifier) CloseNotify() <-chan bool                       { return f.w.w.(closeNotifier).CloseNotify() }
