// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/waymark-otel/waymark/internal/providers"
)

// The only file that imports semconv, apart from instruments.go, which takes
// the names and units of instruments from it.

// recorded is who made the spans and metrics.
var recorded = providers.Scope{Name: "github.com/waymark-otel/waymark/instrument/httpwrap", SchemaURL: semconv.SchemaURL}

const (
	keyMethod         = semconv.HTTPRequestMethodKey
	keyMethodOriginal = semconv.HTTPRequestMethodOriginalKey
	keyRoute          = semconv.HTTPRouteKey
	keyTemplate       = semconv.URLTemplateKey
	keyStatus         = semconv.HTTPResponseStatusCodeKey
	keyRequestSize    = semconv.HTTPRequestBodySizeKey
	keyResponseSize   = semconv.HTTPResponseBodySizeKey
	keyScheme         = semconv.URLSchemeKey
	keyPath           = semconv.URLPathKey
	keyFull           = semconv.URLFullKey
	keyServerAddress  = semconv.ServerAddressKey
	keyServerPort     = semconv.ServerPortKey
	keyClientAddress  = semconv.ClientAddressKey
	keyUserAgent      = semconv.UserAgentOriginalKey
	keyProtocol       = semconv.NetworkProtocolVersionKey
	keyErrorType      = semconv.ErrorTypeKey
	keyExceptionType  = semconv.ExceptionTypeKey
	keyExceptionText  = semconv.ExceptionMessageKey
	keyExceptionStack = semconv.ExceptionStacktraceKey
	keyServicePeer    = semconv.ServicePeerNameKey

	// peer.service is what service.peer.name was called until 1.39; Zipkin's
	// mapping, and so every Zipkin page, names the remote endpoint by it.
	keyPeerService = attribute.Key("peer.service")

	// keyCorrelationID has no semantic convention; it is the word that log
	// lines use.
	keyCorrelationID = attribute.Key("correlation_id")
)

var (
	schemeHTTP  = keyScheme.String("http")
	schemeHTTPS = keyScheme.String("https")
)

const (
	// maxValueBytes bounds each string that comes from outside.
	maxValueBytes = 512
	// maxURLBytes bounds a URL or a path.
	maxURLBytes = 2048
	// maxTextBytes bounds the text of an error or a panic.
	maxTextBytes = 1024
)

// clean returns s as valid UTF-8 of at most limit bytes: OTLP rejects a whole
// batch for one string that is not valid.
func clean(s string, limit int) string {
	if len(s) > limit {
		s = truncate(s, limit)
	}
	if utf8.ValidString(s) {
		return s
	}
	return truncate(strings.ToValidUTF8(s, "\uFFFD"), limit)
}

func truncate(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	s = s[:limit]
	// Cut before the rune that the limit falls into; further back it is not
	// the cut that made the text invalid.
	for i := len(s) - 1; i >= 0 && i >= len(s)-utf8.UTFMax; i-- {
		if utf8.RuneStart(s[i]) {
			if !utf8.FullRuneInString(s[i:]) {
				s = s[:i]
			}
			break
		}
	}
	return s
}

// cleanAttribute is clean for an attribute that otelhttp made from what a
// caller sent.
func cleanAttribute(kv attribute.KeyValue) attribute.KeyValue {
	if kv.Value.Type() == attribute.STRING {
		s := kv.Value.AsString()
		if c := clean(s, maxValueBytes); c != s {
			kv.Value = attribute.StringValue(c)
		}
	}
	return kv
}

// methods are those of RFC 9110 and PATCH: any other one is the caller's own
// text, and in names and metrics reads HTTP and _OTHER.
var methods = func() map[string]string {
	m := make(map[string]string)
	for _, known := range []string{
		http.MethodConnect, http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions,
		http.MethodPatch, http.MethodPost, http.MethodPut, http.MethodTrace,
	} {
		m[known] = known
	}
	return m
}()

const otherMethod = "_OTHER"

// method returns what a request's method is in attributes and in span names.
// An empty one is GET to a client; a server never sees it.
func method(m string) (value, name string) {
	if m == http.MethodGet || m == "" {
		return http.MethodGet, http.MethodGet
	}
	known, ok := methods[m]
	if !ok && len(m) <= len(http.MethodOptions) {
		known, ok = methods[strings.ToUpper(m)]
	}
	if !ok {
		return otherMethod, "HTTP"
	}
	return known, known
}

// protocolVersion returns the version of the protocol, "" for one that no
// server speaks: the minor version is a digit that a caller may choose.
func protocolVersion(major, minor int) string {
	switch {
	case major == 1 && minor == 1:
		return "1.1"
	case major == 1 && minor == 0:
		return "1.0"
	case major == 2 && minor == 0:
		return "2.0"
	case major == 3 && minor == 0:
		return "3.0"
	}
	return ""
}

// hostPort splits "host", "host:port", "[v6]" and "[v6]:port". The port is 0
// when there is none; the host is "" when it cannot be read.
func hostPort(s string) (host string, port int) {
	if strings.HasPrefix(s, "[") {
		end := strings.LastIndexByte(s, ']')
		if end < 0 {
			return "", 0
		}
		if !strings.Contains(s[end:], ":") {
			return s[1:end], 0
		}
	} else if !strings.Contains(s, ":") {
		return s, 0
	}
	host, text, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0
	}
	p, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return host, 0
	}
	return host, int(p)
}

// statusText returns the error type of a status: its digits.
func statusText(code int) string {
	if code >= 400 && code < 600 {
		return statusTexts[code-400]
	}
	return strconv.Itoa(code)
}

var statusTexts = func() (texts [200]string) {
	for i := range texts {
		texts[i] = strconv.Itoa(400 + i)
	}
	return
}()

// errorType names a client's error by its type, and those that have none
// worth reading by what they are.
func errorType(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.Canceled):
		return "context.Canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "context.DeadlineExceeded"
	}
	return semconv.ErrorType(err).Value.AsString()
}

// appendPeer appends the name of the service at the other end.
func appendPeer(attrs []attribute.KeyValue, name string) []attribute.KeyValue {
	if name == "" {
		return attrs
	}
	return append(attrs, keyServicePeer.String(name), keyPeerService.String(name))
}
