// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// secrets are given to every exporter of these tests, and shown by none.
var secrets = []string{"hunter2", "sk-0123456789", "tok/abc+def", "aHVudGVyOmh1bnRlcjI="} // the last is user:password in base64

// secretURL adds a user, a password and a key to the URL of a collector.
func secretURL(raw string) string {
	return strings.Replace(raw, "://", "://hunter:hunter2@", 1) + "?api_key=sk-0123456789"
}

// dial returns an exporter to url, with secrets, that is shut down with the
// test.
func dial(t *testing.T, url string, opts ...Option) *Exporter {
	t.Helper()
	opts = append([]Option{WithHeaders(map[string]string{"X-Token": "tok/abc+def"})}, opts...)
	e, err := New(secretURL(url), opts...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = e.Shutdown(context.Background()) })
	return e
}

// settled checks what must hold of an exporter with no export under way:
// every span is accounted for, and nothing it shows is a secret.
func settled(t *testing.T, e *Exporter, errs ...error) Stats {
	t.Helper()
	s := e.Stats()
	assert.Zero(t, s.InFlight)
	assert.Equal(t, s.Taken, s.Sent+s.Dropped.Total(), "%+v", s)
	asJSON, err := json.Marshal(s)
	require.NoError(t, err)
	shown := []string{string(asJSON), fmt.Sprintf("%v %+v %#v %s", e, e, e, e.Endpoint()), fmt.Sprintf("%+v", e.MarshalLog())}
	for _, err := range errs {
		for ; err != nil; err = unwrap(err) {
			shown = append(shown, err.Error())
		}
	}
	for _, text := range shown {
		for _, secret := range secrets {
			assert.NotContains(t, text, secret)
		}
	}
	return s
}

func unwrap(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		return u.Unwrap()
	}
	return nil
}

// inside is a transport that hands requests to a handler without a network,
// for tests in a bubble of synctest.
type inside struct {
	handler http.Handler
	seen    func(*http.Request)
}

func (i inside) RoundTrip(r *http.Request) (*http.Response, error) {
	if i.seen != nil {
		i.seen(r)
	}
	recorder := httptest.NewRecorder()
	i.handler.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

// roundTrip is a transport that is a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// clock notes the time of each request, as seen in a bubble.
type clock struct {
	mu    sync.Mutex
	times []time.Duration
	since time.Time
}

func (c *clock) tick(*http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times = append(c.times, time.Since(c.since))
}

// handled makes the test the one that OpenTelemetry's errors are told to and
// returns what was told. Tests that use it are not parallel.
func handled(t *testing.T) func() []string {
	var mu sync.Mutex
	var told []string
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, err.Error())
	}))
	t.Cleanup(func() { otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {})) })
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string{}, told...)
	}
}

var accepted = instrumenttest.Accepted()
