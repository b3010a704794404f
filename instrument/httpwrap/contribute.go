// SPDX-License-Identifier: Apache-2.0

package httpwrap

import "net/http"

// contribute serves a request that an outer Handler observes already, and
// adds what is only known here.
func (h *handler) contribute(outer *exchange, w http.ResponseWriter, r *http.Request) {
	inherited := r.Pattern
	defer func() {
		outer.learn(h.innerPattern(outer, r, inherited), r)
		if outer.recorded && len(h.attributes) > 0 {
			outer.span.SetAttributes(h.appendAttributes(nil, r)...)
		}
	}()
	h.next.ServeHTTP(w, r)
}

// innerPattern is what h knows of r's route that the outer Handler does not.
func (h *handler) innerPattern(outer *exchange, r *http.Request, inherited string) string {
	if h.route != nil || h.router != nil {
		if p := h.patternOf(r); p != inherited {
			return p
		}
	}
	if r.Pattern != inherited || outer.route == "" {
		return r.Pattern
	}
	return ""
}

// learn takes the route of an inner Handler, the innermost one's first.
func (e *exchange) learn(pattern string, r *http.Request) {
	route := routeOf(pattern)
	if route == "" {
		return
	}
	if e.request.URL != nil && r.URL != nil {
		route = joinRoutes(e.route, route, e.request.URL.Path, r.URL.Path)
	}
	if route != "" {
		e.late.CompareAndSwap(nil, &route)
	}
}
