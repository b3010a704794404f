// SPDX-License-Identifier: Apache-2.0

package instrument_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/instrumenttest"
	"github.com/waymark-otel/waymark/propagators"
)

// early is taken before any Setup of this process.
var early = otel.Tracer("early")

func TestSetupSendsSpansToZipkin(t *testing.T) {
	noLeak(t)
	c := instrumenttest.NewCollector(t)
	shutdown, err := instrument.Setup(context.Background(), instrument.WithService("shop", "1.2.3"), instrument.WithZipkin(c.URL))
	require.NoError(t, err)
	_, span := otel.Tracer("test").Start(context.Background(), "order")
	span.End()
	require.NoError(t, shutdown(context.Background()))
	spans := c.Spans()
	require.Len(t, spans, 1)
	assert.Equal(t, "order", spans[0].Name)
	assert.Equal(t, "shop", spans[0].LocalEndpoint.ServiceName)
	assert.Equal(t, "0", c.Requests()[0].Header.Get("B3"), "the collector must not trace our exports")
	c.Close()
}

func TestSeveralExportersGetEachSpan(t *testing.T) {
	a, b, memory := instrumenttest.NewCollector(t), instrumenttest.NewCollector(t), tracetest.NewInMemoryExporter()
	tel, err := instrument.New(context.Background(), instrument.WithZipkin(a.URL), instrument.WithZipkin(b.URL), instrument.WithExporters(func(context.Context) (instrument.Exporters, error) {
		return instrument.Exporters{Spans: keep{memory}}, nil
	}))
	require.NoError(t, err)
	_, span := tel.TracerProvider().Tracer("test").Start(context.Background(), "order")
	span.End()
	require.NoError(t, tel.Shutdown(context.Background()))
	assert.Len(t, a.Spans(), 1)
	assert.Len(t, b.Spans(), 1)
	assert.Len(t, memory.GetSpans(), 1)
}

// keep outlives Shutdown, which clears the in-memory exporter.
type keep struct{ *tracetest.InMemoryExporter }

func (keep) Shutdown(context.Context) error { return nil }

func TestSecondLiveSetupIsAnErrorAndChangesNothing(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	setup(t, instrument.WithZipkin(c.URL))
	before := instrument.Installed()
	shutdown, err := instrument.Setup(context.Background(), instrument.WithZipkin(c.URL))
	require.EqualError(t, err, "instrument: Setup is live already; call its shutdown first")
	require.NotNil(t, shutdown)
	require.NoError(t, shutdown(context.Background()))
	assert.Same(t, before, instrument.Installed())
	_, span := otel.Tracer("test").Start(context.Background(), "still here")
	assert.True(t, span.IsRecording())
	span.End()
}

func TestTracersFollowSetupAfterSetup(t *testing.T) {
	between := otel.Tracer("between")
	for round := range 3 {
		c := instrumenttest.NewCollector(t)
		shutdown, err := instrument.Setup(context.Background(), instrument.WithZipkin(c.URL))
		require.NoError(t, err)
		during := otel.Tracer("during")
		_, span := early.Start(context.Background(), "early")
		span.End()
		_, span = between.Start(context.Background(), "between")
		span.End()
		_, span = during.Start(context.Background(), "during")
		span.End()
		require.NoError(t, shutdown(context.Background()))
		assert.Len(t, c.Spans(), 3, "round %d", round)
		_, span = early.Start(context.Background(), "nobody listens")
		assert.False(t, span.IsRecording())
		between = during
	}
}

func TestPropagatorTakenBeforeSetupFollows(t *testing.T) {
	taken := otel.GetTextMapPropagator()
	setup(t, instrument.WithoutDefaultExporter(), instrument.WithPropagators(propagators.B3{}))
	assert.Equal(t, []string{"b3"}, otel.GetTextMapPropagator().Fields())
	ctx, span := otel.Tracer("test").Start(context.Background(), "x")
	defer span.End()
	carrier := propagation.MapCarrier{}
	taken.Inject(ctx, carrier)
	assert.Contains(t, carrier["b3"], span.SpanContext().TraceID().String())
}

func TestFailedSetupChangesNothing(t *testing.T) {
	for name, opts := range map[string][]instrument.Option{
		"first exporter":  {opens(nil, errors.New("no")), opens(&closes{}, nil)},
		"second exporter": {opens(&closes{}, nil), opens(nil, errors.New("no"))},
		"panic in one":    {opens(&closes{}, nil), instrument.WithExporters(func(context.Context) (instrument.Exporters, error) { panic("no") })},
		"bad option":      {opens(&closes{}, nil), instrument.WithSampleRatio(2)},
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			tp, mp, lp, tm, eh := otel.GetTracerProvider(), otel.GetMeterProvider(), otel.GetLoggerProvider(), otel.GetTextMapPropagator(), otel.GetErrorHandler()
			shutdown, err := instrument.Setup(context.Background(), opts...)
			require.Error(t, err)
			require.NotNil(t, shutdown)
			require.NoError(t, shutdown(context.Background()))
			assert.True(t, tp == otel.GetTracerProvider() && mp == otel.GetMeterProvider() && lp == otel.GetLoggerProvider(), "providers")
			assert.True(t, tm == otel.GetTextMapPropagator() && eh == otel.GetErrorHandler(), "propagator and error handler")
			assert.Nil(t, instrument.Installed())
			setup(t, instrument.WithoutDefaultExporter()) // works after a failure
		})
	}
}

func TestFailedSetupClosesWhatItOpenedInReverse(t *testing.T) {
	var order []string
	named := func(name string) instrument.Option { return opens(&closes{name: name, order: &order}, nil) }
	_, err := instrument.Setup(context.Background(), named("a"), named("b"), named("c"),
		opens(&closes{name: "half open", order: &order}, errors.New("refused")))
	require.EqualError(t, err, `instrument: exporter "custom": refused`)
	assert.Equal(t, []string{"half open", "c", "b", "a"}, order)
}

type closes struct {
	sdktrace.SpanExporter
	name  string
	order *[]string
}

func (c *closes) Shutdown(context.Context) error {
	if c.order != nil {
		*c.order = append(*c.order, c.name)
	}
	return nil
}

func opens(e *closes, err error) instrument.Option {
	return instrument.WithExporters(func(context.Context) (instrument.Exporters, error) {
		if e == nil {
			return instrument.Exporters{}, err
		}
		return instrument.Exporters{Spans: e}, err
	})
}

func TestSetupWithADoneContextFails(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := instrument.Setup(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assert.Nil(t, instrument.Installed())
}

func TestSetupReplacesWhatTheProgramSetAndSaysSo(t *testing.T) {
	shutdown, err := instrument.Setup(context.Background(), instrument.WithoutDefaultExporter())
	require.NoError(t, err)
	assert.Empty(t, instrument.Installed().Report().Replaced)
	require.NoError(t, shutdown(context.Background()))

	otel.SetTracerProvider(noop.NewTracerProvider())
	setup(t, instrument.WithoutDefaultExporter())
	assert.Equal(t, []string{"TracerProvider noop.TracerProvider"}, instrument.Installed().Report().Replaced)
	_, span := otel.Tracer("test").Start(context.Background(), "ours again")
	assert.True(t, span.IsRecording())
	span.End()
}

func TestConcurrentSetupsHaveOneWinner(t *testing.T) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var winners []func(context.Context) error
	for range 32 {
		wg.Go(func() {
			if shutdown, err := instrument.Setup(context.Background(), instrument.WithoutDefaultExporter()); err == nil {
				mu.Lock()
				defer mu.Unlock()
				winners = append(winners, shutdown)
			}
		})
	}
	wg.Wait()
	require.Len(t, winners, 1)
	require.NoError(t, winners[0](context.Background()))
}

func TestPlainOtelhttpJoinsOneTraceWithB3InAndOut(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	shutdown, err := instrument.Setup(context.Background(), instrument.WithZipkin(c.URL))
	require.NoError(t, err)
	var inner http.Header
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { inner = r.Header.Clone() }))
	defer backend.Close()
	client := &http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport)}
	front := httptest.NewServer(otelhttp.NewHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, backend.URL, nil)
		if !assert.NoError(t, err) {
			return
		}
		resp, err := client.Do(req)
		if assert.NoError(t, err) {
			_ = resp.Body.Close()
		}
	}), "front"))
	defer front.Close()

	req, err := http.NewRequest(http.MethodGet, front.URL, nil)
	require.NoError(t, err)
	req.Header.Set("b3", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	_ = resp.Body.Close()
	require.NoError(t, shutdown(context.Background()))

	spans := c.Spans()
	require.Len(t, spans, 2)
	byKind := map[string]instrumenttest.ZipkinSpan{}
	for _, s := range spans {
		byKind[s.Kind] = s
		assert.Equal(t, "0af7651916cd43dd8448eb211c80319c", s.TraceID)
	}
	assert.Equal(t, "b7ad6b7169203331", byKind["SERVER"].ParentID)
	assert.Equal(t, byKind["SERVER"].ID, byKind["CLIENT"].ParentID)
	assert.Equal(t, "0af7651916cd43dd8448eb211c80319c-"+byKind["CLIENT"].ID+"-1", inner.Get("b3"))
	assert.Equal(t, "00-0af7651916cd43dd8448eb211c80319c-"+byKind["CLIENT"].ID+"-01", inner.Get("traceparent"))
}
