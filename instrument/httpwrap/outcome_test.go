// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
)

// A stream that watches its context stops before a write could fail.
func TestStreamThatStopsByItsContextIsSeen(t *testing.T) {
	for _, proto := range protocols {
		for name, tc := range map[string]struct{ length, kind string }{
			"in the middle":           {"", "context.Canceled"},
			"in the middle, declared": {"99", "context.Canceled"},
			"when all was sent":       {"5", ""},
		} {
			t.Run(proto.name+"/"+name, func(t *testing.T) {
				tel := newTelemetry(t)
				server := proto.start(t, tel.handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if tc.length != "" {
						w.Header().Set("Content-Length", tc.length)
					}
					_, _ = io.WriteString(w, "hello")
					w.(http.Flusher).Flush()
					<-r.Context().Done()
				})))
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
				require.NoError(t, err)
				res, err := server.Client().Do(r)
				require.NoError(t, err)
				_, err = io.ReadFull(res.Body, make([]byte, 5))
				require.NoError(t, err)
				if tcp := proto.reset(server); tcp != nil {
					_ = tcp.Close() // a connection that may be used again is not closed by the client
				}
				cancel()
				_ = res.Body.Close()
				span := tel.awaitSpan()
				assert.Equal(t, "200", attributes(span)["http.response.status_code"])
				assert.Equal(t, tc.kind, attributes(span)["error.type"])
				assert.Equal(t, codes.Unset, span.Status().Code)
				assert.Equal(t, tc.kind, tel.duration(serverDuration).attributes["error.type"])
			})
		}
	}
}

func TestResponseWithoutABodyIsCompleteWhenItsClientGoes(t *testing.T) {
	for method, status := range map[string]int{"HEAD": 200, "GET": 204, "PUT": 304} {
		tel := newTelemetry(t)
		ctx, cancel := context.WithCancel(context.Background())
		tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			w.(http.Flusher).Flush()
			cancel()
		})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, "/", nil).WithContext(ctx))
		assert.Empty(t, attributes(tel.span())["error.type"], method)
	}
}

// A server gives trailers that nobody announced to the request that it knows,
// once the body of any copy has been read.
func TestTrailersThatNobodyAnnouncedReachTheHandler(t *testing.T) {
	trailers := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprint(w, r.Trailer)
	})
	sampled, unsampled := newTelemetry(t), newTelemetry(t, sdktrace.WithSampler(sdktrace.NeverSample()))
	for name, h := range map[string]http.Handler{
		"bare":      trailers,
		"sampled":   sampled.handler(trailers),
		"unsampled": unsampled.handler(trailers, httpwrap.WithMeterProvider(noMetrics)),
		"skipped":   sampled.handler(trailers, httpwrap.WithSkip("/")),
		"passed on": httpwrap.Handler(trailers, httpwrap.WithTracerProvider(disabledProvider()),
			httpwrap.WithMeterProvider(noMetrics), httpwrap.WithPropagator(sampled.carrier)),
	} {
		server := httptest.NewServer(h)
		for _, announced := range []string{"", "Trailer: X-Sum\r\n"} {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			require.NoError(t, err)
			_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"+announced+
				"traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01\r\n"+
				"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n")
			require.NoError(t, err)
			answer, err := io.ReadAll(conn)
			require.NoError(t, err)
			assert.True(t, strings.HasSuffix(string(answer), "map[X-Sum:[1]]"), "%s, announced %q: %q", name, announced, answer)
			require.NoError(t, conn.Close())
		}
		server.Close()
	}
}

// A middleware that serves HEAD as GET changes the handler's copy of the
// request, and not what the server sends.
func TestHEADServedAsGETHasNoSize(t *testing.T) {
	tel := newTelemetry(t)
	server := httptest.NewServer(tel.handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Method = http.MethodGet
		_, _ = io.WriteString(w, "hello")
	})))
	defer server.Close()
	res, err := http.Head(server.URL)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.NotContains(t, attributes(tel.awaitSpan()), "http.response.body.size")
	assert.Equal(t, "HEAD", tel.span().Name())
}

// The route of a mux that is not asked is known when the handler has returned.
func TestNameGivenByTheProgramStandsWhenTheRouteIsFoundLater(t *testing.T) {
	rename := func(span trace.Span, _ *http.Request) { span.SetName("mine") }
	for name, tc := range map[string]struct {
		options []httpwrap.Option
		inside  func(trace.Span, *http.Request)
		want    string
	}{
		"by the handler": {inside: rename, want: "mine"},
		"at the start":   {options: []httpwrap.Option{httpwrap.WithSpanStart(rename)}, want: "mine"},
		"by nobody":      {want: "GET /x/{id}"},
	} {
		tel := newTelemetry(t)
		mux := http.NewServeMux()
		mux.HandleFunc("/x/{id}", func(_ http.ResponseWriter, r *http.Request) {
			if tc.inside != nil {
				tc.inside(trace.SpanFromContext(r.Context()), r)
			}
		})
		get(tel.handler(http.HandlerFunc(mux.ServeHTTP), tc.options...), "/x/1")
		assert.Equal(t, tc.want, tel.span().Name(), name)
		assert.Equal(t, "/x/{id}", attributes(tel.span())["http.route"], name)
	}
}

func TestRequestThatNamesNoHostHasNoServerAddress(t *testing.T) {
	tel := newTelemetry(t)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Host = ""
	tel.handler(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r)
	assert.NotContains(t, attributes(tel.span()), "server.address")
}

func TestFailureDescribedByTheProgramStands(t *testing.T) {
	for name, tc := range map[string]struct {
		code   codes.Code
		text   string
		status int
		want   sdktrace.Status
	}{
		"described, then 500":     {codes.Error, "store failed", 500, sdktrace.Status{Code: codes.Error, Description: "store failed"}},
		"500 and nothing said":    {codes.Unset, "", 500, sdktrace.Status{Code: codes.Error}},
		"described without words": {codes.Error, "", 500, sdktrace.Status{Code: codes.Error}},
		"described, then 200":     {codes.Error, "store failed", 200, sdktrace.Status{Code: codes.Error, Description: "store failed"}},
		"all is well, says it":    {codes.Ok, "", 500, sdktrace.Status{Code: codes.Ok}},
	} {
		tel := newTelemetry(t)
		get(tel.handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			trace.SpanFromContext(r.Context()).SetStatus(tc.code, tc.text)
			w.WriteHeader(tc.status)
		})), "/")
		assert.Equal(t, tc.want, tel.span().Status(), name)
	}
}
