// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bufio"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRequestIDsOfGateways: requests as Envoy and Kong document them, byte for
// byte. Envoy writes its tracing decision into a digit of a UUID, which is then
// a UUID of no version; Kong appends a counter, or makes an id of an address
// and a time, in a header of its own unless it is told X-Request-ID. All are
// taken as they are.
func TestRequestIDsOfGateways(t *testing.T) {
	base := startZipkin(t)
	usual, behindKong := startService(t, "shop", base, "b3,correlationid"), startService(t, "shop", base, "b3,kong")
	for name, tc := range map[string]struct{ id, traceID, flags string }{
		"envoy":           {"3f2b0c7e-91d4-9a52-8e06-5b7d1f4c2a90", "5c0fa1d3e27b84965c0fa1d3e27b8496", "01"},
		"envoy-forced":    {"3f2b0c7e-91d4-aa52-8e06-5b7d1f4c2a90", "00000000000000006c0fa1d3e27b8496", "01"},
		"envoy-unsampled": {"3f2b0c7e-91d4-4a52-8e06-5b7d1f4c2a90", "7c0fa1d3e27b84967c0fa1d3e27b8496", "00"},
		"kong-counter":    {"9d5e1c64-2f0b-4c58-a3a7-6e8b0d2f1c43#17", "8c0fa1d3e27b84968c0fa1d3e27b8496", "01"},
		"kong-default":    {"0b7c2f1e-6d43-4e0a-9b15-7a8c3d2e4f60#3", "", "01"},
		"kong-tracker":    {"10.0.0.12-8000-231-5-1-1764201600.123", "", "01"},
	} {
		t.Run(name, func(t *testing.T) {
			peer, _, _ := strings.Cut(name, "-")
			uses(t, peer+"'s headers", "fixtures", "its documentation")
			shop := usual
			if name == "kong-default" {
				shop = behindKong
			}
			at, err := url.Parse(shop.url)
			require.NoError(t, err)
			text, err := os.ReadFile(filepath.Join("testdata", "requestids", name+".http"))
			require.NoError(t, err)
			conn, err := net.Dial("tcp", at.Host)
			require.NoError(t, err)
			defer conn.Close()
			require.NoError(t, conn.SetDeadline(time.Now().Add(waiting)))
			_, err = conn.Write([]byte(strings.ReplaceAll(string(text), "\n", "\r\n") + "\r\n"))
			require.NoError(t, err)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			defer resp.Body.Close()

			assert.Equal(t, http.StatusOK, resp.StatusCode)
			assert.Equal(t, tc.id, resp.Header.Get("X-Correlation-ID"))
			logs(t, shop, "handling", "correlation_id", tc.id)
			for _, line := range shop.lines() {
				if line["msg"] == "request" && line["correlation_id"] == tc.id {
					assert.Equal(t, tc.flags, line["trace_flags"])
					if tc.traceID != "" {
						assert.Equal(t, tc.traceID, line["trace_id"])
					}
				}
			}
		})
	}
}
