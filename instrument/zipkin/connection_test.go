// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

func TestConnectionsThatFail(t *testing.T) {
	secure := instrumenttest.NewTLSCollector(t)
	plain := instrumenttest.NewCollector(t)
	gone := instrumenttest.NewCollector(t)
	gone.Close()
	unknown := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "zipkin.example", IsNotFound: true}
	}}}
	for name, tc := range map[string]struct {
		url     string
		options []Option
		once    bool
		says    string
		is      func(error) bool
	}{
		"certificate that nobody vouches for": {url: secure.URL, once: true, says: "certificate", is: func(err error) bool {
			var authority x509.UnknownAuthorityError
			return errors.As(err, &authority)
		}},
		"TLS to a server that has none": {url: strings.Replace(plain.URL, "http:", "https:", 1), once: true, says: "HTTP response to HTTPS client"},
		"refused":                       {url: gone.URL, says: "127.0.0.1"},
		"no such host": {url: "http://zipkin.example/api/v2/spans", options: []Option{WithClient(unknown)}, says: "no such host", is: func(err error) bool {
			var dns *net.DNSError
			return errors.As(err, &dns)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := dial(t, tc.url, append(tc.options, WithTimeout(400*time.Millisecond))...)
			err := e.ExportSpans(context.Background(), batch(3))
			stats := settled(t, e, err)
			assert.Equal(t, Dropped{Unavailable: 3}, stats.Dropped)
			assert.Equal(t, tc.once, stats.Retried == 0, "%d repetitions", stats.Retried)
			require.Error(t, err)
			assert.Contains(t, err.Error(), tc.says)
			assert.True(t, tc.is == nil || tc.is(err), "the cause can be asked for")
		})
	}
}

func TestTLSConfigIsUsed(t *testing.T) {
	c := instrumenttest.NewTLSCollector(t)
	e := dial(t, c.URL, WithTLSConfig(c.TLSConfig()))
	require.NoError(t, e.ExportSpans(context.Background(), batch(3)))
	assert.Len(t, c.Spans(), 3)
}

func TestUnixSocket(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	path := t.TempDir() + "/z.sock"
	listener, err := net.Listen("unix", path)
	require.NoError(t, err)
	server := &http.Server{Handler: c}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	for url, want := range map[string]string{"unix://" + path: "/api/v2/spans", "unix://" + path + ":/other?a=b": "/other?a=b"} {
		e, err := New(url)
		require.NoError(t, err)
		require.NoError(t, e.ExportSpans(context.Background(), batch(2)))
		requests := c.Requests()
		assert.Equal(t, want, requests[len(requests)-1].URL)
		require.NoError(t, e.Shutdown(context.Background()))
	}
	assert.Len(t, c.Spans(), 4)
}

// reader counts what is read of an endless body.
type reader struct{ n int }

func (r *reader) Read(p []byte) (int, error) {
	r.n += len(p)
	return len(p), nil
}

func TestNoMoreThan64KiBOfAReplyIsRead(t *testing.T) {
	body := &reader{}
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		return &http.Response{StatusCode: 400, ContentLength: -1, Body: io.NopCloser(body), Header: http.Header{}}, nil
	})}
	e := dial(t, "http://collector.example", WithClient(client))
	err := e.ExportSpans(context.Background(), batch(1))
	settled(t, e, err)
	assert.Positive(t, body.n)
	assert.LessOrEqual(t, body.n, 64<<10)
}

func TestNoMoreThan64KiBOfHeadersAreRead(t *testing.T) {
	c := instrumenttest.NewCollector(t, accepted.WithHeader("X-Long", strings.Repeat("x", 80<<10)))
	e := dial(t, c.URL, WithTimeout(1500*time.Millisecond))
	err := e.ExportSpans(context.Background(), batch(1))
	assert.ErrorContains(t, err, "headers exceeded")
	settled(t, e, err)
}

// silent is a body that says nothing until its request is over.
type silent struct{ ctx context.Context }

func (s silent) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func TestAReplyThatDoesNotEndHoldsNothingUp(t *testing.T) {
	for _, status := range []int{202, 500} {
		synctest.Test(t, func(t *testing.T) {
			e, err := New("http://collector.example", WithClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, ContentLength: -1, Body: io.NopCloser(silent{r.Context()}), Header: http.Header{}}, nil
			})}))
			require.NoError(t, err)
			begin := time.Now()
			err = e.ExportSpans(context.Background(), batch(1))
			assert.Equal(t, drainTime, time.Since(begin))
			assert.Equal(t, status == 202, err == nil, "the status is what counts")
			settled(t, e, err)
		})
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Status(202).WithBody("thanks"))
	opened, closed := 0, make(chan struct{}, 8)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: c, ConnState: func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			opened++ // by the one goroutine that accepts
		case http.StateClosed:
			closed <- struct{}{}
		}
	}}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	e := dial(t, "http://"+listener.Addr().String())
	for range 10 {
		require.NoError(t, e.ExportSpans(context.Background(), batch(1)))
	}
	require.NoError(t, e.Shutdown(context.Background()))
	<-closed // by Shutdown: the server is still up
	require.NoError(t, server.Close())
	<-done
	assert.Equal(t, 1, opened)
}

func TestNothingReadsABodyOnceTheRequestIsOver(t *testing.T) {
	late := make(chan error, 2)
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		go func() { // as net/http's transport does when the answer comes early
			<-r.Context().Done()
			_, err := io.Copy(io.Discard, r.Body)
			late <- err
			_, err = r.GetBody()
			late <- err
		}()
		return &http.Response{StatusCode: 202, Body: http.NoBody, Header: http.Header{}}, nil
	})}
	e := dial(t, "http://collector.example", WithClient(client))
	require.NoError(t, e.ExportSpans(context.Background(), batch(1)))
	assert.ErrorIs(t, <-late, errDetached)
	assert.ErrorIs(t, <-late, errDetached)
}
