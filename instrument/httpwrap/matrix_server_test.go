// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// matrixMux answers in each way there is. It calls waiting when a request has
// come that waits for its client to leave; waiting returns when it has left.
func matrixMux(t testing.TB, db func(context.Context), waiting func()) *http.ServeMux {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, bytes.Repeat([]byte("0123456789"), 9999), 0o600))
	require.NoError(t, os.Chtimes(file, time.Unix(0, 0), time.Unix(1e9, 0)))
	mux := http.NewServeMux()
	handle := func(pattern string, f http.HandlerFunc) { mux.HandleFunc(pattern, f) }
	handle("GET /ok/{id}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	handle("GET /status/204", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
	handle("GET /status/304", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) })
	handle("GET /status/503", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "busy", http.StatusServiceUnavailable) })
	handle("GET /tree/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "tree") })
	handle("GET /hints", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</a>")
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, "hinted")
	})
	handle("GET /stream", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		for i := range 3 {
			_, _ = fmt.Fprintf(w, "part %d;", i)
			w.(http.Flusher).Flush()
		}
		w.Header().Set("X-Sum", "3")
	})
	handle("GET /events", events(make(chan error, 9)))
	handle("GET /file", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	handle("GET /upgrade", echoUpgrade)
	handle("GET /panic", func(http.ResponseWriter, *http.Request) { panic("boom") })
	handle("GET /panic/late", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic("boom")
	})
	handle("GET /abort", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.Handle("GET /timeout", http.TimeoutHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
	}), time.Millisecond, "slow"))
	handle("GET /wait", func(_ http.ResponseWriter, r *http.Request) {
		// TLS says goodbye before it hangs up, and an answer in between would
		// still be read.
		waiting()
		<-r.Context().Done()
	})
	handle("GET /health", func(w http.ResponseWriter, r *http.Request) {
		db(r.Context())
		_, _ = io.WriteString(w, "fine")
	})
	handle("POST /read", func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		_, _ = w.Write(b)
	})
	return mux
}
