// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/waymark-otel/waymark/metrics"
)

// receiver is a peer that was built around a receiver, and says as JSON what
// it has.
type receiver struct {
	Totals map[string]float64
	Errors []string
}

// startReceiver starts the program of a module under testdata that was built
// around a dependency, and returns the URL of its totals. The arguments are
// those between its network and endpoint and the end.
func startReceiver(t testing.TB, module, dependency, network, endpoint string, args ...string) (totals string) {
	t.Helper()
	uses(t, dependency[strings.LastIndexByte(dependency, '/')+1:], required(t, filepath.Join("testdata", module, "go.mod"), dependency), "Go proxy")
	web := "127.0.0.1:" + freePort(t)
	start(t, "http://"+web, built(t, module), append([]string{network, endpoint, web}, args...)...)
	return "http://" + web
}

// await reads the totals until the last line of a client is among them.
func await(t testing.TB, url string) receiver {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var got receiver
		getJSON(t, url, &got)
		if got.Totals["last total"] > 0 || time.Now().After(deadline) {
			delete(got.Totals, "last total")
			return got
		}
	}
}

// send runs a program with a client, and sends a last line.
func send(t testing.TB, addr string, run func(*metrics.Client), opts ...metrics.Option) {
	t.Helper()
	c, err := metrics.Dial(addr, opts...)
	require.NoError(t, err)
	run(c)
	require.NoError(t, c.Flush(t.Context()))
	c.Count("last", 1)
	require.NoError(t, c.Close())
}

// survives fails the test unless a receiver can read every line, whatever is
// passed in, and still counts.
func survives(t *testing.T, totals, addr string, d metrics.Dialect, sets bool) {
	t.Helper()
	send(t, addr, func(c *metrics.Client) {
		hostilities(c, sets)
		c.Count("after", 7)
	}, metrics.WithDialect(d))
	got := await(t, totals)
	assert.Empty(t, got.Errors)
	assert.EqualValues(t, 7, got.Totals["after total"])
	assert.EqualValues(t, 1, got.Totals["constructor_ total"])
	assert.NotContains(t, got.Totals, "evil total")
}
