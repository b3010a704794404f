// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Option sets something that New leaves at a default otherwise.
type Option interface{ apply(*config) }

type option func(*config)

func (o option) apply(c *config) { o(c) }

type config struct {
	timeout       time.Duration
	timeoutSet    bool
	headers       map[string]string
	client        *http.Client
	tls           *tls.Config
	maxBytes      int
	gzipAbove     int
	errorInterval time.Duration
	debug         func(sdktrace.ReadOnlySpan) bool
}

func defaults() config {
	return config{
		timeout:       10 * time.Second,
		maxBytes:      5 << 20,
		gzipAbove:     1 << 10,
		errorInterval: 5 * time.Second,
	}
}

// WithTimeout sets how long one export may take, with all its requests and
// the waits between them. A deadline of the export's context that is earlier
// counts as well. By default, OTEL_EXPORTER_ZIPKIN_TIMEOUT in milliseconds,
// and without that 10 s. d must be positive.
func WithTimeout(d time.Duration) Option {
	return option(func(c *config) { c.timeout, c.timeoutSet = d, true })
}

// WithHeaders adds headers to each request. Host sets the host the request is
// for. The exporter's own Content-Type, Content-Encoding, Content-Length and
// B3 stand. Values are taken for secrets: no error, log or report shows them.
func WithHeaders(headers map[string]string) Option {
	return option(func(c *config) {
		for name, value := range headers {
			if c.headers == nil {
				c.headers = make(map[string]string, len(headers))
			}
			c.headers[name] = value
		}
	})
}

// WithTLSConfig sets how a collector at an https URL is to be trusted and the
// certificate to show it. By default, the system's authorities and none.
func WithTLSConfig(t *tls.Config) Option {
	return option(func(c *config) { c.tls = t.Clone() })
}

// WithClient sends through a client of the program's own in place of the
// exporter's: its transport, cookies and timeout hold, but redirects are
// refused all the same. Spans that an instrumented transport makes of these
// requests are dropped, and counted. By default, and when h is nil, a client
// that nobody else shares, with HTTP_PROXY, HTTPS_PROXY and NO_PROXY obeyed.
func WithClient(h *http.Client) Option {
	return option(func(c *config) { c.client = h })
}

// WithMaxRequestBytes sets how large a request may be, in bytes of
// uncompressed JSON. A batch that is larger is sent in several, a span that
// is larger is sent with its longest values cut. By default, 5 MiB. n must be
// positive.
func WithMaxRequestBytes(n int) Option {
	return option(func(c *config) { c.maxBytes = n })
}

// WithGzipAbove compresses requests of more than n bytes of JSON. By default,
// 1 KiB. A negative n never compresses.
func WithGzipAbove(n int) Option {
	return option(func(c *config) { c.gzipAbove = n })
}

// WithErrorInterval sets how often a failing export returns an error, which
// a span processor gives to OpenTelemetry's error handler. Failures within d
// of the last one returned are counted and told with the next; Shutdown tells
// what remains. By default, 5 s. Zero returns each. d must not be negative.
func WithErrorInterval(d time.Duration) Option {
	return option(func(c *config) { c.errorInterval = d })
}

// WithDebug marks the spans for which debug returns true as Zipkin's debug
// spans, which a server keeps whatever rate it samples at. A span does not
// know that its trace came with B3's debug flag; a SpanProcessor, which sees
// the context, can leave a mark on it for debug to find. By default, and when
// debug is nil, no span is.
func WithDebug(debug func(sdktrace.ReadOnlySpan) bool) Option {
	return option(func(c *config) { c.debug = debug })
}

// check returns what is wrong with c. It shows no value of a header.
func (c *config) check() error {
	switch {
	case c.timeout <= 0:
		return fmt.Errorf("zipkin: timeout %q is not positive", c.timeout)
	case c.maxBytes <= 0:
		return fmt.Errorf("zipkin: request size \"%d\" is not positive", c.maxBytes)
	case c.errorInterval < 0:
		return fmt.Errorf("zipkin: error interval %q is negative", c.errorInterval)
	case c.client != nil && c.tls != nil:
		return fmt.Errorf("zipkin: WithTLSConfig and WithClient exclude each other")
	}
	for name, value := range c.headers {
		if !isToken(name) {
			return fmt.Errorf("zipkin: header name %q is not an HTTP token", name)
		}
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return fmt.Errorf("zipkin: the value of header %q has a control character", name)
		}
	}
	return nil
}

// isToken reports whether s is a token of RFC 9110, as names of headers are.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// httpHeader returns the headers of each request and its host, which is
// empty when the URL's is meant.
func (c *config) httpHeader() (header http.Header, host string) {
	header = http.Header{"User-Agent": {"waymark-zipkin"}}
	for name, value := range c.headers {
		if strings.EqualFold(name, "Host") {
			host = value
			continue
		}
		header.Set(name, value)
	}
	for _, own := range []string{"Content-Length", "Content-Encoding", "Transfer-Encoding"} {
		header.Del(own)
	}
	header.Set("Content-Type", "application/json")
	// The collector is not to trace what it is sent (B3's deny).
	header["b3"] = []string{"0"}
	header.Del("B3")
	return header, host
}
