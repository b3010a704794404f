// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// traced returns a provider that exports by e, spans of client included, and
// a function that makes one span and returns when all there was is exported.
func traced(t *testing.T, e *Exporter, sampler sdktrace.Sampler) (*sdktrace.TracerProvider, func()) {
	tp := sdktrace.NewTracerProvider(sdktrace.WithBatcher(e), sdktrace.WithSampler(sampler))
	return tp, func() {
		_, span := tp.Tracer("test").Start(context.Background(), "work")
		span.End()
		for range 5 { // a loop would go round at each
			require.NoError(t, tp.ForceFlush(context.Background()))
		}
		require.NoError(t, tp.Shutdown(context.Background()))
	}
}

func TestAnInstrumentedDefaultTransportIsNotUsed(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	e := dial(t, c.URL)
	tp, work := traced(t, e, sdktrace.AlwaysSample())
	plain := http.DefaultTransport
	http.DefaultTransport = otelhttp.NewTransport(plain, otelhttp.WithTracerProvider(tp))
	defer func() { http.DefaultTransport = plain }()
	work()
	assert.Len(t, c.Requests(), 1)
	assert.Len(t, c.Spans(), 1)
	assert.EqualValues(t, 1, settled(t, e).Taken)
}

func TestAnInstrumentedClientDoesNotLoop(t *testing.T) {
	for name, tc := range map[string]struct {
		sampler sdktrace.Sampler
		own     uint64
	}{
		"whose sampler asks the parent":      {sdktrace.ParentBased(sdktrace.AlwaysSample()), 0},
		"whose sampler samples all there is": {sdktrace.AlwaysSample(), 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := instrumenttest.NewCollector(t)
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			client := &http.Client{}
			e := dial(t, c.URL, WithClient(client), WithGzipAbove(-1))
			tp, work := traced(t, e, tc.sampler)
			e.client.Transport = otelhttp.NewTransport(transport, otelhttp.WithTracerProvider(tp), otelhttp.WithPropagators(propagation.TraceContext{}))
			work()
			assert.Len(t, c.Requests(), 1)
			assert.Len(t, c.Spans(), 1)
			s := settled(t, e)
			assert.Equal(t, Dropped{Own: tc.own}, s.Dropped)
			assert.Empty(t, s.LastError, "that is no failure")
			assert.NotContains(t, string(c.Requests()[0].Body), e.own.TraceID().String())
		})
	}
}

func TestRequestsCarryNothingOfTheCallersContext(t *testing.T) {
	type key struct{}
	var seen context.Context
	e := dial(t, "http://collector.example", WithClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		seen = r.Context()
		return &http.Response{StatusCode: 202, Body: http.NoBody, Header: http.Header{}}, nil
	})}))
	ctx, span := instrumenttest.New(t).TracerProvider().Tracer("test").Start(context.WithValue(context.Background(), key{}, 1), "caller")
	defer span.End()
	member, err := baggage.NewMember("user", "x")
	require.NoError(t, err)
	bag, err := baggage.New(member)
	require.NoError(t, err)
	ctx = httptrace.WithClientTrace(baggage.ContextWithBaggage(ctx, bag), &httptrace.ClientTrace{})
	require.NoError(t, e.ExportSpans(ctx, batch(1)))
	assert.Nil(t, seen.Value(key{}))
	assert.Nil(t, httptrace.ContextClientTrace(seen))
	assert.Zero(t, baggage.FromContext(seen).Len())
	sc := trace.SpanContextFromContext(seen)
	assert.NotEqual(t, span.SpanContext().TraceID(), sc.TraceID())
	assert.True(t, sc.IsValid(), "or a client would start a new root")
	assert.False(t, sc.IsSampled())
	assert.False(t, trace.SpanFromContext(seen).IsRecording())
}

func TestTheDefaultClientIsNobodyElses(t *testing.T) {
	e := dial(t, "http://collector.example")
	assert.NotSame(t, http.DefaultClient, e.client)
	assert.NotEqual(t, http.DefaultTransport, e.client.Transport)
	theirs := &http.Client{}
	assert.NotSame(t, theirs, dial(t, "http://collector.example", WithClient(theirs)).client)
	assert.Nil(t, theirs.CheckRedirect, "a client of the program's is not changed")
}
