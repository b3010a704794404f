// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// api answers the part of Zipkin's HTTP API that its clients use, and what the
// page asks.
type api struct {
	store    *store
	logs     *logs
	statsd   *statsd
	hub      *hub
	maxBytes int64

	// A few bytes of gzip become many of JSON, and more of spans: no more
	// than this number of bodies are unpacked at a time.
	unpacking chan struct{}
	large     chan struct{} // likewise for bodies that are more than smallBody
}

const (
	smallBody = 256 << 10
	maxLarge  = 8
	largeWait = 10 * time.Second
)

var errBusy = fmt.Errorf("viewer: %d large bodies are being read already", maxLarge)

func newHandler(v *Viewer, maxBytes int64) http.Handler {
	a := &api{store: v.store, logs: v.logs, statsd: v.statsd, hub: v.hub, maxBytes: maxBytes,
		unpacking: make(chan struct{}, 2), large: make(chan struct{}, maxLarge)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v2/spans", a.collect)
	mux.HandleFunc("GET /api/v2/services", a.services)
	mux.HandleFunc("GET /api/v2/remoteServices", a.remoteServices)
	mux.HandleFunc("GET /api/v2/spans", a.spanNames)
	mux.HandleFunc("GET /api/v2/traces", a.traces)
	mux.HandleFunc("GET /api/v2/trace/{id}", a.trace)
	mux.HandleFunc("GET /api/v2/traceMany", a.traceMany)
	mux.HandleFunc("GET /api/v2/dependencies", a.dependencies)
	mux.HandleFunc("GET /api/v2/autocompleteKeys", a.autocomplete)
	mux.HandleFunc("GET /api/v2/autocompleteValues", a.autocomplete)
	mux.HandleFunc("GET /health", a.health)

	mux.HandleFunc("GET /api/viewer/traces", a.list)
	mux.HandleFunc("GET /api/viewer/trace/{id}", a.traceView)
	mux.HandleFunc("GET /api/viewer/trace/{id}/text", a.traceText)
	mux.HandleFunc("GET /api/viewer/trace/{id}/span/{n}", a.spanView)
	mux.HandleFunc("GET /api/viewer/statsd", a.counters)
	mux.HandleFunc("GET /api/viewer/live", a.live)
	mux.HandleFunc("GET /api/viewer/stats", a.readStats)

	mux.HandleFunc("GET /{$}", servePage)
	for _, usual := range []string{"GET /traces/{id}", "GET /zipkin/traces/{id}"} { // links made for Zipkin's own page
		mux.HandleFunc(usual, permalink)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Everything here repeats what strangers sent: it is to be read, never run.
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		mux.ServeHTTP(w, r)
	})
}

func (a *api) collect(w http.ResponseWriter, r *http.Request) {
	spans, status, err := a.read(w, r)
	if err != nil {
		a.store.reject()
		http.Error(w, err.Error(), status)
		return
	}
	a.store.add(spans)
	for i, s := range spans {
		if i == 0 || s.TraceID != spans[i-1].TraceID {
			a.hub.changed(s.TraceID)
		}
	}
	w.WriteHeader(http.StatusAccepted)
}

func (a *api) read(w http.ResponseWriter, r *http.Request) (_ []Span, status int, _ error) {
	for _, other := range []string{"protobuf", "thrift"} {
		if kind := r.Header.Get("Content-Type"); strings.Contains(kind, other) {
			return nil, http.StatusUnsupportedMediaType, fmt.Errorf("viewer: content type %s is not JSON", quote(kind))
		}
	}
	var compressed bool
	encoding := strings.Join(r.Header.Values("Content-Encoding"), ", ")
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
	case "gzip", "x-gzip":
		compressed = true
	default:
		return nil, http.StatusUnsupportedMediaType, fmt.Errorf("viewer: content encoding %s is not gzip", quote(encoding))
	}
	body, done, err := a.body(http.MaxBytesReader(w, r.Body, maxBody))
	defer done()
	var large *http.MaxBytesError
	switch {
	case errors.Is(err, errBusy):
		w.Header().Set("Retry-After", "1")
		return nil, http.StatusServiceUnavailable, err
	case errors.As(err, &large):
		return nil, http.StatusRequestEntityTooLarge, errTooLarge
	case err != nil:
		return nil, http.StatusBadRequest, errors.New("viewer: body ends early")
	}
	a.unpacking <- struct{}{}
	defer func() { <-a.unpacking }()
	spans, err := decode(body, compressed, a.maxBytes)
	switch {
	case errors.Is(err, errTooLarge), errors.Is(err, errTooMuch):
		return nil, http.StatusRequestEntityTooLarge, err
	case err != nil:
		return nil, http.StatusBadRequest, err
	}
	return spans, 0, nil
}

// body reads all of r. Of large bodies there are a few at a time, until done is
// called, and the others wait.
func (a *api) body(r io.Reader) (_ []byte, done func(), _ error) {
	done = func() {}
	body, err := io.ReadAll(io.LimitReader(r, smallBody))
	if err != nil || len(body) < smallBody {
		return body, done, err
	}
	wait := time.NewTimer(largeWait)
	defer wait.Stop()
	select {
	case a.large <- struct{}{}:
		done = func() { <-a.large }
	case <-wait.C:
		return nil, done, errBusy
	}
	whole := bytes.NewBuffer(body)
	_, err = whole.ReadFrom(r)
	return whole.Bytes(), done, err
}

func (a *api) traces(w http.ResponseWriter, r *http.Request) {
	q, err := parseQuery(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	replyTraces(w, q.find(a.store.all()))
}

func (a *api) trace(w http.ResponseWriter, r *http.Request) {
	if spans := a.found(w, r); spans != nil {
		replyEach(w, spans)
	}
}

func (a *api) health(w http.ResponseWriter, _ *http.Request) {
	reply(w, map[string]string{"status": "UP"})
}

func (a *api) counters(w http.ResponseWriter, _ *http.Request) { reply(w, a.statsd.view()) }

func (a *api) readStats(w http.ResponseWriter, _ *http.Request) { reply(w, a.stats()) }

func (a *api) stats() Stats {
	s := a.store.read()
	s.Logs, s.LogsEvicted = a.logs.read()
	return s
}
