// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// skipList knows the requests to be silent about.
type skipList struct {
	// paths are the patterns that are only a path, which most are.
	paths map[string]struct{}
	// muxes hold one pattern each: on a list, unlike on a server, it does not
	// matter that two patterns overlap.
	muxes []*http.ServeMux
}

func newSkipList(patterns []string) skipList {
	l := skipList{paths: make(map[string]struct{}, len(patterns))}
	for _, p := range patterns {
		mux := newSkipMux(p)
		if strings.HasPrefix(p, "/") && !strings.HasSuffix(p, "/") && !strings.Contains(p, "{") {
			l.paths[p] = struct{}{}
			continue
		}
		l.muxes = append(l.muxes, mux)
	}
	return l
}

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
	paths := maps.Clone(m.paths)
	maps.Copy(paths, l.paths)
	return skipList{paths: paths, muxes: slices.Concat(l.muxes, m.muxes)}
}

func (l skipList) matches(r *http.Request) bool {
	if r.URL == nil {
		return false
	}
	if _, ok := l.paths[r.URL.Path]; ok {
		return true
	}
	for _, mux := range l.muxes {
		if _, pattern := mux.Handler(r); pattern != "" {
			return true
		}
	}
	return false
}

// matchesOut is matches for a request out, whose host is in its URL.
func (l skipList) matchesOut(r *http.Request) bool {
	if r.URL == nil || len(l.paths) == 0 && len(l.muxes) == 0 {
		return false
	}
	return l.matches(&http.Request{
		Method: r.Method,
		Host:   r.URL.Host,
		URL:    &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath},
	})
}
