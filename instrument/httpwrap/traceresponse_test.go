// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
)

func TestTraceResponseTellsTheTruth(t *testing.T) {
	for name, tc := range map[string]struct {
		sampler sdktrace.Sampler
		flags   string
	}{"sampled": {sdktrace.AlwaysSample(), "01"}, "not sampled": {sdktrace.NeverSample(), "00"}} {
		t.Run(name, func(t *testing.T) {
			tel := newTelemetry(t, sdktrace.WithSampler(tc.sampler))
			var sc trace.SpanContext
			w := get(tel.handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				sc = trace.SpanContextFromContext(r.Context())
			}), httpwrap.WithTraceResponse()), "/", "Traceparent", callerParent)
			assert.Equal(t, "00-"+callerTrace+"-"+sc.SpanID().String()+"-"+tc.flags, w.Header().Get("Traceresponse"))
		})
	}
	tel := newTelemetry(t)
	assert.Empty(t, get(tel.handler(http.HandlerFunc(ok)), "/").Header().Get("Traceresponse"))
	w := get(tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("traceresponse", "own")
	}), httpwrap.WithTraceResponse()), "/")
	assert.Equal(t, []string{"own"}, w.Header().Values("Traceresponse"))
}
