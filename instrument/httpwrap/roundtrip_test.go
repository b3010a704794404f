// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// answer is a base that answers with a status and a body of unknown length.
func answer(status int, body io.ReadCloser) http.RoundTripper {
	return roundTripFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1, Body: body, Request: r}, nil
	})
}

func out(ctx context.Context, t testing.TB) *http.Request {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://shop.example:8080/a", nil)
	require.NoError(t, err)
	return r
}

func TestExchangeWithoutABodyEndsWithItsHeaders(t *testing.T) {
	unread := io.NopCloser(iotest.ErrReader(errors.New("nobody reads this")))
	for name, tc := range map[string]struct {
		method string
		res    http.Response
	}{
		"204":         {"GET", http.Response{StatusCode: 204, ContentLength: -1, Body: unread}},
		"304":         {"GET", http.Response{StatusCode: 304, ContentLength: -1, Body: unread}},
		"HEAD":        {"HEAD", http.Response{StatusCode: 200, ContentLength: 5, Body: unread}},
		"length zero": {"GET", http.Response{StatusCode: 200, Header: http.Header{"Content-Length": {"0"}}, Body: unread}},
		"HTTP/2":      {"GET", http.Response{StatusCode: 200, ProtoMajor: 2, Body: unread}},
		"101":         {"GET", http.Response{StatusCode: 101, ContentLength: -1, Body: unread}},
		"NoBody":      {"GET", http.Response{StatusCode: 200, ContentLength: -1, Body: http.NoBody}},
		"nil":         {"GET", http.Response{StatusCode: 200, ContentLength: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			tel := newTelemetry(t)
			r := out(context.Background(), t)
			r.Method = tc.method
			res, err := tel.transport(roundTripFunc(func(*http.Request) (*http.Response, error) { return &tc.res, nil })).RoundTrip(r)
			require.NoError(t, err)
			assert.Same(t, &tc.res, res)
			assert.Equal(t, tc.res.Body, res.Body, "a body that is none stays what it is")
			assert.Len(t, tel.spans.Ended(), 1, "its body need not be closed")
			assert.NotEmpty(t, tel.duration(clientDuration))
		})
	}
}

func TestExchangeEndsOnceWithItsBody(t *testing.T) {
	read := func(t *testing.T, res *http.Response) {
		_, err := io.Copy(io.Discard, res.Body)
		require.NoError(t, err)
	}
	closeBody := func(t *testing.T, res *http.Response) { require.NoError(t, res.Body.Close()) }
	for name, steps := range map[string][]func(*testing.T, *http.Response){
		"read to the end":         {read},
		"read and closed":         {read, closeBody},
		"closed unread":           {closeBody},
		"closed twice":            {closeBody, closeBody},
		"read twice, closed once": {read, read, closeBody},
	} {
		t.Run(name, func(t *testing.T) {
			tel := newTelemetry(t)
			res, err := tel.transport(answer(200, io.NopCloser(strings.NewReader("hello")))).RoundTrip(out(context.Background(), t))
			require.NoError(t, err)
			assert.Empty(t, tel.spans.Ended())
			for _, step := range steps {
				step(t, res)
			}
			assert.Equal(t, codes.Unset, tel.span().Status().Code)
			assert.Equal(t, "200", attributes(tel.span())["http.response.status_code"])
			assert.Empty(t, tel.duration(clientDuration).attributes["error.type"])
		})
	}
}

func TestBodyThatFailsIsTheOutcome(t *testing.T) {
	tel := newTelemetry(t)
	body := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(io.ErrUnexpectedEOF))
	res, err := tel.transport(answer(200, io.NopCloser(body))).RoundTrip(out(context.Background(), t))
	require.NoError(t, err)
	got, err := io.ReadAll(res.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, "half", string(got))
	require.NoError(t, res.Body.Close())

	span := tel.span()
	assert.Equal(t, sdktrace.Status{Code: codes.Error, Description: "unexpected EOF"}, span.Status())
	attrs := attributes(span)
	assert.Equal(t, "200", attrs["http.response.status_code"])
	assert.Equal(t, "*errors.errorString", attrs["error.type"])
	assert.Equal(t, "4", attrs["http.response.body.size"])
	point := tel.duration(clientDuration).attributes
	assert.Equal(t, "200", point["http.response.status_code"])
	assert.Equal(t, "*errors.errorString", point["error.type"])
}

func TestConcurrentReadAndCloseEndOnce(t *testing.T) {
	tel := newTelemetry(t)
	body, writer := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	res, err := tel.transport(answer(200, body)).RoundTrip(out(ctx, t))
	require.NoError(t, err)
	var group sync.WaitGroup
	for _, f := range []func(){
		func() { _, _ = io.Copy(io.Discard, res.Body) },
		func() { _ = res.Body.Close() },
		func() { _ = writer.CloseWithError(errors.New("reset")) },
		cancel,
	} {
		group.Go(f)
	}
	group.Wait()
	tel.awaitSpan()
	assert.EqualValues(t, 1, tel.duration(clientDuration).count)
}

func TestAbandonedBodyEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := newTelemetry(t)
		ctx, cancel := context.WithCancel(context.Background())
		body, _ := io.Pipe()
		_, err := tel.transport(answer(200, body)).RoundTrip(out(ctx, t))
		require.NoError(t, err)
		synctest.Wait()
		assert.Empty(t, tel.spans.Ended())
		cancel()
		synctest.Wait()
		assert.Equal(t, "context.Canceled", attributes(tel.span())["error.type"])
		assert.Equal(t, "context.Canceled", tel.duration(clientDuration).attributes["error.type"])
	})
}

func TestCancelAfterTheWholeBodyIsNoError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := newTelemetry(t)
		ctx, cancel := context.WithCancel(context.Background())
		res, err := tel.transport(roundTripFunc(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, ContentLength: 5, Body: io.NopCloser(strings.NewReader("hello"))}, nil
		})).RoundTrip(out(ctx, t))
		require.NoError(t, err)
		_, err = io.ReadFull(res.Body, make([]byte, 5))
		require.NoError(t, err)
		cancel()
		synctest.Wait()
		assert.Equal(t, codes.Unset, tel.span().Status().Code)
	})
}

func TestCancelDuringTheRequest(t *testing.T) {
	arrived := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}))
	defer server.Close()
	tel := newTelemetry(t)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-arrived
		cancel()
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	require.NoError(t, err)
	_, err = (&http.Client{Transport: tel.transport(&http.Transport{})}).Do(r)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, "context.Canceled", attributes(tel.span())["error.type"])
	assert.Empty(t, attributes(tel.span())["http.response.status_code"])
}

func TestBaseThatPanics(t *testing.T) {
	for name, tc := range map[string]struct {
		value  any
		status sdktrace.Status
		kind   string
		events int
	}{
		"panic": {"boom", sdktrace.Status{Code: codes.Error, Description: "boom"}, "panic", 1},
		"abort": {http.ErrAbortHandler, sdktrace.Status{}, "http.ErrAbortHandler", 0},
	} {
		t.Run(name, func(t *testing.T) {
			tel := newTelemetry(t)
			rt := tel.transport(roundTripFunc(func(*http.Request) (*http.Response, error) { panic(tc.value) }))
			assert.PanicsWithValue(t, tc.value, func() { _, _ = rt.RoundTrip(out(context.Background(), t)) })
			assert.Equal(t, tc.status, tel.span().Status())
			assert.Len(t, tel.span().Events(), tc.events)
			assert.Equal(t, tc.kind, attributes(tel.span())["error.type"])
			assert.Equal(t, tc.kind, tel.duration(clientDuration).attributes["error.type"])
		})
	}
}

func TestBaseThatExitsItsGoroutine(t *testing.T) {
	tel := newTelemetry(t)
	rt := tel.transport(roundTripFunc(func(*http.Request) (*http.Response, error) {
		runtime.Goexit()
		return nil, nil
	}))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = rt.RoundTrip(out(context.Background(), t))
	}()
	<-done
	assert.Equal(t, "runtime.Goexit", attributes(tel.span())["error.type"])
}

func TestBaseThatReturnsNothing(t *testing.T) {
	tel := newTelemetry(t)
	res, err := tel.transport(roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, nil })).
		RoundTrip(out(context.Background(), t))
	assert.Nil(t, res)
	assert.NoError(t, err)
	assert.Equal(t, codes.Error, tel.span().Status().Code)
}

// net/http sends a request again when a kept connection turns out to be dead:
// one exchange, one span.
func TestRetryOfTheBaseIsOneExchange(t *testing.T) {
	first := true
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPut && first {
			first = false
			conn, _, err := w.(http.Hijacker).Hijack()
			if assert.NoError(t, err) {
				_ = conn.Close()
			}
			return
		}
		_, _ = io.Copy(w, r.Body)
	}))
	defer server.Close()
	tel := newTelemetry(t)
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	rt := tel.transport(base)

	res, err := rt.RoundTrip(mustRequest(t, http.MethodGet, server.URL, nil))
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, res.Body)
	require.NoError(t, res.Body.Close())

	r := mustRequest(t, http.MethodPut, server.URL, strings.NewReader("hello"))
	r.Header.Set("Idempotency-Key", "1")
	require.NotNil(t, r.GetBody)
	res, err = rt.RoundTrip(r)
	require.NoError(t, err)
	got, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, "hello", string(got), "the body was sent again whole")
	assert.Len(t, tel.spans.Ended(), 2)
	assert.Equal(t, "5", attributes(tel.spans.Ended()[1])["http.request.body.size"])
}

func mustRequest(t testing.TB, method, url string, body io.Reader) *http.Request {
	r, err := http.NewRequest(method, url, body)
	require.NoError(t, err)
	return r
}

func TestBaseGetsTheBodyAsItIs(t *testing.T) {
	tel := newTelemetry(t)
	body := io.NopCloser(bytes.NewReader([]byte("hello")))
	rt := tel.transport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
		assert.Equal(t, body, r.Body)
		return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
	}))
	r := out(context.Background(), t)
	r.Body, r.ContentLength = body, -1
	_, err := rt.RoundTrip(r)
	require.NoError(t, err)
	assert.Empty(t, tel.points()["http.client.request.body.size"], "its size is not known, and not made up")
}
