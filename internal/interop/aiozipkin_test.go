// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startAiozipkin starts a service with aiozipkin's middleware and client.
func startAiozipkin(t testing.TB, name, zipkin string) *hop {
	t.Helper()
	return startPython(t, virtualenv(t, "aiozipkin", 1), "aiozipkin", "service", name, zipkin)
}

// TestAiozipkinOnBothSides: its client calls us, and we call its server, which
// shares the span of our client as Zipkin's own libraries do.
func TestAiozipkinOnBothSides(t *testing.T) {
	base := startZipkin(t)
	front, back := startAiozipkin(t, "front", base), startAiozipkin(t, "back", base)
	shops := map[string]*hop{
		"b3":      startService(t, "shop", base, "b3,correlationid"),
		"b3multi": startService(t, "shop", base, "b3multi,correlationid"),
	}
	for name, tc := range map[string]struct {
		query, writes string
		idDigits      int
	}{
		"several headers, 128 bits":                {"", "b3multi", 32},
		"several headers, 64 bits":                 {"bits=64", "b3multi", 16},
		"a single header, 128 bits":                {"header=single", "b3", 32},
		"a single header, 64 bits":                 {"bits=64&header=single", "b3", 16},
		"several headers in, a single one out":     {"", "b3", 32},
		"a single header in, several out, 64 bits": {"bits=64&header=single", "b3multi", 16},
	} {
		t.Run(name, func(t *testing.T) {
			_, a := request(t, http.DefaultClient, via(tc.query, front, shops[tc.writes], back), nil)
			received := a.at(t, "back").Headers
			traceID, _, _ := strings.Cut(received["B3"], "-")
			if tc.writes == "b3multi" {
				assert.NotContains(t, received, "B3")
				traceID = received["X-B3-Traceid"]
			} else {
				assert.NotContains(t, received, "X-B3-Traceid")
			}
			require.Len(t, traceID, 32, "we write all digits")
			asked := traceID[32-tc.idDigits:]
			assert.Equal(t, strings.Repeat("0", 32-tc.idDigits)+asked, traceID)
			assert.Equal(t, `front server get /hop
  front client client get /hop
    shop server get /hop
      shop client get
        back server get /hop, shared
`, drawn(readBack(t, base, asked, 5)))
		})
	}
}

// TestAiozipkinObeysAndIsObeyed: what was decided of a trace holds on both
// sides.
func TestAiozipkinObeysAndIsObeyed(t *testing.T) {
	base := startZipkin(t)
	front, back := startAiozipkin(t, "front", base), startAiozipkin(t, "back", base)
	shop := startService(t, "shop", base, "b3,correlationid")
	const id, span = "463ac35c9f6413ad48485a3953bb6124", "a2fb4a1d1a96d312"

	t.Run("deny", func(t *testing.T) {
		_, a := request(t, http.DefaultClient, via("", front, shop, back), map[string]string{
			"X-B3-TraceId": id, "X-B3-SpanId": span, "X-B3-Sampled": "0",
		})
		assert.Equal(t, "0", a.at(t, "shop").Headers["X-B3-Sampled"])
		assert.Regexp(t, "^"+id+"-[0-9a-f]{16}-0$", a.at(t, "back").Headers["B3"])
	})
	t.Run("debug", func(t *testing.T) {
		_, a := request(t, http.DefaultClient, via("", shop, back), map[string]string{"b3": "563ac35c9f6413ad48485a3953bb6124-" + span + "-d"})
		assert.Regexp(t, "-d$", a.at(t, "back").Headers["B3"])
		spans := readBack(t, base, "563ac35c9f6413ad48485a3953bb6124", 3)
		for _, s := range spans {
			assert.True(t, s.Debug, "%s %s", s.LocalEndpoint.ServiceName, s.Name)
		}
	})
	t.Run("debug, which it passes on as accept", func(t *testing.T) {
		_, a := request(t, http.DefaultClient, via("", front, shop), map[string]string{"b3": "573ac35c9f6413ad48485a3953bb6124-" + span + "-d"})
		assert.Equal(t, "1", a.at(t, "shop").Headers["X-B3-Sampled"])
		assert.NotEqual(t, "1", a.at(t, "shop").Headers["X-B3-Flags"])
		readBack(t, base, "573ac35c9f6413ad48485a3953bb6124", 3)
	})
	t.Run("defer", func(t *testing.T) {
		_, a := request(t, http.DefaultClient, via("", shop, back), map[string]string{"b3": "663ac35c9f6413ad48485a3953bb6124-" + span})
		assert.Regexp(t, "-1$", a.at(t, "back").Headers["B3"])
		readBack(t, base, "663ac35c9f6413ad48485a3953bb6124", 3)
	})
	// The others have arrived by now.
	assert.Empty(t, readBack(t, base, id, 0))
}
