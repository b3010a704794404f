// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/metricstest"
)

// timings are the tags of each timing, as method, route, status and error.
func timings(t *testing.T, r *metricstest.Recorder, name string) [][4]string {
	t.Helper()
	var all [][4]string
	for _, m := range r.Metrics() {
		require.Equal(t, "ms", m.Type)
		require.Equal(t, name, m.Name)
		all = append(all, [4]string{m.Tag("method"), m.Tag("route"), m.Tag("status"), m.Tag("error")})
	}
	return all
}

func TestEachRequestInIsTimedByItsRoute(t *testing.T) {
	r := metricstest.NewRecorder(t, metrics.WithoutAggregation())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /broken", func(http.ResponseWriter, *http.Request) { panic("no") })
	h := httpwrap.Handler(mux, httpwrap.WithTimers(r.Client())) // no provider at all
	for _, request := range [][2]string{{"GET", "/orders/1"}, {"GET", "/orders/2"}, {"GET", "/nowhere"}, {"BREW", "/orders/1"}} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(request[0], request[1], nil))
	}
	assert.Panics(t, func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/broken", nil)) })
	assert.ElementsMatch(t, [][4]string{
		{"GET", "/orders/{id}", "200", ""},
		{"GET", "/orders/{id}", "200", ""},
		{"GET", "", "404", ""},
		{"_OTHER", "", "405", ""},
		{"GET", "/broken", "500", "panic"},
	}, timings(t, r, "http.server.request"))
}

func TestEachRequestOutIsTimed(t *testing.T) {
	r := metricstest.NewRecorder(t, metrics.WithoutAggregation())
	server := httptest.NewServer(http.NotFoundHandler())
	client := &http.Client{Transport: httpwrap.Transport(nil, httpwrap.WithTimers(r.Client()), httpwrap.WithRoute(func(*http.Request) string { return "/items" }))}
	resp, err := client.Get(server.URL)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	server.Close()
	_, err = client.Get(server.URL)
	require.Error(t, err)
	got := timings(t, r, "http.client.request")
	require.Len(t, got, 2)
	slices.SortFunc(got, func(a, b [4]string) int { return strings.Compare(a[2], b[2]) })
	assert.Empty(t, got[0][2])
	assert.NotEmpty(t, got[0][3])
	assert.Equal(t, "404", got[1][2])
}

func TestTimersAllocateNothing(t *testing.T) {
	var c *metrics.Client
	plain := httpwrap.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), httpwrap.WithTimers(c))
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	assert.Zero(t, testing.AllocsPerRun(100, func() { plain.ServeHTTP(w, r) }), "a nil client is none")
}
