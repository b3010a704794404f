// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// api answers the part of Zipkin's HTTP API that its clients use.
type api struct {
	store    *store
	maxBytes int64

	// A few bytes of gzip become many of JSON, and more of spans: no more
	// than this number of bodies are unpacked at a time.
	unpacking chan struct{}
}

func newHandler(st *store, maxBytes int64) http.Handler {
	a := &api{store: st, maxBytes: maxBytes, unpacking: make(chan struct{}, 2)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v2/spans", a.collect)
	mux.HandleFunc("GET /api/v2/services", a.services)
	mux.HandleFunc("GET /api/v2/spans", a.spanNames)
	mux.HandleFunc("GET /api/v2/traces", a.traces)
	mux.HandleFunc("GET /api/v2/trace/{id}", a.trace)
	mux.HandleFunc("GET /health", a.health)
	mux.HandleFunc("GET /{$}", a.index)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Everything here repeats what strangers sent: it is to be read, never run.
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
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
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
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

func (a *api) services(w http.ResponseWriter, _ *http.Request) {
	reply(w, a.names(func(s *Span) string { return s.Service() }))
}

func (a *api) spanNames(w http.ResponseWriter, r *http.Request) {
	service := r.URL.Query().Get("serviceName")
	if service == "" {
		http.Error(w, "viewer: serviceName is required", http.StatusBadRequest)
		return
	}
	reply(w, a.names(func(s *Span) string {
		if !strings.EqualFold(service, s.Service()) {
			return ""
		}
		return s.Name
	}))
}

// names returns, sorted, what of says of each span, less the empty string.
func (a *api) names(of func(*Span) string) []string {
	seen := map[string]bool{"": true}
	names := []string{} // never null in JSON
	for _, spans := range a.store.all() {
		for _, s := range spans {
			if n := of(&s.Span); !seen[n] {
				seen[n] = true
				names = append(names, n)
			}
		}
	}
	slices.Sort(names)
	return names
}

func (a *api) traces(w http.ResponseWriter, r *http.Request) {
	q, err := parseQuery(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply(w, q.find(a.store.all()))
}

func (a *api) trace(w http.ResponseWriter, r *http.Request) {
	key, ok := traceKey(strings.ToLower(r.PathValue("id")))
	if !ok {
		http.Error(w, fmt.Sprintf("viewer: trace id %s is not 1 to 32 hexadecimal digits, or is zero", quote(r.PathValue("id"))), http.StatusBadRequest)
		return
	}
	spans := a.store.trace(key)
	if spans == nil {
		http.Error(w, "viewer: no trace "+key+" here", http.StatusNotFound)
		return
	}
	reply(w, spans)
}

func (a *api) health(w http.ResponseWriter, _ *http.Request) {
	reply(w, map[string]string{"status": "UP"})
}

func (a *api) index(w http.ResponseWriter, _ *http.Request) {
	s := a.store.read()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, `Waymark viewer: spans in memory, spoken to as a Zipkin server.

POST /api/v2/spans                  Zipkin v2 JSON, gzip or not
GET  /api/v2/services
GET  /api/v2/spans?serviceName=
GET  /api/v2/traces                 serviceName spanName annotationQuery minDuration maxDuration endTs lookback limit
GET  /api/v2/trace/{id}
GET  /health

held      %d spans of %d traces, %d of %d bytes
received  %d spans: %d duplicates, %d evicted, %d dropped; %d requests rejected
`, s.Spans, s.Traces, s.Bytes, s.MaxBytes, s.Received, s.Duplicates, s.Evicted, s.Dropped, s.Rejected)
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the caller has left; there is nobody to tell
}
