// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// skipList knows the requests to be silent about.
type skipList struct {
	paths []skipPath
	// muxes hold one pattern each: on a list, unlike on a server, it does not
	// matter that two patterns overlap.
	muxes []*http.ServeMux
}

// skipPath is a pattern without host and wildcards, which most are: matching
// one costs nothing.
type skipPath struct {
	method, path string
	mux          *http.ServeMux // for paths that are escaped
}

func newSkipList(patterns []string) (l skipList) {
	for _, pattern := range patterns {
		mux := newSkipMux(pattern)
		method, path := "", pattern
		if i := strings.IndexAny(pattern, " \t"); i >= 0 {
			method, path = pattern[:i], strings.TrimLeft(pattern[i:], " \t")
		}
		if strings.HasPrefix(path, "/") && !strings.ContainsAny(path, "{%") {
			l.paths = append(l.paths, skipPath{method, path, mux})
		} else {
			l.muxes = append(l.muxes, mux)
		}
	}
	return l
}

// newSkipMux leaves it to ServeMux to say what a pattern is.
func newSkipMux(pattern string) *http.ServeMux {
	defer func() {
		if v := recover(); v != nil {
			panic(fmt.Sprintf("httpwrap: skip pattern %q: %v", pattern, v))
		}
	}()
	mux := http.NewServeMux()
	mux.Handle(pattern, http.NotFoundHandler())
	return mux
}

// with returns a list of what is on either.
func (l skipList) with(m skipList) skipList {
	return skipList{paths: slices.Concat(l.paths, m.paths), muxes: slices.Concat(l.muxes, m.muxes)}
}

func (l skipList) empty() bool { return len(l.paths) == 0 && len(l.muxes) == 0 }

func (l skipList) matches(r *http.Request) bool {
	if l.empty() || r.URL == nil {
		return false
	}
	for _, p := range l.paths {
		if p.matches(r) {
			return true
		}
	}
	for _, mux := range l.muxes {
		if isServed(mux, r) {
			return true
		}
	}
	return false
}

func isServed(mux *http.ServeMux, r *http.Request) bool {
	_, pattern := mux.Handler(r)
	return pattern != ""
}

// matches is what ServeMux does with such a pattern: a path that ends in a
// slash stands for itself without it, which is redirected, and for all below
// it, and GET for HEAD as well.
func (p skipPath) matches(r *http.Request) bool {
	if p.method != "" && p.method != r.Method && (p.method != http.MethodGet || r.Method != http.MethodHead) {
		return false
	}
	if r.URL.RawPath != "" {
		// An escaped slash separates nothing: /static%2Fx is not below /static/.
		return isServed(p.mux, r)
	}
	path := r.URL.Path
	return path == p.path || strings.HasSuffix(p.path, "/") &&
		(strings.HasPrefix(path, p.path) || path == p.path[:len(p.path)-1])
}

// matchesOut is matches for a request out, whose host is in its URL.
func (l skipList) matchesOut(r *http.Request) bool {
	if l.empty() || r.URL == nil {
		return false
	}
	return l.matches(&http.Request{
		Method: r.Method,
		Host:   r.URL.Host,
		URL:    &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath},
	})
}
