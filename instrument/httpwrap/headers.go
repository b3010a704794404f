// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
)

// maxHeaderValues bounds the values recorded of one header.
const maxHeaderValues = 8

// capturedHeader is a header to record, with the keys it is recorded under.
type capturedHeader struct {
	name              string // canonical
	request, response attribute.Key
}

// neverCaptured are the headers that carry credentials, whatever a program
// asks for: a span goes where such a header must not.
var neverCaptured = map[string]bool{
	"Authorization":        true,
	"Cookie":               true,
	"Proxy-Authorization":  true,
	"Set-Cookie":           true,
	"X-Amz-Security-Token": true,
	"X-Api-Key":            true,
	"X-Auth-Token":         true,
	"X-Csrf-Token":         true,
	"X-Xsrf-Token":         true,
}

func appendCaptured(headers []capturedHeader, names []string) []capturedHeader {
	for _, name := range names {
		canonical := http.CanonicalHeaderKey(strings.TrimSpace(name))
		if canonical == "" || neverCaptured[canonical] {
			continue
		}
		lower := strings.ToLower(canonical)
		headers = append(headers, capturedHeader{
			name:     canonical,
			request:  attribute.Key("http.request.header." + lower),
			response: attribute.Key("http.response.header." + lower),
		})
	}
	return headers
}

// appendHeaders appends the attributes of the captured headers in h.
func appendHeaders(attrs []attribute.KeyValue, captured []capturedHeader, h http.Header, response bool) []attribute.KeyValue {
	for _, c := range captured {
		values := h[c.name]
		if len(values) == 0 {
			continue
		}
		recorded := make([]string, min(len(values), maxHeaderValues))
		for i := range recorded {
			recorded[i] = clean(values[i], maxValueBytes)
		}
		key := c.request
		if response {
			key = c.response
		}
		attrs = append(attrs, key.StringSlice(recorded))
	}
	return attrs
}
