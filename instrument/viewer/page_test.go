// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThePageIsOneDocumentUnderAStrictPolicy(t *testing.T) {
	w := ask(quietViewer(t), "GET", "/", "")
	require.Equal(t, http.StatusOK, w.Code)
	html := w.Body.String()
	assert.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
	assert.True(t, strings.HasPrefix(html, "<!doctype html>"))

	// Nothing of it comes from elsewhere, and nothing is marked up by hand.
	for _, external := range []string{`<script src`, `<link rel="stylesheet"`, "@import", "url(", "http://", "https://", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", " style=", "setAttribute(\"style\""} {
		page := strings.ReplaceAll(strings.ReplaceAll(html, "http://www.w3.org/2000/svg", ""), `url("`, "")
		assert.NotContains(t, page, external)
	}
	policy := w.Header().Get("Content-Security-Policy")
	for _, inline := range []struct{ tag, directive string }{
		{`(?s)<script type="module">(.*?)</script>`, "script-src"},
		{`(?s)<style>(.*?)</style>`, "style-src"},
	} {
		found := regexp.MustCompile(inline.tag).FindAllStringSubmatch(html, -1)
		require.Len(t, found, 1, inline.tag)
		sum := sha256.Sum256([]byte(found[0][1]))
		assert.Contains(t, policy, inline.directive+" 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"';")
	}
	for _, part := range []string{"default-src 'none'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"} {
		assert.Contains(t, policy, part)
	}
	assert.NotContains(t, policy, "unsafe")
	assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	assert.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
	assert.Equal(t, "same-origin", w.Header().Get("Cross-Origin-Resource-Policy"))
}

func TestThePageWorksBelowAPrefix(t *testing.T) {
	v := quietViewer(t)
	mux := http.NewServeMux()
	mux.Handle("/debug/traces/", http.StripPrefix("/debug/traces", v.Handler()))
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/debug/traces/", nil))
	assert.Equal(t, http.StatusOK, w.Code)
	for _, absolute := range []string{`"/api`, "`/api", `"/health`, `href="/`, `src="/`} {
		assert.NotContains(t, w.Body.String(), absolute)
	}
	w = httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/debug/traces/zipkin/traces/a", nil))
	assert.Equal(t, "../../#/trace/a", w.Header().Get("Location"))
}

func TestWhatIsNoPageMayRunNothing(t *testing.T) {
	v := quietViewer(t)
	ask(v, "POST", "/api/v2/spans", twoTraces)
	for _, target := range []string{"/api/v2/traces", "/api/viewer/traces", "/api/viewer/trace/a", "/api/viewer/trace/a/text", "/api/v2/trace/zz", "/nothing"} {
		assert.Equal(t, "default-src 'none'; frame-ancestors 'none'", ask(v, "GET", target, "").Header().Get("Content-Security-Policy"), target)
	}
}

func TestZipkinsAddressOfATraceLeadsHere(t *testing.T) {
	v := quietViewer(t)
	for target, want := range map[string]string{
		"/traces/a":                "../#/trace/a",
		"/zipkin/traces/463ac35c9": "../../#/trace/463ac35c9",
		"/traces/%0d%0aX:1":        "../#/trace/%0D%0AX:1",
	} {
		w := ask(v, "GET", target, "")
		assert.Equal(t, http.StatusFound, w.Code, target)
		assert.Equal(t, want, w.Header().Get("Location"), target)
	}
}
