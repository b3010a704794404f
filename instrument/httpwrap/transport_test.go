// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/propagators"
)

func TestClientSpanCoversTheExchangeAndPropagates(t *testing.T) {
	var header http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		_, _ = io.WriteString(w, "hello")
	}))
	defer server.Close()
	tel := newTelemetry(t)
	client := &http.Client{Transport: tel.transport(nil)}

	ctx := propagators.ContextWithCorrelationID(context.Background(), "c-1")
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/a?sig=SECRET&b=1", nil)
	require.NoError(t, err)
	res, err := client.Do(r)
	require.NoError(t, err)
	assert.Empty(t, tel.spans.Ended(), "the body has not been read")
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, "hello", string(body))
	assert.Empty(t, r.Header, "the program's request is not modified")
	assert.Same(t, r, res.Request)

	span := tel.span()
	assert.Equal(t, "GET", span.Name())
	assert.Equal(t, trace.SpanKindClient, span.SpanKind())
	assert.Contains(t, header.Get("Traceparent"), span.SpanContext().SpanID().String())
	assert.NotEmpty(t, header.Get("B3"))
	assert.Equal(t, "c-1", header.Get("X-Correlation-ID"))
	attrs := attributes(span)
	assert.Equal(t, server.URL+"/a?sig=REDACTED&b=1", attrs["url.full"])
	assert.Equal(t, "200", attrs["http.response.status_code"])
	assert.Equal(t, "5", attrs["http.response.body.size"])
	assert.Equal(t, "127.0.0.1", tel.duration(clientDuration).attributes["server.address"])
}

func TestClientErrorStatusIsAnError(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	tel := newTelemetry(t)
	res, err := (&http.Client{Transport: tel.transport(nil)}).Get(server.URL)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, codes.Error, tel.span().Status().Code)
	assert.Equal(t, "404", attributes(tel.span())["error.type"])
	assert.Equal(t, "404", tel.duration(clientDuration).attributes["error.type"])
}

func TestClientTransportErrorIsRecorded(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	url := server.URL
	server.Close()
	tel := newTelemetry(t)
	_, err := (&http.Client{Transport: tel.transport(nil)}).Get(url)
	require.Error(t, err)
	assert.Equal(t, codes.Error, tel.span().Status().Code)
	assert.Equal(t, "*net.OpError", attributes(tel.span())["error.type"])
	assert.Equal(t, "*net.OpError", tel.duration(clientDuration).attributes["error.type"])
}

func TestSkippedRouteStaysSilentBelow(t *testing.T) {
	tel := newTelemetry(t)
	var sent http.Header
	base := roundTripFunc(func(r *http.Request) (*http.Response, error) {
		sent = r.Header
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	})
	client := tel.transport(base)
	h := tel.handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, span := tel.tracer.Tracer("database").Start(r.Context(), "SELECT")
		span.End()
		out := httptest.NewRequest(http.MethodGet, "http://other/", nil).WithContext(r.Context())
		_, err := client.RoundTrip(out)
		assert.NoError(t, err)
	}), httpwrap.WithSkip("/healthz", "GET /static/"))

	for _, target := range []string{"/healthz", "/static/a.css"} {
		get(h, target, "Traceparent", callerParent)
		assert.Empty(t, tel.spans.Ended(), target)
		assert.Equal(t, "00-"+callerTrace+"-"+callerSpan+"-00", sent.Get("Traceparent"))
		get(h, target)
		assert.Empty(t, tel.spans.Ended(), target)
		assert.Regexp(t, "^00-[0-9a-f]{32}-[0-9a-f]{16}-00$", sent.Get("Traceparent"))
	}
	assert.Empty(t, tel.points()[serverDuration])
	assert.Len(t, tel.points()[clientDuration], 1, "a call is a call")
	get(h, "/orders")
	assert.Len(t, tel.spans.Ended(), 3, "server, database and client")
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRequestWithoutHeadersCanCarryIDs(t *testing.T) {
	tel := newTelemetry(t)
	var sent http.Header
	_, err := tel.transport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
		sent = r.Header
		return &http.Response{StatusCode: 204}, nil
	})).RoundTrip(&http.Request{Method: http.MethodGet, URL: out(context.Background(), t).URL})
	require.NoError(t, err)
	assert.NotEmpty(t, sent.Get("Traceparent"))
}

// What a transport has decompressed is not as long as what was sent.
func TestSizeOfADecompressedBodyIsNotKnown(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, "hello")
		_ = z.Close()
	}))
	defer server.Close()
	tel := newTelemetry(t)
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	res, err := tel.transport(base).RoundTrip(mustRequest(t, http.MethodGet, server.URL, nil))
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, "hello", string(body))
	assert.NotContains(t, attributes(tel.span()), "http.response.body.size")
	assert.Empty(t, tel.points()["http.client.response.body.size"])
}

// tunnel is the body of an answer to CONNECT: both ways.
type tunnel struct {
	io.Reader
	io.Writer
}

func (tunnel) Close() error { return nil }

func TestBodyThatCanBeWrittenToStaysSo(t *testing.T) {
	tel := newTelemetry(t)
	var sent strings.Builder
	r := out(context.Background(), t)
	r.Method = http.MethodConnect
	res, err := tel.transport(answer(200, tunnel{strings.NewReader("hello"), &sent})).RoundTrip(r)
	require.NoError(t, err)
	socket, isSocket := res.Body.(io.ReadWriteCloser)
	require.True(t, isSocket)
	_, err = io.WriteString(socket, "to the other end")
	require.NoError(t, err)
	assert.Equal(t, "to the other end", sent.String())
	require.NoError(t, socket.Close())
	assert.Equal(t, "CONNECT", tel.span().Name())
}
