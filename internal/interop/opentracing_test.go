// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startPyramid starts a Pyramid application with pyramid-opentracing and
// jaeger-client's tracer, which speaks B3 in several headers.
func startPyramid(t testing.TB, name, zipkin string, env ...string) *hop {
	t.Helper()
	return startPython(t, virtualenv(t, "pyramid-opentracing", 3), "pyramid-opentracing", "service", name, zipkin, env...)
}

// TestOpenTracingOnBothSides: the tween names a span before there is a route,
// the decorator after.
func TestOpenTracingOnBothSides(t *testing.T) {
	base := startZipkin(t)
	shop := startService(t, "shop", base, "b3multi,correlationid")
	for name, tc := range map[string]struct {
		env    []string
		digits int
		name   string
	}{
		"128 bits, by the tween":    {[]string{"BITS=128"}, 32, "get"},
		"64 bits, by the decorator": {[]string{"BITS=64", "DECORATED=yes"}, 16, "hop"},
	} {
		t.Run(name, func(t *testing.T) {
			front, back := startPyramid(t, "front", base, tc.env...), startPyramid(t, "back", base, tc.env...)
			_, a := request(t, http.DefaultClient, via("", front, shop, back), nil)
			traceID := a.at(t, "front").TraceID
			require.Len(t, traceID, tc.digits)
			assert.Equal(t, traceID, a.at(t, "back").TraceID)
			assert.Equal(t, `front server `+tc.name+`
  front client call
    shop server get /hop
      shop client get
        back server `+tc.name+`
`, drawn(readBack(t, base, traceID, 5)))
		})
	}
}

// TestOpenTracingObeysAndLeavesOpen: jaeger-client obeys a deny, but writes
// none. Of a trace that it does not sample it sends ids alone, which is B3's
// defer, so our sampler decides.
func TestOpenTracingObeysAndLeavesOpen(t *testing.T) {
	base := startZipkin(t)
	silent, back := startPyramid(t, "silent", base, "SAMPLED=no"), startPyramid(t, "back", base)
	on := startService(t, "on", base, "b3multi")
	off := startService(t, "off", base, "b3multi", "OTEL_TRACES_SAMPLER=parentbased_always_off")

	_, left := request(t, http.DefaultClient, via("", silent, on, back), nil)
	traceID := left.at(t, "silent").TraceID
	assert.NotContains(t, left.at(t, "on").Headers, "X-B3-Sampled")
	assert.Equal(t, "1", left.at(t, "back").Headers["X-B3-Sampled"])
	assert.Equal(t, `on server get /hop, of an unknown parent
  on client get
    back server get
`, drawn(readBack(t, base, traceID, 3)))

	_, denied := request(t, http.DefaultClient, via("", off, back), nil)
	assert.Equal(t, "0", denied.at(t, "back").Headers["X-B3-Sampled"])
	assert.Empty(t, readBack(t, base, denied.at(t, "back").TraceID, 0))
}

// TestOpenTracingCodecIsNoUseByItself: why the service wraps it, and the first
// thing to know of such an application. When this fails the wrapping can go.
func TestOpenTracingCodecIsNoUseByItself(t *testing.T) {
	base := startZipkin(t)
	shop, back := startService(t, "shop", base, "b3multi"), startPyramid(t, "back", base, "CODEC=plain")
	_, a := request(t, http.DefaultClient, via("", shop, back), nil)
	got := a.at(t, "back")
	require.Len(t, got.Headers["X-B3-Traceid"], 32)
	assert.NotEqual(t, got.Headers["X-B3-Traceid"], got.TraceID)
}
