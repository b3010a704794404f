// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// abilities are what a handler can find out about its writer, and what an
// http.ResponseController can do with it.
func abilities(w http.ResponseWriter) map[string]bool {
	has := make(map[string]bool)
	_, has["Flusher"] = w.(http.Flusher)
	_, has["FlushError"] = w.(interface{ FlushError() error })
	_, has["Hijacker"] = w.(http.Hijacker)
	_, has["Pusher"] = w.(http.Pusher)
	_, has["ReaderFrom"] = w.(io.ReaderFrom)
	_, has["StringWriter"] = w.(io.StringWriter)
	_, has["CloseNotifier"] = w.(interface{ CloseNotify() <-chan bool })
	_, has["SetReadDeadline"] = w.(interface{ SetReadDeadline(time.Time) error })
	_, has["SetWriteDeadline"] = w.(interface{ SetWriteDeadline(time.Time) error })
	_, has["EnableFullDuplex"] = w.(interface{ EnableFullDuplex() error })

	c := http.NewResponseController(w)
	can := func(err error) bool { return !errors.Is(err, http.ErrNotSupported) }
	has["can set read deadline"] = can(c.SetReadDeadline(time.Time{}))
	has["can set write deadline"] = can(c.SetWriteDeadline(time.Time{}))
	has["can be full duplex"] = can(c.EnableFullDuplex())
	has["can flush"] = can(c.Flush())
	return has
}

func TestWriterHasWhatTheServersHas(t *testing.T) {
	for _, proto := range protocols {
		t.Run(proto.name, func(t *testing.T) {
			var bare, wrapped map[string]bool
			tel := newTelemetry(t)
			inner := tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { wrapped = abilities(w) }))
			server := proto.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				inner.ServeHTTP(w, r)
				bare = abilities(w)
			}))
			res, err := server.Client().Get(server.URL)
			require.NoError(t, err)
			_, _ = io.Copy(io.Discard, res.Body)
			require.NoError(t, res.Body.Close())
			assert.Equal(t, proto.proto, res.Proto)
			assert.Equal(t, bare, wrapped)
		})
	}
}

// Writers that are not net/http's own: FlushError is always there, for a
// ResponseController to come by, and says whether it can.
func TestWriterHasWhatAnyWriterHas(t *testing.T) {
	type plain struct{ http.ResponseWriter }
	type pusher struct {
		plain
		http.Pusher
	}
	type hijacker struct {
		plain
		http.Hijacker
		io.ReaderFrom
		http.Flusher
	}
	recorder := httptest.NewRecorder()
	for name, w := range map[string]http.ResponseWriter{
		"recorder": recorder,
		"plain":    plain{recorder},
		"pusher":   pusher{plain: plain{recorder}},
		"hijacker": hijacker{plain: plain{recorder}, Flusher: recorder},
	} {
		tel := newTelemetry(t)
		tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			got := abilities(w)
			delete(got, "FlushError")
			want := abilities(unwrap(w))
			delete(want, "FlushError")
			if name == "pusher" || name == "hijacker" {
				// Composed shapes always take strings.
				want["StringWriter"] = true
			}
			assert.Equal(t, want, got, name)
		})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	}
}

func unwrap(w http.ResponseWriter) http.ResponseWriter {
	return w.(interface{ Unwrap() http.ResponseWriter }).Unwrap()
}

func TestUnwrapReturnsTheServersWriter(t *testing.T) {
	tel := newTelemetry(t)
	recorder := httptest.NewRecorder()
	tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		assert.Same(t, recorder, unwrap(w))
	})).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
}

// unwrapper is a middleware's writer that has only the method that Go asks
// for since 1.20.
type unwrapper struct{ http.ResponseWriter }

func (u unwrapper) Unwrap() http.ResponseWriter { return u.ResponseWriter }

func TestFlushThroughAMiddlewaresWriterIsNoticed(t *testing.T) {
	tel := newTelemetry(t)
	recorder := httptest.NewRecorder()
	tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		assert.NoError(t, http.NewResponseController(w).Flush())
		assert.NotEmpty(t, recorder.Result().Header.Get("X-Correlation-Id"), "ours is sent with the header")
	})).ServeHTTP(unwrapper{recorder}, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.True(t, recorder.Flushed)
}

func TestFlushThatIsNotSupportedSendsNothing(t *testing.T) {
	type plain struct{ http.ResponseWriter }
	tel := newTelemetry(t)
	tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		assert.ErrorIs(t, http.NewResponseController(w).Flush(), http.ErrNotSupported)
		w.WriteHeader(http.StatusTeapot)
	})).ServeHTTP(plain{httptest.NewRecorder()}, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Equal(t, "418", attributes(tel.span())["http.response.status_code"])
}

// pushing notes what is pushed.
type pushing struct {
	*httptest.ResponseRecorder
	target string
}

func (p *pushing) Push(target string, _ *http.PushOptions) error {
	p.target = target
	return nil
}

func TestPushReachesTheServer(t *testing.T) {
	tel := newTelemetry(t)
	w := &pushing{ResponseRecorder: httptest.NewRecorder()}
	tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		assert.NoError(t, w.(http.Pusher).Push("/a.css", nil))
	})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Equal(t, "/a.css", w.target)
}

func TestDeadlinesAndFullDuplexReachTheServer(t *testing.T) {
	tel := newTelemetry(t)
	server := httptest.NewServer(tel.handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		assert.NoError(t, c.EnableFullDuplex())
		_, _ = io.WriteString(w, "early")
		assert.NoError(t, c.Flush())
		got, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Equal(t, "late", string(got), "without full duplex the body is gone after the first write")
		assert.NoError(t, c.SetReadDeadline(time.Now().Add(-time.Second)))
	})))
	defer server.Close()

	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n")
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	_, err = io.ReadFull(res.Body, make([]byte, 5))
	require.NoError(t, err)
	_, err = io.WriteString(conn, "late")
	require.NoError(t, err)
	_, err = io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Equal(t, "200", attributes(tel.awaitSpan())["http.response.status_code"])
}

func TestStatusOutsideOfHTTPPanicsAsWithout(t *testing.T) {
	tel := newTelemetry(t)
	value, _, _ := thrown(tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(42) })))
	assert.Contains(t, value, "invalid WriteHeader code 42")
	assert.Equal(t, "500", attributes(tel.span())["http.response.status_code"])
}

func TestOnlyTheFirstStatusCounts(t *testing.T) {
	tel := newTelemetry(t)
	w := get(tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		w.WriteHeader(http.StatusInternalServerError)
	})), "/")
	assert.Equal(t, http.StatusAccepted, w.Code)
	assert.Equal(t, "202", attributes(tel.span())["http.response.status_code"])
}

func TestUnknownStatusIsAnError(t *testing.T) {
	tel := newTelemetry(t)
	get(tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(799) })), "/")
	assert.Equal(t, "Invalid HTTP status code 799", tel.span().Status().Description)
	assert.Equal(t, "799", attributes(tel.span())["error.type"])
}

func TestHandlersGoroutineMayWriteOn(t *testing.T) {
	tel := newTelemetry(t)
	stop, done := make(chan struct{}), make(chan struct{})
	h := tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		started := make(chan struct{})
		go func() {
			defer close(done)
			for first := true; ; first = false {
				_, _ = w.Write([]byte("x"))
				_, _ = io.Copy(w, strings.NewReader("y"))
				if first {
					close(started)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		}()
		<-started
	}))
	h.ServeHTTP(silent{http.Header{}}, httptest.NewRequest(http.MethodGet, "/", nil))
	close(stop)
	<-done
	assert.Equal(t, "200", attributes(tel.span())["http.response.status_code"])
}

// silent is a writer without any state to race for.
type silent struct{ header http.Header }

func (s silent) Header() http.Header         { return s.header }
func (s silent) Write(p []byte) (int, error) { return len(p), nil }
func (s silent) WriteHeader(int)             {}
