// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ours are the lines that differ: the time, and the header asked for.
var ours = regexp.MustCompile(`(?m)^(Date|X-Correlation-Id): .*\r\n`)

// wire sends raw bytes and returns all that comes back.
func wire(t *testing.T, h http.Handler, raw string) string {
	server := protocols[0].start(t, h)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, raw)
	require.NoError(t, err)
	b, _ := io.ReadAll(conn)
	return ours.ReplaceAllString(string(b), "")
}

func TestBytesOnTheWireAreThoseOfTheBareHandler(t *testing.T) {
	nothing := func(context.Context) {}
	for name, raw := range map[string]string{
		"get":          "GET /ok/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"HTTP/1.0":     "GET /ok/1 HTTP/1.0\r\n\r\n",
		"head":         "HEAD /ok/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"early hints":  "GET /hints HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"continue":     "POST /read HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
		"chunks":       "GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"file":         "GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\nRange: bytes=5-9\r\n\r\n",
		"upgrade":      "GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello\n",
		"not found":    "GET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"redirect":     "GET /tree HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"panic":        "GET /panic HTTP/1.1\r\nHost: x\r\n\r\n",
		"late panic":   "GET /panic/late HTTP/1.1\r\nHost: x\r\n\r\n",
		"two requests": "GET /ok/1 HTTP/1.1\r\nHost: x\r\n\r\nGET /ok/2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"unread body":  "POST /ok/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
	} {
		t.Run(name, func(t *testing.T) {
			tel := newTelemetry(t)
			mux := matrixMux(t, nothing, func() {})
			want, got := wire(t, mux, raw), wire(t, tel.handler(mux), raw)
			if name != "panic" {
				require.NotEmpty(t, want)
			}
			assert.Equal(t, want, got)
		})
	}
}

// What cannot be kept: net/http's MaxBytesReader asks the writer for a method
// that only net/http can have. The connection is then not closed after a body
// that is too large; docs/http.md says so. When this test fails, it can be.
func TestMaxBytesReaderCannotCloseTheConnection(t *testing.T) {
	limited := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 2)); err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		}
	})
	raw := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	tel := newTelemetry(t)
	assert.Contains(t, wire(t, limited, raw), "Connection: close")
	got := wire(t, tel.handler(limited), raw)
	assert.Regexp(t, "(?s)^HTTP/1.1 413 .*HTTP/1.1 200", got, "the next request on the connection is served")
}
