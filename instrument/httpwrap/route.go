// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"net/http"
	"strings"
)

// router is what http.ServeMux has, and many routers after it: it tells who
// would serve a request, and under which pattern, without serving it.
type router interface {
	Handler(*http.Request) (http.Handler, string)
}

// maxNestedRouters bounds the descent into routers of routers.
const maxNestedRouters = 8

// lookup returns the pattern under which h, or the router that h passes the
// request to, would serve r. It returns "" where no pattern matches, as for
// 404 and 405.
func lookup(h router, r *http.Request) string {
	pattern := ""
	for range maxNestedRouters {
		next, p := h.Handler(r)
		if p == "" || isRedirectedPath(r, p) {
			break
		}
		pattern = p
		inner, ok := unwrap(next).(router)
		if !ok {
			break
		}
		h = inner
	}
	return pattern
}

// unwrap returns the handler that Handlers of ours stand around.
func unwrap(next http.Handler) http.Handler {
	for {
		h, ok := next.(*handler)
		if !ok {
			return next
		}
		next = h.next
	}
}

// isRedirectedPath reports whether what ServeMux calls a pattern is the path
// it redirects a CONNECT to, which is the caller's own.
func isRedirectedPath(r *http.Request, pattern string) bool {
	return r.Method == http.MethodConnect && r.URL != nil && pattern == r.URL.Path+"/"
}

// routeOf returns the route of a pattern: what is left without method and
// host. A name without a slash is left as it is.
func routeOf(pattern string) string {
	if i := strings.IndexByte(pattern, '/'); i >= 0 {
		pattern = pattern[i:]
	}
	return clean(pattern, maxValueBytes)
}

// spanName returns the name of a span: method and route, or only the method.
// Most patterns are the name already, which saves making it.
func spanName(method, route, pattern string) string {
	switch {
	case route == "":
		return method
	case len(pattern) == len(method)+1+len(route) && strings.HasPrefix(pattern, method) &&
		pattern[len(method)] == ' ' && strings.HasSuffix(pattern, route):
		return pattern
	}
	return method + " " + route
}

// joinRoutes returns the route of a request for outerPath that a subtree
// called outer passed on, to be served as inner under innerPath: the same, or
// one without its beginning, as http.StripPrefix leaves it. It returns "" when
// the paths have nothing in common, for then it is another request.
func joinRoutes(outer, inner, outerPath, innerPath string) string {
	switch {
	case outerPath == innerPath:
		return inner
	case !strings.HasSuffix(outerPath, innerPath):
		return ""
	case strings.HasSuffix(outer, "/") && strings.HasPrefix(inner, "/"):
		return strings.TrimSuffix(outer, "/") + inner
	}
	return inner
}

// copyBack lets the code around us see what the handler's copy of the request
// has become: its pattern and path values, as far as the pattern names them,
// and the form whose temporary files net/http removes from the original.
func copyBack(to, from *http.Request) {
	if from.MultipartForm != nil && to.MultipartForm == nil {
		to.MultipartForm = from.MultipartForm
	}
	if from.Pattern == to.Pattern {
		return
	}
	to.Pattern = from.Pattern
	for rest := from.Pattern; ; {
		i := strings.IndexByte(rest, '{')
		if i < 0 {
			return
		}
		rest = rest[i+1:]
		j := strings.IndexByte(rest, '}')
		if j < 0 {
			return
		}
		name := strings.TrimSuffix(rest[:j], "...")
		rest = rest[j+1:]
		if name != "" && name != "$" {
			to.SetPathValue(name, from.PathValue(name))
		}
	}
}
