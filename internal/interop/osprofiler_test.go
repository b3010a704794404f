// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The newest osprofiler, and the one of Debian 12.
const (
	osprofiler    = "osprofiler"
	osprofilerOld = "osprofiler-3.4"
)

// startOsprofiler starts a service with osprofiler's middleware and client
// headers.
func startOsprofiler(t testing.TB, release, name, zipkin, keys string) *hop {
	t.Helper()
	return startPython(t, virtualenv(t, release, 1), "osprofiler", "service", name, zipkin, "HOP_KEYS="+keys)
}

// TestOsprofilerOnBothSides: both ids arrive whole in both directions, with
// the first key of a list that is being changed as with the last. We sample
// nothing here but what osprofiler asks for.
func TestOsprofilerOnBothSides(t *testing.T) {
	base := startZipkin(t)
	older := startOsprofiler(t, osprofilerOld, "older", base, "newest-key,oldest-key")
	newer := startOsprofiler(t, osprofiler, "newer", base, "newest-key,oldest-key")
	for name, keys := range map[string]string{
		"the same keys":                "newest-key,oldest-key",
		"a key that is being replaced": "oldest-key,newest-key",
	} {
		t.Run(name, func(t *testing.T) {
			shop := startService(t, "shop", base, "xtraceinfo,correlationid", "WAYMARK_HMAC_KEYS="+keys,
				"OTEL_TRACES_SAMPLER=parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG=0")
			for _, order := range [][2]*hop{{older, newer}, {newer, older}} {
				front, back := order[0], order[1]
				_, a := request(t, http.DefaultClient, via("start=yes", front, shop, back), nil)
				traceID := a.at(t, front.name).TraceID
				require.Len(t, traceID, 32)
				assert.Equal(t, traceID, a.at(t, back.name).TraceID)
				assert.Equal(t, fmt.Sprintf(`%[1]s local begin
  %[1]s client call
    shop server get /hop
      shop client get
        %[2]s server wsgi
`, front.name, back.name), drawn(readBack(t, base, traceID, 5)))
			}
		})
	}
}

// TestOsprofilerBelievesNoStranger, and neither do we.
func TestOsprofilerBelievesNoStranger(t *testing.T) {
	base := startZipkin(t)
	front, back := startOsprofiler(t, osprofiler, "front", base, "front-key"), startOsprofiler(t, osprofiler, "back", base, "back-key")
	shop := startService(t, "shop", base, "xtraceinfo,correlationid", "WAYMARK_HMAC_KEYS=shop-key")
	_, a := request(t, http.DefaultClient, via("start=yes", front, shop, back), nil)
	traceID := a.at(t, "front").TraceID
	require.Len(t, traceID, 32)
	assert.NotEmpty(t, a.at(t, "shop").Headers["X-Trace-Hmac"])
	assert.NotEmpty(t, a.at(t, "back").Headers["X-Trace-Hmac"], "a trace of our own")
	assert.Empty(t, a.at(t, "back").TraceID)
	for _, line := range shop.lines() {
		assert.NotEqual(t, traceID, line["trace_id"])
	}
	assert.Equal(t, "front local begin\n  front client call\n", drawn(readBack(t, base, traceID, 2)))
}
