// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
)

func TestHandlerAroundAHandlerRecordsOnce(t *testing.T) {
	tel := newTelemetry(t)
	tenant := httpwrap.WithAttributes(func(*http.Request) []attribute.KeyValue {
		return []attribute.KeyValue{attribute.String("tenant", "t1")}
	})
	w := get(tel.handler(tel.handler(copying(tel.handler(shopMux(), tenant)))), "/orders/1")
	span := tel.span()
	assert.Equal(t, "GET /orders/{id}", span.Name())
	assert.Equal(t, "t1", attributes(span)["tenant"], "the inner one's attributes are added")
	assert.Equal(t, "/orders/{id}", tel.duration(serverDuration).attributes["http.route"])
	assert.Len(t, w.Header().Values("X-Correlation-ID"), 1)
}

func TestInnerHandlerOfASkippedRequestIsSilent(t *testing.T) {
	tel := newTelemetry(t)
	get(tel.handler(copying(tel.handler(shopMux())), httpwrap.WithSkip("/orders/1")), "/orders/1")
	assert.Empty(t, tel.spans.Ended())
	assert.Empty(t, tel.points())
}

func TestInnerHandlerOfAFilteredRequestRecords(t *testing.T) {
	tel := newTelemetry(t)
	get(tel.handler(tel.handler(shopMux()), httpwrap.WithFilter(func(*http.Request) bool { return false })), "/orders/1")
	assert.Equal(t, "GET /orders/{id}", tel.span().Name())
}

// A request made within the process to something else is no part of the
// outer one's route.
func TestRequestWithinTheProcessDoesNotRenameTheOuter(t *testing.T) {
	tel := newTelemetry(t)
	other := tel.handler(shopMux())
	mux := routed(func(_ http.ResponseWriter, r *http.Request) {
		other.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/any/x", nil).WithContext(r.Context()))
	})
	get(tel.handler(mux), "/orders/1")
	assert.Equal(t, "GET /orders/{id}", tel.span().Name())
}

// Through a Transport it is a request of its own, though.
func TestRequestThroughATransportIsItsOwn(t *testing.T) {
	tel := newTelemetry(t)
	other := tel.handler(shopMux())
	client := tel.transport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		in := httptest.NewRequest(r.Method, r.URL.Path, nil).WithContext(r.Context())
		in.Header = r.Header
		other.ServeHTTP(w, in)
		return w.Result(), nil
	}))
	get(tel.handler(routed(func(_ http.ResponseWriter, r *http.Request) {
		res, err := client.RoundTrip(httptest.NewRequest(http.MethodGet, "/any/x", nil).WithContext(r.Context()))
		if assert.NoError(t, err) {
			assert.NoError(t, res.Body.Close())
		}
	})), "/orders/1")
	spans := tel.spans.Ended()
	require.Len(t, spans, 3)
	assert.Equal(t, "GET /any/{rest...}", spans[0].Name())
	assert.Equal(t, spans[1].SpanContext().SpanID(), spans[0].Parent().SpanID())
	assert.Equal(t, "GET /orders/{id}", spans[2].Name())
}

func TestTransportAroundATransportRecordsOnce(t *testing.T) {
	tel := newTelemetry(t)
	var sent http.Header
	base := roundTripFunc(func(r *http.Request) (*http.Response, error) {
		sent = r.Header
		return &http.Response{StatusCode: 204}, nil
	})
	cloning := roundTripFunc(func(r *http.Request) (*http.Response, error) {
		return tel.transport(base).RoundTrip(r.Clone(r.Context()))
	})
	_, err := tel.transport(tel.transport(cloning)).RoundTrip(out(context.Background(), t))
	require.NoError(t, err)
	assert.Contains(t, sent.Get("Traceparent"), tel.span().SpanContext().SpanID().String())
	tel.duration(clientDuration)
}

// A base may send other requests from the same context, such as for a token.
func TestOtherRequestOfABaseIsRecorded(t *testing.T) {
	tel := newTelemetry(t)
	inner := tel.transport(answer(204, nil))
	_, err := tel.transport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
		if _, err := inner.RoundTrip(mustRequest(t, http.MethodPost, "http://auth.example/token", nil).WithContext(r.Context())); err != nil {
			return nil, err
		}
		return inner.RoundTrip(r)
	})).RoundTrip(out(context.Background(), t))
	require.NoError(t, err)
	spans := tel.spans.Ended()
	require.Len(t, spans, 2)
	assert.Equal(t, "POST", spans[0].Name())
	assert.Equal(t, spans[1].SpanContext().SpanID(), spans[0].Parent().SpanID())
}
