// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startDivak starts a Tornado application with divak.
func startDivak(t testing.TB, name string) *hop {
	t.Helper()
	return startPython(t, virtualenv(t, "divak", 1), "divak", "service", name, "")
}

// uuid4 is the form of the ids that divak and sprockets make.
const uuid4 = "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"

// TestDivakOnBothSides: an id that anyone brings, or that divak makes, is
// taken, logged, passed on and echoed by all.
func TestDivakOnBothSides(t *testing.T) {
	base := startZipkin(t)
	front, back := startDivak(t, "front"), startDivak(t, "back")
	shop := startService(t, "shop", base, "b3,request-id")
	for name, tc := range map[string]struct {
		headers map[string]string
		want    string
	}{
		"an id of divak's":   {nil, uuid4},
		"an id of a caller":  {map[string]string{"Request-Id": "order-17/retry=2"}, "^order-17/retry=2$"},
		"an id of a gateway": {map[string]string{"Request-Id": "0f8fad5b-d9cb-469f-a165-70867728950e#3"}, "^0f8fad5b-d9cb-469f-a165-70867728950e#3$"},
	} {
		t.Run(name, func(t *testing.T) {
			echoed, a := request(t, http.DefaultClient, via("", front, shop, back), tc.headers)
			id := echoed.Get("Request-Id")
			assert.Regexp(t, tc.want, id)
			assert.Equal(t, id, a.at(t, "shop").Headers["Request-Id"])
			assert.Equal(t, id, a.at(t, "back").Headers["Request-Id"])
			assert.Equal(t, id, a.at(t, "front").Answered["Request-Id"], "echoed by us")
			assert.Equal(t, id, a.at(t, "shop").Answered["Request-Id"], "echoed by divak")
			logs(t, front, "handling", "request_id", id)
			logs(t, shop, "handling", "correlation_id", id)
			logs(t, shop, "request", "correlation_id", id)
			logs(t, back, "handling", "request_id", id)
		})
	}
	t.Run("an id of ours", func(t *testing.T) {
		echoed, a := request(t, http.DefaultClient, via("", shop, back), nil)
		id := echoed.Get("Request-Id")
		require.Regexp(t, "^[0-9a-f]{32}$", id, "the trace's")
		assert.Equal(t, id, a.at(t, "shop").Answered["Request-Id"])
		logs(t, back, "handling", "request_id", id)
	})
	t.Run("an id that divak takes and we do not", func(t *testing.T) {
		echoed, a := request(t, http.DefaultClient, via("", front, shop, back), map[string]string{"Request-Id": "with spaces"})
		assert.Equal(t, "with spaces", echoed.Get("Request-Id"))
		assert.Regexp(t, "^[0-9a-f]{32}$", a.at(t, "back").Headers["Request-Id"], "replaced, not altered")
		assert.NotContains(t, shop.printed.String(), "with spaces")
	})
}
