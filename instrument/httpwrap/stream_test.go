// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
)

// events sends server-sent events until it hears that nobody listens. It does
// not look at the context: the writer has to tell it.
func events(stopped chan<- error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		flush := http.NewResponseController(w)
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
			_, _ = fmt.Fprint(w, "data: x\n\n")
			if err := flush.Flush(); err != nil {
				stopped <- err
				return
			}
		}
		stopped <- nil
	}
}

func TestEventStreamHearsTheClientsReset(t *testing.T) {
	for _, proto := range protocols {
		t.Run(proto.name, func(t *testing.T) {
			tel := newTelemetry(t)
			stopped := make(chan error, 1)
			server := proto.start(t, tel.handler(events(stopped)))
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
			require.NoError(t, err)
			res, err := server.Client().Do(r)
			require.NoError(t, err)
			_, err = io.ReadFull(res.Body, make([]byte, 9))
			require.NoError(t, err)
			if tcp := proto.reset(server); tcp != nil {
				_ = tcp.SetLinger(0)
				_ = tcp.Close()
			}
			cancel()
			assert.Error(t, <-stopped, "Flush returns the error")
			_ = res.Body.Close()
			span := tel.awaitSpan()
			assert.Equal(t, "200", attributes(span)["http.response.status_code"])
			assert.Equal(t, "context.Canceled", attributes(span)["error.type"])
			assert.Equal(t, codes.Unset, span.Status().Code, "it is the client that went")
			assert.Equal(t, "context.Canceled", tel.duration(serverDuration).attributes["error.type"])
		})
	}
}

// A client that goes before anything was answered leaves a 200 that was never
// sent.
func TestClientThatGoesBeforeTheResponseIsSeen(t *testing.T) {
	tel := newTelemetry(t)
	arrived := make(chan struct{})
	server := httptest.NewServer(tel.handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	<-arrived
	require.NoError(t, conn.Close())
	server.Close()
	assert.Equal(t, "context.Canceled", attributes(tel.span())["error.type"])
	assert.Equal(t, codes.Unset, tel.span().Status().Code)
}

func TestHandlerTimeoutInsideAndOutside(t *testing.T) {
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		// The timeout is told to the writer a little after the context.
		for {
			if _, err := io.WriteString(w, "too late"); err != nil {
				return
			}
			runtime.Gosched()
		}
	})
	t.Run("inside", func(t *testing.T) {
		tel := newTelemetry(t)
		w := get(tel.handler(http.TimeoutHandler(slow, time.Millisecond, "slow")), "/")
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Equal(t, "503", attributes(tel.span())["http.response.status_code"])
		assert.Equal(t, "503", attributes(tel.span())["error.type"])
	})
	t.Run("outside", func(t *testing.T) {
		tel := newTelemetry(t)
		w := get(http.TimeoutHandler(tel.handler(slow), time.Millisecond, "slow"), "/")
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Equal(t, "context.DeadlineExceeded", attributes(tel.awaitSpan())["error.type"])
	})
}

func TestInformationalHeadersAreNotTheStatus(t *testing.T) {
	for _, proto := range protocols {
		t.Run(proto.name, func(t *testing.T) {
			tel := newTelemetry(t)
			server := proto.start(t, tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Link", "</a.css>")
				w.WriteHeader(http.StatusEarlyHints)
				w.WriteHeader(http.StatusTeapot)
			})))
			res, err := server.Client().Get(server.URL)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			assert.Equal(t, http.StatusTeapot, res.StatusCode)
			assert.Equal(t, "418", attributes(tel.awaitSpan())["http.response.status_code"])
		})
	}
}

// HTTP/2 has no switch of protocols: a 101 is one more informational header,
// and the status is still to come. To HTTP/1 it is final.
func TestSwitchingProtocolsIsFinalOnlyToHTTP1(t *testing.T) {
	for major, want := range map[int]string{1: "101", 2: "418"} {
		tel := newTelemetry(t)
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.ProtoMajor = major
		tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusSwitchingProtocols)
			w.WriteHeader(http.StatusTeapot)
		})).ServeHTTP(httptest.NewRecorder(), r)
		assert.Equal(t, want, attributes(tel.span())["http.response.status_code"])
	}
}

// failing is a writer whose connection is gone.
type failing struct {
	silent
	err error
}

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestWhatCouldNotBeSentIsNamed(t *testing.T) {
	expired, cancel := context.WithTimeout(context.Background(), -1)
	defer cancel()
	for name, tc := range map[string]struct {
		ctx  context.Context
		err  error
		kind string
	}{
		"connection reset":      {context.Background(), net.ErrClosed, "context.Canceled"},
		"write deadline":        {context.Background(), os.ErrDeadlineExceeded, "context.DeadlineExceeded"},
		"handler timeout":       {context.Background(), http.ErrHandlerTimeout, "context.DeadlineExceeded"},
		"the request's time":    {expired, net.ErrClosed, "context.DeadlineExceeded"},
		"the handler's mistake": {context.Background(), http.ErrContentLength, ""},
	} {
		tel := newTelemetry(t)
		tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "x")
		})).ServeHTTP(failing{silent{http.Header{}}, tc.err}, httptest.NewRequest(http.MethodGet, "/", nil).WithContext(tc.ctx))
		assert.Equal(t, tc.kind, attributes(tel.span())["error.type"], name)
		assert.Equal(t, "200", attributes(tel.span())["http.response.status_code"], name)
	}
}
