// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

// startPyZipkin starts a service with py-zipkin's server and client spans.
func startPyZipkin(t testing.TB, name, zipkin string) *hop {
	t.Helper()
	return startPython(t, virtualenv(t, "py-zipkin", 1), "py-zipkin", "service", name, zipkin)
}

// TestPyZipkinOnBothSides: like aiozipkin it shares the span of our client. It
// reads one header and several, and writes several.
func TestPyZipkinOnBothSides(t *testing.T) {
	base := startZipkin(t)
	front, back := startPyZipkin(t, "front", base), startPyZipkin(t, "back", base)
	shops := map[string]*hop{
		"b3":      startService(t, "shop", base, "b3,correlationid"),
		"b3multi": startService(t, "shop", base, "b3multi,correlationid"),
	}
	for name, tc := range map[string]struct {
		query, writes string
		idDigits      int
	}{
		"several headers, 128 bits":           {"bits=128", "b3multi", 32},
		"several headers, 64 bits":            {"", "b3multi", 16},
		"a single header at the end":          {"bits=128", "b3", 32},
		"a single header at the end, 64 bits": {"", "b3", 16},
	} {
		t.Run(name, func(t *testing.T) {
			_, a := request(t, http.DefaultClient, via(tc.query, front, shops[tc.writes], back), nil)
			traceID := a.at(t, "shop").Headers["X-B3-Traceid"]
			assert.Len(t, traceID, tc.idDigits)
			assert.Equal(t, `front server serve
  front client call
    shop server get /hop
      shop client get
        back server serve, shared
`, drawn(readBack(t, base, traceID, 5)))
		})
	}
}

// TestPyZipkinObeysAndIsObeyed: a decision without ids is for the next root,
// theirs as well as ours.
func TestPyZipkinObeysAndIsObeyed(t *testing.T) {
	base := startZipkin(t)
	back, shop := startPyZipkin(t, "back", base), startService(t, "shop", base, "b3", "OTEL_TRACES_SAMPLER=parentbased_always_off")
	for name, tc := range map[string]struct{ b3, want string }{
		"accept":             {"1", "-1$"},
		"debug":              {"d", "-d$"},
		"deny":               {"0", "-0$"},
		"nothing":            {"", "-0$"},
		"accept, with ids":   {"763ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-1", "^763ac35c9f6413ad48485a3953bb6124-.*-1$"},
		"deferred to an off": {"763ac35c9f6413ad48485a3953bb6125-a2fb4a1d1a96d312", "^763ac35c9f6413ad48485a3953bb6125-.*-0$"},
	} {
		t.Run(name, func(t *testing.T) {
			_, a := request(t, http.DefaultClient, via("", shop, back), map[string]string{"b3": tc.b3})
			assert.Regexp(t, tc.want, a.at(t, "back").Headers["B3"])
			if tc.want[len(tc.want)-2] != '0' {
				id := a.at(t, "back").Headers["B3"][:32]
				spans := readBack(t, base, id, 3)
				assert.Len(t, spans, 3)
			}
		})
	}
}
