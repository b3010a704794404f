// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startSprockets starts a Tornado application with
// sprockets.mixins.correlation.
func startSprockets(t testing.TB, name string) *hop {
	t.Helper()
	return startPython(t, virtualenv(t, "sprockets", 1), "sprockets", "service", name, "")
}

// TestSprocketsOnBothSides: an id that anyone brings, or that sprockets makes,
// is taken, logged, passed on and echoed by all.
func TestSprocketsOnBothSides(t *testing.T) {
	base := startZipkin(t)
	front, back := startSprockets(t, "front"), startSprockets(t, "back")
	shop := startService(t, "shop", base, "b3,correlation")
	for name, tc := range map[string]struct {
		headers map[string]string
		want    string
	}{
		"an id of sprockets'": {nil, uuid4},
		"an id of a caller":   {map[string]string{"Correlation-ID": "order-17/retry=2"}, "^order-17/retry=2$"},
	} {
		t.Run(name, func(t *testing.T) {
			echoed, a := request(t, http.DefaultClient, via("", front, shop, back), tc.headers)
			id := echoed.Get("Correlation-ID")
			assert.Regexp(t, tc.want, id)
			assert.Equal(t, id, a.at(t, "shop").Headers["Correlation-Id"])
			assert.Equal(t, id, a.at(t, "back").Headers["Correlation-Id"])
			assert.Equal(t, id, a.at(t, "front").Answered["Correlation-Id"], "echoed by us")
			assert.Equal(t, id, a.at(t, "shop").Answered["Correlation-Id"], "echoed by sprockets")
			logs(t, shop, "handling", "correlation_id", id)
			logs(t, shop, "request", "correlation_id", id)
			for _, h := range []*hop{front, back} {
				prints(t, h, "{CID "+id+"}")
			}
		})
	}
	t.Run("an id of ours", func(t *testing.T) {
		echoed, a := request(t, http.DefaultClient, via("", shop, back), nil)
		id := echoed.Get("Correlation-ID")
		require.Regexp(t, "^[0-9a-f]{32}$", id, "the trace's")
		assert.Equal(t, id, a.at(t, "shop").Answered["Correlation-Id"])
	})
}

// TestSprocketsEchoesOfAFailure: both sides echo the id of a request that
// failed.
func TestSprocketsEchoesOfAFailure(t *testing.T) {
	base := startZipkin(t)
	back, shop := startSprockets(t, "back"), startService(t, "shop", base, "b3,correlation")
	resp, err := http.Get(via("", shop, &hop{url: back.url + "?fail=yes"}))
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusBadGateway, resp.StatusCode)
	id := resp.Header.Get("Correlation-ID")
	assert.Regexp(t, "^[0-9a-f]{32}$", id)
	prints(t, back, "{CID "+id+"}")
}
