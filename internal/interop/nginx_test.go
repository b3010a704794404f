// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startNginx starts nginx in front of a service. The log that it writes is in
// the file it returns.
func startNginx(t testing.TB, upstream *hop) (front *hop, log string) {
	t.Helper()
	dir := debian(t, "nginx")
	home, port := t.TempDir(), freePort(t)
	at, err := url.Parse(upstream.url)
	require.NoError(t, err)
	text, err := os.ReadFile("testdata/nginx/nginx.conf")
	require.NoError(t, err)
	conf := strings.NewReplacer("@PORT@", port, "@UPSTREAM@", at.Host).Replace(string(text))
	require.NoError(t, os.WriteFile(filepath.Join(home, "nginx.conf"), []byte(conf), 0o600))
	startCommand(t, "http://127.0.0.1:"+port+"/health", debianCommand(dir, "usr/sbin/nginx", "-p", home, "-c", "nginx.conf", "-e", "stderr"))
	return &hop{name: "nginx", url: "http://127.0.0.1:" + port + at.Path}, filepath.Join(home, "access.log")
}

// TestNginxInFront: one id finds a request in nginx's log, in ours and in
// Zipkin, and what a caller brings passes through.
func TestNginxInFront(t *testing.T) {
	base := startZipkin(t)
	shop := startService(t, "shop", base, "b3,correlationid")
	nginx, log := startNginx(t, shop)
	const id, span = "863ac35c9f6413ad48485a3953bb6124", "a2fb4a1d1a96d312"
	for name, tc := range map[string]struct {
		query         string
		headers       map[string]string
		traceID       string // "" for the request's id
		correlationID string // "" for the request's id
		stored        string
	}{
		"nginx starts the trace":          {stored: "shop server get /hop, of an unknown parent\n"},
		"nginx denies it":                 {query: "traced=no"},
		"the caller brings an id":         {headers: map[string]string{"X-Request-ID": "order-17"}, correlationID: "order-17", stored: "shop server get /hop, of an unknown parent\n"},
		"the caller brings one header":    {headers: map[string]string{"b3": id + "-" + span + "-1"}, traceID: id, stored: "shop server get /hop, of an unknown parent\n"},
		"the caller brings several":       {headers: map[string]string{"X-B3-TraceId": "96" + id[2:], "X-B3-SpanId": span, "X-B3-Sampled": "1"}, traceID: "96" + id[2:], stored: "shop server get /hop, of an unknown parent\n"},
		"the caller denies":               {headers: map[string]string{"b3": "a6" + id[2:] + "-" + span + "-0"}, traceID: "a6" + id[2:]},
		"the caller denies without an id": {headers: map[string]string{"b3": "0"}, traceID: "any"},
	} {
		t.Run(name, func(t *testing.T) {
			echoed, a := request(t, http.DefaultClient, nginx.url+"?"+tc.query, tc.headers)
			requestID := a.at(t, "shop").Headers["X-Request-Id"]
			correlationID := tc.correlationID
			if correlationID == "" {
				require.Regexp(t, "^[0-9a-f]{32}$", requestID)
				correlationID = requestID
			}
			assert.Equal(t, correlationID, requestID)
			assert.Equal(t, correlationID, echoed.Get("X-Correlation-ID"), "echoed through nginx")
			logs(t, shop, "request", "correlation_id", correlationID)

			require.EventuallyWithT(t, func(c *assert.CollectT) {
				written, err := os.ReadFile(log)
				require.NoError(c, err)
				assert.Contains(c, string(written), `"request_id":"`+correlationID+`"`)
				assert.Contains(c, string(written), `"echoed":"`+correlationID+`"`)
			}, waiting, tick, "nginx logs after it has answered")

			traceID := tc.traceID
			switch traceID {
			case "any":
				return
			case "":
				traceID, _, _ = strings.Cut(a.at(t, "shop").Headers["B3"], "-")
				if tc.correlationID == "" {
					assert.Equal(t, requestID, traceID)
				}
			}
			logs(t, shop, "request", "trace_id", traceID)
			if tc.stored != "" {
				assert.Equal(t, tc.stored, drawn(readBack(t, base, traceID, 1)))
			} else {
				logs(t, shop, "request", "trace_flags", "00")
			}
		})
	}
}
