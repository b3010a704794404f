// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/baggage"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/internal/intent"
	"github.com/waymark-otel/waymark/propagators"
)

func TestPublicEndpointLinksAndBelievesNothing(t *testing.T) {
	tel := newTelemetry(t)
	var r *http.Request
	h := tel.handler(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { r = req }),
		httpwrap.WithPublicEndpoint(func(r *http.Request) bool { return r.URL.Path == "/public" }))
	headers := []string{
		"B3", callerTrace + "-" + callerSpan + "-d", "Baggage", "role=admin", "X-Correlation-ID", "c-1",
	}

	get(h, "/public", headers...)
	span := tel.span()
	assert.NotEqual(t, callerTrace, span.SpanContext().TraceID().String())
	assert.False(t, span.Parent().IsValid())
	require.Len(t, span.Links(), 1)
	assert.Equal(t, callerTrace, span.Links()[0].SpanContext.TraceID().String())
	assert.Equal(t, callerSpan, span.Links()[0].SpanContext.SpanID().String())
	assert.Zero(t, baggage.FromContext(r.Context()).Len())
	assert.Nil(t, intent.FromContext(r.Context()))
	assert.Equal(t, "c-1", propagators.CorrelationIDFromContext(r.Context()), "it was checked")
	sent := http.Header{}
	tel.carrier.Inject(r.Context(), headerCarrier(sent))
	assert.Regexp(t, "-1$", sent.Get("B3"), "no debug flag")
	assert.Empty(t, sent.Get("Baggage"))

	get(h, "/private", headers...)
	span = tel.spans.Ended()[1]
	assert.Equal(t, callerTrace, span.SpanContext().TraceID().String())
	assert.Empty(t, span.Links())
	assert.Equal(t, "admin", baggage.FromContext(r.Context()).Member("role").Value())
	assert.Equal(t, intent.Debug, intent.FromContext(r.Context()).For(span.SpanContext().TraceID()))
}

// A span that the program itself has started around Handler is no reason to
// continue its trace for a stranger.
func TestPublicEndpointIsANewRootBelowASpanToo(t *testing.T) {
	tel := newTelemetry(t)
	ctx, outer := tel.tracer.Tracer("t").Start(context.Background(), "outer")
	r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx)
	tel.handler(http.HandlerFunc(ok), httpwrap.WithPublicEndpoint(nil)).ServeHTTP(httptest.NewRecorder(), r)
	assert.NotEqual(t, outer.SpanContext().TraceID(), tel.span().SpanContext().TraceID())
	assert.False(t, tel.span().Parent().IsValid())
}

func TestPublicEndpointIgnoresADecisionWithoutIDs(t *testing.T) {
	tel := newTelemetry(t)
	get(tel.handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		assert.Nil(t, intent.FromContext(r.Context()))
	}), httpwrap.WithPublicEndpoint(nil)), "/", "B3", "d")
	assert.Empty(t, tel.span().Links())
}

func TestSkippedPublicEndpointStartsAnew(t *testing.T) {
	tel := newTelemetry(t)
	sent := http.Header{}
	get(tel.handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		tel.carrier.Inject(r.Context(), headerCarrier(sent))
	}), httpwrap.WithPublicEndpoint(nil), httpwrap.WithSkip("/")), "/", "Traceparent", callerParent, "Baggage", "a=b")
	assert.Regexp(t, "-00$", sent.Get("Traceparent"))
	assert.NotContains(t, sent.Get("Traceparent"), callerTrace)
	assert.Empty(t, sent.Get("Baggage"))
}

func TestSkippedRequestPassesNoDebugFlagOn(t *testing.T) {
	tel := newTelemetry(t)
	sent := http.Header{}
	get(tel.handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		tel.carrier.Inject(r.Context(), headerCarrier(sent))
	}), httpwrap.WithSkip("GET /{$}")), "/", "B3", callerTrace+"-"+callerSpan+"-d", "Baggage", "a=b", "X-Correlation-ID", "c-1")
	assert.Equal(t, callerTrace+"-"+callerSpan+"-0", sent.Get("B3"))
	assert.Equal(t, "a=b", sent.Get("Baggage"))
	assert.Equal(t, "c-1", sent.Get("X-Correlation-ID"))
}

func TestPublicEndpointCallbackThatPanicsIsPublic(t *testing.T) {
	tel := newTelemetry(t)
	get(tel.handler(http.HandlerFunc(ok), httpwrap.WithPublicEndpoint(func(*http.Request) bool { panic("x") })),
		"/", "Traceparent", callerParent)
	assert.Len(t, tel.span().Links(), 1)
}
