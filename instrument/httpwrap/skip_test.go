// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The list says the same as a ServeMux with that one pattern.
func TestSkipListMatchesAsServeMuxDoes(t *testing.T) {
	for _, pattern := range []string{
		"/healthz", "GET /healthz", "POST /healthz", "/static/", "GET /static/", "/", "/{$}", "/a/{id}", "/a/{rest...}",
		"shop.example/healthz", "GET shop.example/static/", "/a%20b", "GET\t /healthz",
	} {
		list := newSkipList([]string{pattern})
		mux := http.NewServeMux()
		mux.Handle(pattern, http.NotFoundHandler())
		for _, method := range []string{"GET", "HEAD", "POST", "BREW"} {
			for _, target := range []string{
				"/", "/healthz", "/healthz/", "/healthz/x", "/static/", "/static/a/b", "/a/1", "/a/1/2", "/a%20b", "/none",
				"/static", "/static%2Fx", "/%68ealthz", "/a%2F1",
				"http://shop.example/healthz", "http://shop.example:81/static/x",
			} {
				r := httptest.NewRequest(method, target, nil)
				_, matched := mux.Handler(r)
				assert.Equal(t, matched != "", list.matches(r), "%s %s against %q", method, target, pattern)
				assert.Equal(t, list.matches(r), list.matchesOut(httptest.NewRequest(method, "http://"+r.Host+r.URL.EscapedPath(), nil)))
			}
		}
	}
}
