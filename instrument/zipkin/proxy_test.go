// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// proxied is set in the process that TestProxyOfTheEnvironmentIsUsed starts:
// net/http reads the proxy's variables once in the life of a process.
const proxied = "WAYMARK_TEST_PROXIED"

func TestProxyOfTheEnvironmentIsUsed(t *testing.T) {
	if url := os.Getenv(proxied); url != "" {
		e, err := New(url)
		require.NoError(t, err)
		require.NoError(t, e.ExportSpans(context.Background(), batch(3)))
		require.NoError(t, e.Shutdown(context.Background()))
		return
	}
	self, err := os.Executable()
	require.NoError(t, err)
	through := func(proxy, url string) {
		t.Helper()
		child := exec.Command(self, "-test.run=^TestProxyOfTheEnvironmentIsUsed$", "-test.count=1")
		child.Env = append(os.Environ(), proxied+"="+url, "HTTP_PROXY="+proxy, "NO_PROXY=", "http_proxy=", "no_proxy=")
		out, err := child.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	proxy := instrumenttest.NewCollector(t)
	withUser := strings.Replace(proxy.URL, "://", "://hunter:hunter2@", 1)

	through(withUser, "http://zipkin.invalid:9411/api/v2/spans") // a name that nobody can look up
	require.Len(t, proxy.Requests(), 1)
	assert.Len(t, proxy.Spans(), 3)
	assert.Equal(t, "Basic aHVudGVyOmh1bnRlcjI=", proxy.Requests()[0].Header.Get("Proxy-Authorization"))

	near := instrumenttest.NewCollector(t)
	through(withUser, near.URL) // this machine is never asked for through a proxy
	assert.Len(t, near.Spans(), 3)
	assert.Len(t, proxy.Requests(), 1)
}
