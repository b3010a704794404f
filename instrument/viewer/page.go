// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

//go:embed page
var pageFiles embed.FS

// page is the one document, with its style and its script inside, and the
// policy that lets a browser run these and nothing else.
var page = sync.OnceValue(func() (p struct{ html, policy string }) {
	script, style := joined("*.js"), joined("*.css")
	html := joined("page.html")
	html = strings.Replace(html, "/*style*/", style, 1)
	html = strings.Replace(html, "/*script*/", script, 1)
	p.html = html
	p.policy = strings.Join([]string{
		"default-src 'none'",
		"script-src '" + digest(script) + "'",
		"style-src '" + digest(style) + "'",
		"img-src data:", // the icon
		"connect-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'", // no text becomes markup, not by mistake either
		"trusted-types 'none'",
	}, "; ")
	return p
})

// joined returns the files of a pattern, by name.
func joined(pattern string) string {
	names, err := fs.Glob(pageFiles, "page/"+pattern)
	if err != nil {
		panic(err) // the pattern is in the code
	}
	var b strings.Builder
	for _, name := range names {
		text, err := pageFiles.ReadFile(name)
		if err != nil {
			panic(err) // it was embedded
		}
		b.Write(text)
	}
	return strings.ReplaceAll(b.String(), "\r\n", "\n") // as checked out on Windows
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func servePage(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", page().policy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	_, _ = w.Write([]byte(page().html))
}

// permalink leads from Zipkin's address of a trace to ours. It is relative, as
// the handler may be mounted anywhere.
func permalink(w http.ResponseWriter, r *http.Request) {
	up := strings.Repeat("../", strings.Count(strings.TrimPrefix(r.URL.Path, "/"), "/"))
	w.Header().Set("Location", up+"#/trace/"+url.PathEscape(r.PathValue("id")))
	w.WriteHeader(http.StatusFound)
}
