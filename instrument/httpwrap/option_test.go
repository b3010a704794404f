// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/propagators"
)

func TestCapturedHeadersAreAnAllowList(t *testing.T) {
	tel := newTelemetry(t)
	opt := httpwrap.WithCapturedHeaders("x-tenant", "X-Reply", "Authorization", "cookie", "Set-Cookie", "Proxy-Authorization", "")
	get(tel.handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-Tenant", "changed by the handler")
		w.Header()["X-Reply"] = []string{"a", "b"}
		w.Header().Set("Set-Cookie", "session="+secret)
		w.WriteHeader(http.StatusNoContent)
		w.Header().Set("X-Reply", "too late to be sent")
	}), opt), "/", "X-Tenant", "t1", "X-Tenant", "t2", "X-Other", "o", "Authorization", secret, "Cookie", secret)
	attrs := attributes(tel.span())
	assert.Equal(t, `["t1","t2"]`, attrs["http.request.header.x-tenant"])
	assert.Equal(t, `["a","b"]`, attrs["http.response.header.x-reply"])
	assert.NotContains(t, attrs, "http.request.header.x-other")
	assert.NotContains(t, everything(tel.span()), secret)
}

func TestCapturedHeadersOfAClient(t *testing.T) {
	tel := newTelemetry(t)
	r := out(context.Background(), t)
	r.Header.Set("X-Tenant", "t1")
	_, err := tel.transport(roundTripFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 204, Header: http.Header{"X-Reply": {"a"}, "Set-Cookie": {secret}}}, nil
	}), httpwrap.WithCapturedHeaders("X-Tenant", "X-Reply", "Set-Cookie")).RoundTrip(r)
	require.NoError(t, err)
	assert.Equal(t, `["t1"]`, attributes(tel.span())["http.request.header.x-tenant"])
	assert.Equal(t, `["a"]`, attributes(tel.span())["http.response.header.x-reply"])
	assert.NotContains(t, everything(tel.span()), secret)
}

func TestManyHeaderValuesAreBounded(t *testing.T) {
	tel := newTelemetry(t)
	var headers []string
	for range 100 {
		headers = append(headers, "X-Many", "v")
	}
	get(tel.handler(http.HandlerFunc(ok), httpwrap.WithCapturedHeaders("X-Many")), "/", headers...)
	assert.Equal(t, `["v","v","v","v","v","v","v","v"]`, attributes(tel.span())["http.request.header.x-many"])
}

func TestAttributesSeeWhatTheRouterFound(t *testing.T) {
	tel := newTelemetry(t)
	get(tel.handler(shopMux(), httpwrap.WithAttributes(func(r *http.Request) []attribute.KeyValue {
		return []attribute.KeyValue{attribute.String("order", r.PathValue("id"))}
	})), "/orders/42")
	assert.Equal(t, "42", attributes(tel.span())["order"])
}

func TestSpanStartIsCalledWithEachSpan(t *testing.T) {
	for name, sampler := range map[string]sdktrace.Sampler{"recorded": sdktrace.AlwaysSample(), "not recorded": sdktrace.NeverSample()} {
		tel := newTelemetry(t, sdktrace.WithSampler(sampler))
		var started, inside trace.Span
		get(tel.handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			inside = trace.SpanFromContext(r.Context())
		}), httpwrap.WithSpanStart(func(s trace.Span, r *http.Request) {
			started = s
			assert.Equal(t, s, trace.SpanFromContext(r.Context()))
			s.SetAttributes(attribute.String("client.address", "mine"))
		})), "/")
		assert.Equal(t, inside, started, name)
		if name == "recorded" {
			assert.Equal(t, "mine", attributes(tel.span())["client.address"], "the program has the last word")
		}
	}
}

func TestCallbacksThatPanicAreContained(t *testing.T) {
	tel := newTelemetry(t)
	opts := []httpwrap.Option{
		nil,
		httpwrap.WithFilter(func(*http.Request) bool { panic("filter") }),
		httpwrap.WithRoute(func(*http.Request) string { panic("route") }),
		httpwrap.WithSpanStart(func(trace.Span, *http.Request) { panic("start") }),
		httpwrap.WithAttributes(func(*http.Request) []attribute.KeyValue { panic("attributes") }),
		httpwrap.WithPanicHandler(func(context.Context, any, []byte) { panic("panic handler") }),
		httpwrap.WithAccessLog(slog.New(panicHandler{})),
	}
	w := get(tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }), opts...), "/")
	assert.Equal(t, http.StatusTeapot, w.Code)
	_, err := tel.transport(answer(204, nil), opts...).RoundTrip(out(context.Background(), t))
	require.NoError(t, err)
	assert.Len(t, tel.spans.Ended(), 2)
	value, _, _ := thrown(tel.handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("handler") }), opts...))
	assert.Equal(t, "handler", value)
}

// panicHandler is a log handler that is broken.
type panicHandler struct{ slog.Handler }

func (panicHandler) Enabled(context.Context, slog.Level) bool  { return true }
func (panicHandler) Handle(context.Context, slog.Record) error { panic("log") }

func TestPeerServiceIsNamed(t *testing.T) {
	tel := newTelemetry(t)
	_, err := tel.transport(answer(204, nil), httpwrap.WithPeerService("catalog")).RoundTrip(out(context.Background(), t))
	require.NoError(t, err)
	assert.Equal(t, "catalog", attributes(tel.span())["peer.service"])
	assert.Equal(t, "catalog", attributes(tel.span())["service.peer.name"])
}

func TestClientSpanIsNamedByMethodAndRoute(t *testing.T) {
	tel := newTelemetry(t)
	_, err := tel.transport(answer(204, nil), httpwrap.WithRoute(func(*http.Request) string { return "/orders/{id}" })).
		RoundTrip(out(context.Background(), t))
	require.NoError(t, err)
	assert.Equal(t, "GET /orders/{id}", tel.span().Name())
	assert.Equal(t, "/orders/{id}", attributes(tel.span())["url.template"])
	assert.Equal(t, "/orders/{id}", tel.duration(clientDuration).attributes["url.template"])
}

func TestCorrelationIDOptionIsTheOwner(t *testing.T) {
	tel := newTelemetry(t)
	own := httpwrap.WithCorrelationID(propagators.CorrelationID{
		Header: "Request-Id", Accept: []string{"Request-Id"}, Generate: func(context.Context) string { return "made" },
	})
	stock := httpwrap.WithPropagator(propagation.TraceContext{})
	var inside string
	h := tel.handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		inside = propagators.CorrelationIDFromContext(r.Context())
		res, err := tel.transport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
			assert.Equal(t, inside, r.Header.Get("Request-Id"))
			return &http.Response{StatusCode: 204}, nil
		}), own, stock).RoundTrip(out(r.Context(), t))
		assert.NoError(t, err)
		assert.NotNil(t, res)
	}), own, stock)
	w := get(h, "/", "Request-Id", "theirs", "X-Correlation-ID", "not read")
	assert.Equal(t, "theirs", inside)
	assert.Equal(t, "theirs", w.Header().Get("Request-Id"))
	assert.Empty(t, w.Header().Get("X-Correlation-ID"))
	w = get(h, "/")
	assert.Equal(t, "made", inside)
	assert.Equal(t, "made", w.Header().Get("Request-Id"))
}

// switchable is a propagator whose owner of correlation ids changes while the
// program runs, as with a second Setup.
type switchable struct {
	propagation.TextMapPropagator
	id propagators.CorrelationID
}

func (s *switchable) CorrelationID() (propagators.CorrelationID, bool) { return s.id, true }

func TestCorrelationIDFollowsThePropagatorInForce(t *testing.T) {
	tel := newTelemetry(t)
	p := &switchable{TextMapPropagator: propagation.TraceContext{}}
	h := tel.handler(http.HandlerFunc(ok), httpwrap.WithPropagator(p))
	for _, name := range []string{"Request-Id", "correlation-id", ""} {
		p.id.Header = name
		want := name
		if want == "" {
			want = "X-Correlation-Id"
		}
		header := get(h, "/").Header()
		assert.Len(t, header, 1)
		assert.NotEmpty(t, header.Get(want))
	}
}

func TestStartTimeOfOtelhttpIsHeeded(t *testing.T) {
	tel := newTelemetry(t)
	start := time.Now().Add(-time.Hour)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	tel.handler(http.HandlerFunc(ok)).ServeHTTP(httptest.NewRecorder(), r.WithContext(otelhttp.ContextWithStartTime(r.Context(), start)))
	assert.WithinDuration(t, start, tel.span().StartTime(), 0)
	assert.GreaterOrEqual(t, tel.duration(serverDuration).sum, 3600.0)
}

func TestNoCorrelationIDIsMadeWhereNoneIsWanted(t *testing.T) {
	tel := newTelemetry(t)
	for name, opt := range map[string]httpwrap.Option{
		"no owner":    httpwrap.WithPropagator(propagation.TraceContext{}),
		"NoGenerate":  httpwrap.WithCorrelationID(propagators.CorrelationID{NoGenerate: true}),
		"a bad field": httpwrap.WithCorrelationID(propagators.CorrelationID{Header: "not a header"}),
	} {
		w := get(tel.handler(http.HandlerFunc(ok), opt), "/")
		assert.Empty(t, w.Header(), name)
	}
}

func TestSkipPatternThatIsNonePanics(t *testing.T) {
	defer func() { assert.Contains(t, recover(), `httpwrap: skip pattern "GET  x": `) }()
	httpwrap.WithSkip("GET  x")
}

func TestSkippedClientRequestIsSilentDownstream(t *testing.T) {
	tel := newTelemetry(t)
	ctx, parent := tel.tracer.Tracer("t").Start(context.Background(), "parent")
	var sent http.Header
	rt := tel.transport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
		sent = r.Header
		return &http.Response{StatusCode: 204}, nil
	}), httpwrap.WithSkip("telemetry.example/"), httpwrap.WithSkip("/health"))
	for _, url := range []string{"http://telemetry.example/v1", "http://other.example/health"} {
		_, err := rt.RoundTrip(mustRequest(t, http.MethodPost, url, nil).WithContext(ctx))
		require.NoError(t, err)
		assert.Equal(t, "00-"+parent.SpanContext().TraceID().String()+"-"+parent.SpanContext().SpanID().String()+"-00", sent.Get("Traceparent"))
	}
	assert.Empty(t, tel.spans.Ended())
	assert.Empty(t, tel.points())
}

// closing counts what http.Client asks of its transport.
type closing struct {
	http.RoundTripper
	closed int
}

func (c *closing) CloseIdleConnections() { c.closed++ }

func TestIdleConnectionsCanBeClosed(t *testing.T) {
	base := &closing{}
	(&http.Client{Transport: httpwrap.Transport(base)}).CloseIdleConnections()
	assert.Equal(t, 1, base.closed)
	(&http.Client{Transport: httpwrap.Transport(answer(204, nil))}).CloseIdleConnections()
}
