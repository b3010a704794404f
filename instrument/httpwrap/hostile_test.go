// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
)

// hostile makes text of all that has ever hurt anybody.
func hostile(rnd *rand.Rand) string {
	pieces := []string{
		"\r\n", "\n", "\x00", "\x1b[31m", "\xff\xfe", "é", "\u2028", "X-Evil: 1", ",", ";", "=", "\"", "../", "%0d%0a",
		"127.0.0.1", "::1", "[", "]", ":", "for=", "evil.example", "😀", "\xf0\x9f", "<script>", "${jndi:", " ", "\t", "0",
	}
	var b strings.Builder
	for range rnd.IntN(12) {
		b.WriteString(pieces[rnd.IntN(len(pieces))])
	}
	if rnd.IntN(50) == 0 {
		b.WriteString(strings.Repeat(pieces[rnd.IntN(len(pieces))], 4000))
	}
	return b.String()
}

// strict fails the test for each attribute that a collector could choke on.
type strict struct{ t *testing.T }

func (strict) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (strict) Shutdown(context.Context) error                  { return nil }
func (strict) ForceFlush(context.Context) error                { return nil }

func (s strict) OnEnd(span sdktrace.ReadOnlySpan) {
	if !utf8.ValidString(span.Name()) || len(span.Name()) > 64 {
		s.t.Errorf("span name %q", span.Name())
	}
	for _, kv := range span.Attributes() {
		text := kv.Value.String()
		if !utf8.ValidString(text) {
			s.t.Errorf("%s is not valid UTF-8: %q", kv.Key, text)
		}
		limit := 512
		if kv.Key == "url.path" || kv.Key == "url.full" {
			limit = 2048
		}
		if len(text) > limit {
			s.t.Errorf("%s has %d bytes", kv.Key, len(text))
		}
		if kv.Key == "client.address" && text != "192.0.2.1" {
			s.t.Errorf("client.address %q is not the peer", text)
		}
	}
}

func TestTenThousandHostileRequests(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	tel := newTelemetry(t)
	tel.tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(strict{t}))
	mux := http.NewServeMux()
	mux.HandleFunc("/orders/{id}", ok)
	h := tel.handler(mux, httpwrap.WithTraceResponse())
	for range 10_000 {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = "192.0.2.1:1234"
		r.Host = hostile(rnd)
		r.Method = hostile(rnd)
		r.URL = &url.URL{Path: "/orders/" + hostile(rnd)}
		r.Proto, r.ProtoMinor = "HTTP/1."+hostile(rnd), rnd.IntN(10)
		for _, name := range []string{
			"User-Agent", "X-Forwarded-For", "Forwarded", "X-Real-Ip", "X-Forwarded-Host", "X-Forwarded-Proto",
			"Traceparent", "Tracestate", "Baggage", "B3", "X-B3-Traceid", "X-Correlation-Id", "X-Request-Id",
		} {
			r.Header[name] = []string{hostile(rnd), hostile(rnd)}
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)

		var head bytes.Buffer
		require.NoError(t, w.Header().Write(&head))
		for name, values := range w.Header() {
			switch name {
			case "X-Correlation-Id", "Traceresponse", "Content-Type", "Location", "X-Content-Type-Options":
			default:
				t.Fatalf("header %q was injected", name)
			}
			if name == "X-Correlation-Id" || name == "Traceresponse" {
				assert.NotContains(t, values[0], "\n")
				assert.Regexp(t, `^[!-~]+$`, values[0])
			}
		}
		if t.Failed() {
			return
		}
	}
	for name, points := range tel.points() {
		assert.LessOrEqual(t, len(points), 24, "series of %s", name)
		for _, p := range points {
			for key, value := range p.attributes {
				switch key {
				case "http.request.method", "http.route", "url.scheme", "http.response.status_code", "network.protocol.version":
				default:
					t.Errorf("%s has an attribute %s=%q", name, key, value)
				}
			}
		}
	}
}

func TestManyRoutesAreStillRight(t *testing.T) {
	tel := newTelemetry(t)
	h := tel.handler(http.HandlerFunc(ok), httpwrap.WithRoute(func(r *http.Request) string { return r.URL.Path }))
	for i := range 1500 {
		get(h, "/r"+string(rune('a'+i%26))+strings.Repeat("x", i/26))
	}
	assert.Len(t, tel.points()[serverDuration], 1500, "beyond the cache of attribute sets nothing is lost")
}

func TestClientSpansOfHostileHosts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	tel := newTelemetry(t)
	tel.tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(strict{t}))
	rt := tel.transport(answer(204, nil))
	for range 1000 {
		r := &http.Request{
			Method: hostile(rnd),
			URL:    &url.URL{Scheme: "http", Host: hostile(rnd), Path: hostile(rnd), RawQuery: hostile(rnd)},
			Header: http.Header{"User-Agent": {hostile(rnd)}},
		}
		_, err := rt.RoundTrip(r)
		require.NoError(t, err)
	}
}

// Over a real connection, the way such requests come.
func TestHostileRequestOverTheWire(t *testing.T) {
	tel := newTelemetry(t)
	server := httptest.NewServer(tel.handler(shopMux(), httpwrap.WithCapturedHeaders("X-Bad")))
	defer server.Close()
	conn, err := server.Client().Transport.(*http.Transport).DialContext(context.Background(), "tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "BREW /any/%ff%fe HTTP/1.7\r\nHost: evil.example\r\nUser-Agent: \xff\xfe\r\n"+
		"X-Bad: \xff"+strings.Repeat("y", 5000)+"\r\nX-Forwarded-For: 6.6.6.6\r\nX-Correlation-ID: a b\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(t, err)
	assert.Regexp(t, "^[0-9a-f]{32}$", res.Header.Get("X-Correlation-Id"))

	attrs := attributes(tel.awaitSpan())
	assert.Equal(t, "_OTHER", attrs["http.request.method"])
	assert.Equal(t, "BREW", attrs["http.request.method_original"])
	assert.Equal(t, "\uFFFD", attrs["user_agent.original"])
	assert.Equal(t, "/any/\uFFFD", attrs["url.path"])
	assert.Equal(t, "127.0.0.1", attrs["client.address"])
	assert.True(t, utf8.ValidString(attrs["http.request.header.x-bad"]))
	assert.Less(t, len(attrs["http.request.header.x-bad"]), 600)
	assert.Equal(t, map[string]string{
		"http.request.method": "_OTHER", "http.route": "/any/{rest...}", "http.response.status_code": "200", "url.scheme": "http",
	}, tel.duration(serverDuration).attributes, "no version that the caller made up")
}
