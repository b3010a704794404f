// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/propagators"
)

// seen is all that a client can tell of an answer.
type seen struct {
	status  int
	header  http.Header
	body    string
	trailer http.Header
	failed  string
}

// look sends r and notes what comes back.
func look(rt http.RoundTripper, r *http.Request, read func(io.Reader) (string, error)) (s seen) {
	res, err := rt.RoundTrip(r)
	if err != nil {
		return seen{failed: kindOf(err)}
	}
	defer func() { _ = res.Body.Close() }()
	s.status, s.header = res.StatusCode, res.Header.Clone()
	s.header.Del("Date")
	s.header.Del("X-Correlation-Id")
	s.body, err = read(res.Body)
	s.failed, s.trailer = kindOf(err), res.Trailer
	return s
}

func readAll(r io.Reader) (string, error) {
	b, err := io.ReadAll(r)
	return string(b), err
}

// kindOf tells errors apart without their addresses and stream numbers.
func kindOf(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.Canceled):
		return "canceled"
	case strings.Contains(err.Error(), "INTERNAL_ERROR"):
		return "stream reset"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "unexpected EOF"
	case errors.Is(err, io.EOF):
		return "EOF"
	}
	return err.Error()
}

// side is what a server or a client is expected to have recorded.
type side struct {
	name, status, kind string
	code               codes.Code
}

type matrixCase struct {
	method, path string
	server       side
	route        string
	client       side
	http1, http2 *side // what the client records, where it depends
	silent       bool  // the server records nothing
	read         func(io.Reader) (string, error)
}

func matrix() map[string]matrixCase {
	good := func(name string, status string) side { return side{name: name, status: status} }
	bad := func(name, status, kind string) side {
		return side{name: name, status: status, kind: kind, code: codes.Error}
	}
	firstEvent := func(r io.Reader) (string, error) {
		b := make([]byte, 9)
		_, err := io.ReadFull(r, b)
		return string(b), err
	}
	eof := bad("GET", "", "*errors.errorString")
	reset := bad("GET", "", "net/http.http2StreamError")
	return map[string]matrixCase{
		"200":            {path: "/ok/1", route: "/ok/{id}", server: good("GET /ok/{id}", "200"), client: good("GET", "200")},
		"HEAD":           {method: "HEAD", path: "/ok/1", route: "/ok/{id}", server: good("HEAD /ok/{id}", "200"), client: good("HEAD", "200")},
		"204":            {path: "/status/204", route: "/status/204", server: good("GET /status/204", "204"), client: good("GET", "204")},
		"304":            {path: "/status/304", route: "/status/304", server: good("GET /status/304", "304"), client: good("GET", "304")},
		"404":            {path: "/none", server: good("GET", "404"), client: bad("GET", "404", "404")},
		"405":            {method: "DELETE", path: "/ok/1", server: good("DELETE", "405"), client: bad("DELETE", "405", "405")},
		"redirect":       {path: "/tree", route: "/tree/", server: good("GET /tree/", "307"), client: good("GET", "307")},
		"503":            {path: "/status/503", route: "/status/503", server: bad("GET /status/503", "503", "503"), client: bad("GET", "503", "503")},
		"early hints":    {path: "/hints", route: "/hints", server: good("GET /hints", "200"), client: good("GET", "200")},
		"POST":           {method: "POST", path: "/read", route: "/read", server: good("POST /read", "200"), client: good("POST", "200")},
		"streaming":      {path: "/stream", route: "/stream", server: good("GET /stream", "200"), client: good("GET", "200")},
		"sendfile":       {path: "/file", route: "/file", server: good("GET /file", "200"), client: good("GET", "200")},
		"HEAD of a file": {method: "HEAD", path: "/file", route: "/file", server: good("HEAD /file", "200"), client: good("HEAD", "200")},
		"failed upgrade": {path: "/upgrade", route: "/upgrade", server: good("GET /upgrade", "426"), client: bad("GET", "426", "426")},
		"timeout":        {path: "/timeout", route: "/timeout", server: bad("GET /timeout", "503", "503"), client: bad("GET", "503", "503")},
		"events, left by the client": {
			path: "/events", route: "/events", read: firstEvent,
			server: side{name: "GET /events", status: "200", kind: "context.Canceled"}, client: good("GET", "200"),
		},
		"canceled": {
			path: "/wait", route: "/wait",
			server: side{name: "GET /wait", status: "200", kind: "context.Canceled"}, client: bad("GET", "", "context.Canceled"),
		},
		"panic": {
			path: "/panic", route: "/panic", server: bad("GET /panic", "500", "panic"), http1: &eof, http2: &reset,
		},
		"panic after the first byte": {
			path: "/panic/late", route: "/panic/late", server: bad("GET /panic/late", "200", "panic"),
			http1: &side{name: "GET", status: "200", kind: "*errors.errorString", code: codes.Error},
			http2: &side{name: "GET", status: "200", kind: "net/http.http2StreamError", code: codes.Error},
		},
		"abort": {
			path: "/abort", route: "/abort", server: side{name: "GET /abort", status: "200", kind: "http.ErrAbortHandler"},
			http1: &side{name: "GET", status: "200", kind: "*errors.errorString", code: codes.Error},
			http2: &side{name: "GET", status: "200", kind: "net/http.http2StreamError", code: codes.Error},
		},
		"skipped": {path: "/health", silent: true, client: good("GET", "200")},
	}
}

func (s side) check(t *testing.T, tel *telemetry, name, metric string) {
	t.Helper()
	span := tel.awaitSpan()
	attrs := attributes(span)
	assert.Equal(t, s.name, span.Name(), name)
	assert.Equal(t, s.code, span.Status().Code, name)
	assert.Equal(t, s.status, attrs["http.response.status_code"], name)
	assert.Equal(t, s.kind, oldType(attrs["error.type"]), name)
	point := tel.duration(metric).attributes
	assert.Equal(t, s.status, point["http.response.status_code"], name)
	assert.Equal(t, s.kind, oldType(point["error.type"]), name)
}

// oldType is the name of an error's type before Go 1.27 gave HTTP/2 a package
// of its own.
func oldType(kind string) string {
	return strings.Replace(kind, "net/http/internal/http2.", "net/http.http2", 1)
}

func TestMatrix(t *testing.T) {
	for _, proto := range protocols {
		for name, tc := range matrix() {
			t.Run(proto.name+"/"+name, func(t *testing.T) {
				method, read := "GET", readAll
				if tc.method != "" {
					method = tc.method
				}
				if tc.read != nil {
					read = tc.read
				}
				type departure struct{ now, done func() }
				departures := make(chan departure, 2)
				waiting := func() {
					d := <-departures
					d.now()
					d.done()
				}
				visit := func(server *server, rt http.RoundTripper) seen {
					ctx, cancel := context.WithCancel(propagators.ContextWithCorrelationID(context.Background(), "c-1"))
					defer cancel()
					left := make(chan struct{})
					defer close(left)
					if tc.path == "/wait" {
						departures <- departure{cancel, func() { <-left }}
					}
					var body io.Reader
					if method == "POST" {
						body = strings.NewReader("hello")
					}
					r, err := http.NewRequestWithContext(ctx, method, server.URL+tc.path, body)
					require.NoError(t, err)
					return look(rt, r, read)
				}
				in, out := newTelemetry(t), newTelemetry(t)
				database := func(ctx context.Context) {
					_, span := in.tracer.Tracer("database").Start(ctx, "SELECT")
					span.End()
				}
				bare := proto.start(t, matrixMux(t, database, waiting))
				want := visit(bare, bare.Client().Transport)
				before := len(in.spans.Ended())

				var echoed string
				wrapped := proto.start(t, in.handler(copying(in.handler(matrixMux(t, database, waiting))),
					httpwrap.WithSkip("/health"), httpwrap.WithRoute(routeOf(matrixMux(t, database, waiting)))))
				base := roundTripFunc(func(r *http.Request) (*http.Response, error) {
					res, err := wrapped.Client().Transport.RoundTrip(r)
					if err == nil {
						echoed = res.Header.Get("X-Correlation-Id")
					}
					return res, err
				})
				got := visit(wrapped, out.transport(base))
				assert.Equal(t, want, got, "what the client saw")

				client := tc.client
				if proto.proto == "HTTP/1.1" && tc.http1 != nil {
					client = *tc.http1
				} else if tc.http2 != nil {
					client = *tc.http2
				}
				client.check(t, out, "client", clientDuration)
				if tc.silent {
					assert.Len(t, in.spans.Ended(), before)
					assert.Empty(t, in.points())
					return
				}
				tc.server.check(t, in, "server", serverDuration)
				span := in.span()
				assert.Equal(t, tc.route, attributes(span)["http.route"])
				assert.Equal(t, tc.route, in.duration(serverDuration).attributes["http.route"])
				assert.Equal(t, "c-1", attributes(span)["correlation_id"])
				assert.Equal(t, out.span().SpanContext().SpanID(), span.Parent().SpanID())
				if got.status != 0 {
					assert.Equal(t, "c-1", echoed)
				}
				if got.failed == "" && tc.read == nil {
					assert.Equal(t, sizeText(len(got.body)), attributes(span)["http.response.body.size"])
					assert.Equal(t, sizeText(len(got.body)), attributes(out.span())["http.response.body.size"])
				}
			})
		}
	}
}

func sizeText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func routeOf(mux *http.ServeMux) func(*http.Request) string {
	return func(r *http.Request) string {
		_, pattern := mux.Handler(r)
		return pattern
	}
}
