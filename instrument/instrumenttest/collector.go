// SPDX-License-Identifier: Apache-2.0

package instrumenttest

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
)

// waitLimit is how long the Wait methods wait before they fail the test.
const waitLimit = 15 * time.Second

// Collector is a Zipkin endpoint on loopback that answers by a script and
// records what it is sent. Each request that carries spans uses up one answer
// of the script, in the order of arrival; after the last, that one is repeated.
// An empty script answers 202 to everything.
//
// A body that is not a list of Zipkin spans is answered 400, with the reason,
// where the script would have accepted it. An empty list, which is what a
// probe sends, is given the answer that comes next without using it up. GET
// /health answers 200.
//
// A Collector is an [http.Handler] too, for a listener of the test's own. All
// methods may be called from several goroutines.
type Collector struct {
	// URL is where spans are to be sent: scheme, host, port, /api/v2/spans.
	URL string

	t      testing.TB
	server *httptest.Server

	closeOnce sync.Once
	closed    chan struct{}
	releases  chan struct{}

	mu       sync.Mutex
	script   []Answer
	played   int // of script[0]
	requests []*Request
	probes   []*Request
	changed  chan struct{} // closed and replaced at each change
}

// Request is one request a collector got.
type Request struct {
	Method string
	URL    string // path and query
	Header http.Header
	Body   []byte       // after decompression
	Wire   int          // bytes of body as they came
	Spans  []ZipkinSpan // decoded from Body
	Err    error        // why Body is not a list of Zipkin spans; nil when it is
	Status int          // what was answered; 0 while or when it was not
	Time   time.Time    // when it had been read
}

// Accepted reports whether the request was answered 2xx.
func (r Request) Accepted() bool { return r.Status >= 200 && r.Status < 300 }

// NewCollector starts a collector on a free port of loopback. It is closed at
// the end of the test.
func NewCollector(t testing.TB, script ...Answer) *Collector {
	t.Helper()
	return newCollector(t, false, script)
}

// NewTLSCollector is NewCollector over HTTPS, with a certificate that
// [Collector.TLSConfig] trusts and nobody else does.
func NewTLSCollector(t testing.TB, script ...Answer) *Collector {
	t.Helper()
	return newCollector(t, true, script)
}

func newCollector(t testing.TB, secure bool, script []Answer) *Collector {
	c := &Collector{
		t:        t,
		closed:   make(chan struct{}),
		releases: make(chan struct{}),
		script:   slices.Clone(script),
		changed:  make(chan struct{}),
	}
	c.server = httptest.NewUnstartedServer(c)
	// Aborted handshakes and handlers are what scripts are about.
	c.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if secure {
		c.server.StartTLS()
	} else {
		c.server.Start()
	}
	c.URL = c.server.URL + "/api/v2/spans"
	t.Cleanup(c.Close)
	return c
}

// Close ends every answer under way and stops listening: from then on
// connections are refused. What was recorded remains. Closing twice is no-op.
func (c *Collector) Close() {
	c.closeOnce.Do(func() {
		close(c.closed)
		c.server.CloseClientConnections()
		c.server.Close()
	})
}

// TLSConfig returns a client's configuration that trusts the certificate of a
// collector made by NewTLSCollector. For any other it is nil.
func (c *Collector) TLSConfig() *tls.Config {
	cert := c.server.Certificate()
	if cert == nil {
		return nil
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// Play replaces what is left of the script.
func (c *Collector) Play(script ...Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.script, c.played = slices.Clone(script), 0
}

// Release lets one request that [Hang] holds be answered 202. It waits until
// there is one, and fails the test when none comes.
func (c *Collector) Release() {
	c.t.Helper()
	select {
	case c.releases <- struct{}{}:
	case <-c.closed:
	case <-time.After(waitLimit):
		c.t.Fatalf("instrumenttest: no request hangs after %v", waitLimit)
	}
}

// ServeHTTP records the request and plays the next answer.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.URL.Path == "/health" {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"UP"}`)
		return
	}
	rec := readRequest(r)
	answer := c.record(rec)
	answer.play(c, w, r, rec)
}

// record keeps rec and returns the answer it is to have.
func (c *Collector) record(rec *Request) Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.notify()
	answer := Accepted()
	if len(c.script) > 0 {
		answer = c.script[0]
	}
	if rec.Err == nil && len(rec.Spans) == 0 {
		c.probes = append(c.probes, rec)
		return answer
	}
	c.requests = append(c.requests, rec)
	if c.played++; len(c.script) > 1 && c.played >= max(answer.times, 1) {
		c.script, c.played = c.script[1:], 0
	}
	return answer
}

func (c *Collector) answered(rec *Request, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rec.Status = status
	c.notify()
}

// notify wakes the Wait methods. It is called with mu held.
func (c *Collector) notify() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// Requests returns the requests that carried spans, or a body that could not
// be read as spans, in the order of arrival.
func (c *Collector) Requests() []Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return deref(c.requests)
}

// Probes returns the requests that carried an empty list.
func (c *Collector) Probes() []Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return deref(c.probes)
}

// Spans returns the spans of the requests answered 2xx, in the order of
// arrival: what a client may count as delivered.
func (c *Collector) Spans() []ZipkinSpan {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.spans()
}

func (c *Collector) spans() []ZipkinSpan {
	var spans []ZipkinSpan
	for _, r := range c.requests {
		if r.Accepted() {
			spans = append(spans, r.Spans...)
		}
	}
	return spans
}

// WaitSpans waits until at least n spans have been accepted and returns all
// of them. It fails the test when they do not come.
func (c *Collector) WaitSpans(n int) []ZipkinSpan {
	c.t.Helper()
	return waitFor(c, n, "spans accepted", c.spans)
}

// WaitRequests waits until at least n requests with spans have come, answered
// or not, and returns all of them. It fails the test when they do not come.
func (c *Collector) WaitRequests(n int) []Request {
	c.t.Helper()
	return waitFor(c, n, "requests", func() []Request { return deref(c.requests) })
}

func waitFor[T any](c *Collector, n int, what string, have func() []T) []T {
	c.t.Helper()
	limit := time.NewTimer(waitLimit)
	defer limit.Stop()
	for {
		c.mu.Lock()
		got, changed := have(), c.changed
		c.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-changed:
		case <-limit.C:
			c.t.Fatalf("instrumenttest: %d %s after %v, want %d", len(got), what, waitLimit, n)
			return got
		}
	}
}

func deref(requests []*Request) []Request {
	out := make([]Request, len(requests))
	for i, r := range requests {
		out[i] = *r
	}
	return out
}

// hang waits to be released and reports whether it was.
func (c *Collector) hang(r *http.Request) bool {
	select {
	case <-c.releases:
		return true
	case <-r.Context().Done():
	case <-c.closed:
	}
	return false
}

// pour writes chunk again and again until client or test goes away.
func (c *Collector) pour(w http.ResponseWriter, r *http.Request, chunk []byte, interval time.Duration) {
	flush := http.NewResponseController(w)
	for flush.Flush() == nil && c.wait(r, interval) {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// wait waits for d and reports whether client and test are still there.
func (c *Collector) wait(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-c.closed:
	}
	return false
}
