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
		inner, ok := next.(router)
		if !ok {
			break
		}
		h = inner
	}
	return pattern
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

// joinRoutes returns the route of a request that a subtree of outer passed
// on with a shorter path, as http.StripPrefix does, to be served as inner.
func joinRoutes(outer, inner, outerPath, innerPath string) string {
	stripped := len(innerPath) < len(outerPath) && strings.HasSuffix(outerPath, innerPath)
	if !stripped || !strings.HasSuffix(outer, "/") || !strings.HasPrefix(inner, "/") {
		return inner
	}
	return strings.TrimSuffix(outer, "/") + inner
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
