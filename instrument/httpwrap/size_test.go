// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestResponseSizeIsWhatWasSent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, bytes.Repeat([]byte("0123456789"), 10_000), 0o600))
	serveFile := func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) }

	for name, tc := range map[string]struct {
		method  string
		handler http.HandlerFunc
		size    string // of the body, "" when nothing was sent
	}{
		"write": {"GET", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }, "5"},
		"string": {"GET", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.(io.StringWriter).WriteString("hello")
		}, "5"},
		"sendfile":       {"GET", serveFile, "100000"},
		"HEAD of a file": {"HEAD", serveFile, ""},
		"HEAD, written": {"HEAD", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "not sent")
		}, ""},
		"copied": {"GET", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, strings.NewReader(strings.Repeat("x", 70_000)))
		}, "70000"},
		"ReadFrom": {"GET", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.(io.ReaderFrom).ReadFrom(iotest.OneByteReader(strings.NewReader("hello")))
		}, "5"},
		"no content": {"GET", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			_, err := io.WriteString(w, "not allowed")
			assert.ErrorIs(t, err, http.ErrBodyNotAllowed)
		}, ""},
		"more than declared": {"GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "2")
			_, _ = io.WriteString(w, "ok")
			_, err := io.WriteString(w, "more")
			assert.ErrorIs(t, err, http.ErrContentLength)
		}, "2"},
		"nothing": {"GET", func(http.ResponseWriter, *http.Request) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tel := newTelemetry(t)
			server := httptest.NewServer(tel.handler(tc.handler))
			defer server.Close()
			r, err := http.NewRequest(tc.method, server.URL, nil)
			require.NoError(t, err)
			res, err := http.DefaultTransport.RoundTrip(r)
			require.NoError(t, err)
			got, err := io.Copy(io.Discard, res.Body)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			server.Close()
			assert.Equal(t, tc.size, attributes(tel.span())["http.response.body.size"])
			assert.Empty(t, attributes(tel.span())["error.type"])
			sizes := tel.points()["http.server.response.body.size"]
			require.Len(t, sizes, 1)
			assert.InDelta(t, got, sizes[0].sum, 0, "what the client got")
		})
	}
}

func TestSourceThatCannotBeReadLeavesTheStatusOpen(t *testing.T) {
	tel := newTelemetry(t)
	server := httptest.NewServer(tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := io.Copy(w, iotest.ErrReader(errors.New("disk"))); err != nil {
			http.Error(w, "no", http.StatusBadGateway)
		}
	})))
	defer server.Close()
	res, err := http.Get(server.URL)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	server.Close()
	assert.Equal(t, http.StatusBadGateway, res.StatusCode)
	assert.Equal(t, "502", attributes(tel.span())["http.response.status_code"])
}

func TestSourceThatFailsIsNotTheClientsFault(t *testing.T) {
	tel := newTelemetry(t)
	server := httptest.NewServer(tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, err := w.(io.ReaderFrom).ReadFrom(io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("disk"))))
		assert.Error(t, err)
	})))
	defer server.Close()
	res, err := http.Get(server.URL)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	server.Close()
	assert.Empty(t, attributes(tel.span())["error.type"])
	assert.Equal(t, "4", attributes(tel.span())["http.response.body.size"])
}

// panicReader breaks in the middle of a copy.
type panicReader struct{ n int }

func (r *panicReader) Read(p []byte) (int, error) {
	if r.n++; r.n > 3 {
		panic("source")
	}
	return len(p), nil
}

func TestSourceThatPanicsHadItsHeaderSent(t *testing.T) {
	tel := newTelemetry(t)
	server := httptest.NewServer(tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer func() { panic(http.ErrAbortHandler) }()
		_, _ = w.(io.ReaderFrom).ReadFrom(&panicReader{})
	})))
	defer server.Close()
	if res, err := http.Get(server.URL); err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	server.Close()
	assert.Equal(t, "200", attributes(tel.span())["http.response.status_code"])
}

func TestRequestSizeIsWhatTheHandlerRead(t *testing.T) {
	tel := newTelemetry(t)
	h := tel.handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadFull(r.Body, make([]byte, 3))
	}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader("hello")))
	assert.Equal(t, "3", attributes(tel.span())["http.request.body.size"])
	assert.InDelta(t, 3, tel.points()["http.server.request.body.size"][0].sum, 0)
}

func TestNoBodyStaysNoBody(t *testing.T) {
	tel := newTelemetry(t)
	for name, body := range map[string]io.ReadCloser{"NoBody": http.NoBody, "nil": nil} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Body = body
		tel.handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			assert.Equal(t, body, r.Body, name)
		})).ServeHTTP(httptest.NewRecorder(), r)
		assert.Equal(t, body, r.Body, name)
	}
}
