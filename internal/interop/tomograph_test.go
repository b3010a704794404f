// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startTomograph starts a service in the manner of tomograph.
func startTomograph(t testing.TB, name, zipkin string) *hop {
	t.Helper()
	uses(t, "tomograph's header", "pickle of Python 3", "its documented form")
	return startPython(t, tool(t, "python3"), "tomograph", "service", name, zipkin)
}

// TestTomographOnBothSides: in each protocol that a Python can write, and back
// in the first of them, which every one can read. tomograph's ids have 63 bits,
// so the parent it sees is our span without its highest bit.
func TestTomographOnBothSides(t *testing.T) {
	base := startZipkin(t)
	front, back := startTomograph(t, "front", base), startTomograph(t, "back", base)
	shop := startService(t, "shop", base, "tomograph,correlationid")
	for _, protocol := range []string{"0", "1", "2", "3", "4", "5"} {
		t.Run("protocol "+protocol, func(t *testing.T) {
			_, a := request(t, http.DefaultClient, via("start=yes&protocol="+protocol, front, shop, back), nil)
			traceID := a.at(t, "front").TraceID
			require.Len(t, traceID, 16)
			assert.Equal(t, traceID, a.at(t, "back").TraceID)
			spans := readBack(t, base, traceID, 4)
			for i := range spans {
				spans[i].ID, spans[i].ParentID = without63(t, spans[i].ID), without63(t, spans[i].ParentID)
			}
			assert.Equal(t, `front server handle
  shop server get /hop
    shop client get
      back server handle
`, drawn(spans))
		})
	}
}

// TestTomographIsNotBelievedBesideKeys: an unsigned header is no way around a
// signature.
func TestTomographIsNotBelievedBesideKeys(t *testing.T) {
	base := startZipkin(t)
	front := startTomograph(t, "front", base)
	shop := startService(t, "shop", base, "xtraceinfo", "WAYMARK_HMAC_KEYS=some-key")
	_, a := request(t, http.DefaultClient, via("start=yes", front, shop), nil)
	traceID := a.at(t, "front").TraceID
	assert.Equal(t, "front server handle\n", drawn(readBack(t, base, traceID, 1)))
	for _, line := range shop.lines() {
		assert.NotEqual(t, "0000000000000000"+traceID, line["trace_id"])
	}
}

// without63 returns an id without its highest bit.
func without63(t testing.TB, id string) string {
	t.Helper()
	if id == "" {
		return ""
	}
	n, err := strconv.ParseUint(id, 16, 64)
	require.NoError(t, err)
	return fmt.Sprintf("%016x", n&^(1<<63))
}
