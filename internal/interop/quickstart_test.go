// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"fmt"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// zipkinLink is how often a service calls another, and in vain.
type zipkinLink struct {
	Parent     string `json:"parent"`
	Child      string `json:"child"`
	CallCount  int    `json:"callCount"`
	ErrorCount int    `json:"errorCount"`
}

// TestQuickstartInZipkin: the program of the README, sent to a real server,
// and what a user sees there.
func TestQuickstartInZipkin(t *testing.T) {
	base := startZipkin(t)
	day := 24 * time.Hour.Milliseconds()
	links := func() map[string][2]int {
		calls := map[string][2]int{}
		for _, link := range ask[[]zipkinLink](t, base, fmt.Sprintf("/api/v2/dependencies?endTs=%d&lookback=%d", time.Now().UnixMilli(), day)) {
			calls[link.Parent+" to "+link.Child] = [2]int{link.CallCount, link.ErrorCount}
		}
		return calls
	}
	before := links()
	exe := filepath.Join(t.TempDir(), "quickstart")
	source, err := filepath.Abs("../../examples")
	require.NoError(t, err)
	out, err := output(source, []string{"GOWORK=off"}, tool(t, "go"), "build", "-o", exe, "./quickstart")
	require.NoError(t, err, "%s", out)
	out, err = output(t.TempDir(), []string{"OTEL_EXPORTER_ZIPKIN_ENDPOINT=" + base + "/api/v2/spans"}, exe, "-once")
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "24 spans of 3 requests arrived")

	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(`trace_id=([0-9a-f]{32})`).FindAllStringSubmatch(string(out), -1) {
		ids[m[1]] = true
	}
	require.Len(t, ids, 3, "%s", out)
	for id := range ids {
		assert.Equal(t, `front server get /orders/{item}
  front client get
    catalog server get /items/{item}
      catalog local look up item
        catalog client select items
      catalog client get
        legacy server get /prices/{item}
          legacy local compute price
`, drawn(readBack(t, base, id, 8)))
	}

	assert.Subset(t, ask[[]string](t, base, "/api/v2/services"), []string{"front", "catalog", "legacy"})
	assert.Equal(t, []string{"get", "get /items/{item}", "look up item", "select items"}, ask[[]string](t, base, "/api/v2/spans?serviceName=catalog"))
	after := links()
	for _, link := range []string{"front to catalog", "catalog to legacy"} {
		assert.Equal(t, [2]int{before[link][0] + 3, before[link][1] + 1}, after[link], link)
	}
	failed := 0
	for _, spans := range ask[[][]struct{ TraceID string }](t, base, "/api/v2/traces?serviceName=legacy&annotationQuery=error&limit=100") {
		if ids[spans[0].TraceID] {
			failed++
		}
	}
	assert.Equal(t, 1, failed)
}
