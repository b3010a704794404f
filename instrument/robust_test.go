// SPDX-License-Identifier: Apache-2.0

package instrument_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// within fails the test when f does not return soon: a deadlock otherwise
// takes the whole run with it.
func within(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("does not return")
	}
}

func TestFlushesThatTimeOutTakeNoPlaceInTheQueue(t *testing.T) {
	t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "8")
	t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")
	gate := make(chan struct{})
	e := &stubExporter{export: func(context.Context, []sdktrace.ReadOnlySpan) error { <-gate; return nil }}
	tel, err := instrument.New(context.Background(), e.option())
	require.NoError(t, err)
	spans(tel, 1)
	for range 20 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		require.Error(t, tel.ForceFlush(ctx))
		cancel()
	}
	spans(tel, 7)
	close(gate)
	require.NoError(t, tel.ForceFlush(context.Background()))
	s := tel.Stats().Exporters[0]
	assert.EqualValues(t, 8, s.Sent)
	assert.Zero(t, s.Waiting)
	require.NoError(t, tel.Shutdown(context.Background()))
}

func TestWhatSetupPutsIntoTheGlobalsIsNoOption(t *testing.T) {
	for range 2 { // before and after a Setup has been live
		_, err := instrument.Setup(context.Background(), instrument.WithErrorHandler(otel.GetErrorHandler()))
		require.EqualError(t, err, "instrument: error handler is OpenTelemetry's global one, which Setup sets")
		_, err = instrument.Setup(context.Background(), instrument.WithPropagators(otel.GetTextMapPropagator()))
		require.EqualError(t, err, "instrument: propagator 1 of 1 is OpenTelemetry's global one, which Setup sets")
		shutdown, err := instrument.Setup(context.Background(), instrument.WithoutDefaultExporter())
		require.NoError(t, err)
		require.NoError(t, shutdown(context.Background()))
	}
}

func TestAHandlerThatReportsItsOwnErrorsEnds(t *testing.T) {
	calls := 0
	setup(t, instrument.WithoutDefaultExporter(), instrument.WithErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		calls++
		otel.Handle(err)
	})))
	within(t, func() { otel.Handle(errors.New("x")) })
	assert.Less(t, calls, 100)
}

func TestCallbacksMayCallTheLibrary(t *testing.T) {
	t.Setenv("OTEL_SERVCE_NAME", "x")
	within(t, func() {
		setup(t, instrument.WithoutDefaultExporter(), instrument.WithMetricReader(sdkmetric.NewManualReader()),
			instrument.WithErrorHandler(otel.ErrorHandlerFunc(func(error) {
				_ = instrument.Installed().Stats()
				_ = instrument.Do(context.Background(), "x", work)
				_, err := instrument.Setup(context.Background())
				assert.Error(t, err)
			})))
	})
}

type panics struct{ propagation.TextMapPropagator }

func (panics) Fields() []string    { panic("fields") }
func (panics) Description() string { panic("description") }
func (panics) ShouldSample(sdktrace.SamplingParameters) sdktrace.SamplingResult {
	return sdktrace.SamplingResult{}
}

func TestAPanicWhileSettingUpIsAnErrorAndLeavesNothing(t *testing.T) {
	for name, o := range map[string]instrument.Option{
		"propagator": instrument.WithPropagators(panics{}),
		"sampler":    instrument.WithSampler(panics{}),
	} {
		t.Run(name, func(t *testing.T) {
			handler := otel.GetErrorHandler()
			_, err := instrument.Setup(context.Background(), instrument.WithoutDefaultExporter(), o)
			require.ErrorContains(t, err, "panicked")
			assert.True(t, handler == otel.GetErrorHandler())
			setup(t, instrument.WithoutDefaultExporter())
		})
	}
	var nilReader *sdkmetric.ManualReader
	_, err := instrument.New(context.Background(), instrument.WithMetricReader(nilReader))
	require.EqualError(t, err, "instrument: metric reader is nil")
	reader := sdkmetric.NewManualReader()
	_, err = instrument.New(context.Background(), instrument.WithMetricReader(reader), instrument.WithMetricReader(reader))
	require.ErrorContains(t, err, "given twice")
}

func TestSecretsInVariablesMisspeltOrMisplacedAreNotShown(t *testing.T) {
	const secret = "s3cr3t"
	leaks := variables{
		"OTEL_EXPORTER_ZIPKIN_ENDPONT":   "http://admin:" + secret + "@h/",
		"OTEL_EXPORTER_ZIPKIN_URL":       "http://h/?key=" + secret,
		"OTEL_EXPORTER_ZIPKIN_HEADER":    "Authorization=Bearer " + secret,
		"OTEL_EXPORTER_ZIPKIN_AUTH":      secret,
		"OTEL_TRACES_EXPORTER":           "http://admin:" + secret + "@h/",
		"OTEL_PROPAGATORS":               "http://admin:" + secret + "@h/",
		"OTEL_TRACES_SAMPLER":            "http://admin:" + secret + "@h/",
		"OTEL_EXPORTER_ZIPKIN_TIMEOUT":   "http://admin:" + secret + "@h/",
		"OTEL_METRICS_EXEMPLAR_FILTER":   "http://admin:" + secret + "@h/",
		"OTEL_BSP_MAX_QUEUE_SIZE":        "admin:" + secret + "@h",
		"OTEL_TRACES_SAMPLER_ARG":        "http://admin:" + secret + "@h/",
		"OTEL_RESOURCE_ATTRIBUTES":       "http://admin:" + secret + "@h/",
		"OTEL_SDK_DISABLED":              "http://admin:" + secret + "@h/",
		"OTEL_EXPORTER_ZIPKIN_ENDPOINTS": "x?api_key=" + secret,
	}
	for name, value := range leaks {
		t.Run(name, func(t *testing.T) {
			tel, errs, err := built(t, variables{name: value}, instrument.WithoutDefaultExporter())
			require.NoError(t, err)
			assert.NotEmpty(t, errs.all())
			assert.NotContains(t, strings.Join(errs.all(), "\n"), secret)
			assert.NotContains(t, fmt.Sprint(tel.Report(), tel.Stats(), tel.Report().LogValue()), secret)
		})
	}
}

func TestEndpointsOfExportersAreShownWithoutCredentials(t *testing.T) {
	tel, err := instrument.New(context.Background(), instrument.WithExporters(func(context.Context) (instrument.Exporters, error) {
		return instrument.Exporters{Spans: endpoint{&stubExporter{}}}, nil
	}))
	require.NoError(t, err)
	assert.NotContains(t, fmt.Sprint(tel.Report(), tel.Stats()), "s3cr3t")
	require.NoError(t, tel.Shutdown(context.Background()))
}

type endpoint struct{ *stubExporter }

func (endpoint) Endpoint() string { return "http://u:s3cr3t@h/?k=s3cr3t" }

func TestKeepErrorsNamesWhatAHangingCollectorLost(t *testing.T) {
	hanging, good := instrumenttest.NewCollector(t, instrumenttest.Hang()), instrumenttest.NewCollector(t)
	tel, err := instrument.New(context.Background(), instrument.WithZipkin(hanging.URL), instrument.WithZipkin(good.URL), instrument.WithKeepErrors())
	require.NoError(t, err)
	spans(tel, 5)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	require.ErrorContains(t, tel.Shutdown(ctx), "lost 5 spans")
	assert.Len(t, good.Spans(), 5)
}

type panicMetrics struct{ sdkmetric.Exporter }

func (panicMetrics) Temporality(k sdkmetric.InstrumentKind) metricdata.Temporality {
	return sdkmetric.DefaultTemporalitySelector(k)
}
func (panicMetrics) Aggregation(k sdkmetric.InstrumentKind) sdkmetric.Aggregation {
	return sdkmetric.DefaultAggregationSelector(k)
}
func (panicMetrics) Export(context.Context, *metricdata.ResourceMetrics) error { panic("metrics") }
func (panicMetrics) ForceFlush(context.Context) error                          { return nil }
func (panicMetrics) Shutdown(context.Context) error                            { return nil }

type panicLogs struct{}

func (panicLogs) Export(context.Context, []sdklog.Record) error { panic("logs") }
func (panicLogs) ForceFlush(context.Context) error              { return nil }
func (panicLogs) Shutdown(context.Context) error                { return nil }

func TestExportersOfMetricsAndLogsThatPanicAreContained(t *testing.T) {
	errs := &recordErrors{}
	tel, err := instrument.New(context.Background(), instrument.WithoutDefaultExporter(), instrument.WithErrorHandler(errs),
		instrument.WithExporters(func(context.Context) (instrument.Exporters, error) {
			return instrument.Exporters{Metrics: panicMetrics{}, Logs: panicLogs{}}, nil
		}))
	require.NoError(t, err)
	counter, err := tel.MeterProvider().Meter("x").Int64Counter("hits")
	require.NoError(t, err)
	counter.Add(context.Background(), 1)
	emit(tel.LoggerProvider())
	require.Error(t, tel.ForceFlush(context.Background()))
	all := strings.Join(errs.all(), "\n")
	assert.Contains(t, all, "instrument: exporter custom: metrics: panicked: metrics")
	assert.Contains(t, all, "instrument: exporter custom: logs: panicked: logs")
	_ = tel.Shutdown(context.Background())
}

type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

func TestErrorsThatPanicWhenAskedEndNothing(t *testing.T) {
	rec := record(t)
	var typed *nilError
	err := instrument.Do(context.Background(), "op", func(context.Context) error { return typed })
	assert.True(t, err == error(typed))
	assert.Equal(t, codes.Error, only(t, rec).Status().Code)

	errs := &recordErrors{}
	e := &stubExporter{export: func(context.Context, []sdktrace.ReadOnlySpan) error { return typed }}
	tel, err := instrument.New(context.Background(), e.option(), instrument.WithErrorHandler(errs))
	require.NoError(t, err)
	spans(tel, 1)
	require.Error(t, tel.Shutdown(context.Background()))
	assert.Contains(t, strings.Join(errs.all(), ""), "whose text panics")
	otel.Handle(typed)
}

type deafProbe struct{ *stubExporter }

func (deafProbe) Probe(context.Context) error { select {} }

func TestAProbeOrALogThatNeverReturnsLosesNoSpan(t *testing.T) {
	sent := 0
	e := &stubExporter{export: func(_ context.Context, s []sdktrace.ReadOnlySpan) error { sent += len(s); return nil }}
	blocked, release := io.Pipe()
	defer blocked.Close()
	shutdown, err := instrument.Setup(context.Background(), instrument.WithLogger(slog.New(slog.NewTextHandler(release, nil))),
		instrument.WithExporters(func(context.Context) (instrument.Exporters, error) {
			return instrument.Exporters{Spans: deafProbe{e}}, nil
		}))
	require.NoError(t, err)
	spans(instrument.Installed(), 3)
	within(t, func() { assert.NoError(t, shutdown(context.Background())) })
	assert.Equal(t, 3, sent)
}

func TestAMisspeltSamplerSamplesNothing(t *testing.T) {
	for name, env := range map[string]variables{
		"the argument": {"OTEL_TRACE_SAMPLER_ARG": "0.001"},
		"the sampler":  {"OTEL_TRACES_SAMPLERS": "always_off"},
		"beside it":    {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_AGR": "0.001"},
	} {
		t.Run(name, func(t *testing.T) {
			tel, errs, err := built(t, env, instrument.WithoutDefaultExporter())
			require.NoError(t, err)
			assert.Contains(t, tel.Report().Sampler, "ProbabilitySampler{0}")
			require.Len(t, errs.all(), 1)
			assert.Contains(t, errs.all()[0], "sampling nothing")
		})
	}
}

func TestARealFailureBesideTheEndOfTheContextFails(t *testing.T) {
	rec := record(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = instrument.Do(ctx, "op", func(context.Context) error { return errors.Join(errors.New("row 7 is corrupt"), ctx.Err()) })
	assert.Equal(t, codes.Error, only(t, rec).Status().Code)
}

func TestEnormousVariablesAreBounded(t *testing.T) {
	tel, errs, err := built(t, variables{"OTEL_TRACES_EXPORTER": strings.Repeat("nonsense,x"+strings.Repeat("y", 300)+",", 200) + "z"}, instrument.WithoutDefaultExporter())
	require.NoError(t, err)
	assert.LessOrEqual(t, len(errs.all()), 20)
	assert.Less(t, len(strings.Join(errs.all(), "")), 20_000)
	assert.Less(t, len(fmt.Sprint(tel.Report())), 10_000)
}

func TestDisabledStillShutsDownWhatItWasGiven(t *testing.T) {
	p := &countingProcessor{}
	tel, _, err := built(t, variables{"OTEL_SDK_DISABLED": "true"}, instrument.WithSpanProcessor(p))
	require.NoError(t, err)
	require.NoError(t, tel.Shutdown(context.Background()))
	assert.Equal(t, 1, p.shutdowns)
}

type panicProcessor struct{ badProcessor }

func (panicProcessor) OnEnd(sdktrace.ReadOnlySpan)    { panic("end") }
func (panicProcessor) Shutdown(context.Context) error { return nil }

func TestAPanickingSpanProcessorDoesNotReachTheProgram(t *testing.T) {
	errs := &recordErrors{}
	setup(t, instrument.WithoutDefaultExporter(), instrument.WithErrorHandler(errs), instrument.WithSpanProcessor(panicProcessor{}))
	require.NoError(t, instrument.Do(context.Background(), "op", work))
	require.Len(t, errs.all(), 1)
	assert.Contains(t, errs.all()[0], "panicked: end")
}

func TestShutdownOfTheTelemetryFreesTheGlobals(t *testing.T) {
	_, err := instrument.Setup(context.Background(), instrument.WithoutDefaultExporter())
	require.NoError(t, err)
	require.NoError(t, instrument.Installed().Shutdown(context.Background()))
	setup(t, instrument.WithoutDefaultExporter())
}

func TestNilContextsAreBackground(t *testing.T) {
	var none context.Context
	tel, err := instrument.New(none, instrument.WithoutDefaultExporter())
	require.NoError(t, err)
	require.NoError(t, tel.Shutdown(none))
	require.NoError(t, instrument.Do(none, "op", work))
	otel.SetMeterProvider(nil)
	setup(t, instrument.WithoutDefaultExporter())
	otel.SetTracerProvider(noop.NewTracerProvider())
}

func TestSampledKeepsWhatTheCallerLeftOpen(t *testing.T) {
	tel, err := instrument.New(context.Background(), instrument.WithoutDefaultExporter())
	require.NoError(t, err)
	ctx := tel.Propagator().Extract(context.Background(), propagation.MapCarrier{"b3": "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"})
	_, span := tel.TracerProvider().Tracer("x").Start(instrument.Sampled(ctx), "root")
	assert.True(t, span.SpanContext().IsSampled())
	span.End()
	require.NoError(t, tel.Shutdown(context.Background()))
}

func TestAFlushThatItsCallersLeaveGivesWayToTheNext(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Hang())
	tel, err := instrument.New(context.Background(), instrument.WithZipkin(c.URL))
	require.NoError(t, err)
	spans(tel, 2)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, tel.ForceFlush(ctx), context.DeadlineExceeded)
	c.Play(instrumenttest.Accepted())
	spans(tel, 1)
	start := time.Now()
	_ = tel.ForceFlush(context.Background()) // may tell of the two that were dropped
	assert.Less(t, time.Since(start), 5*time.Second, "not the exporter's own timeout")
	assert.Len(t, c.Spans(), 1)
	require.NoError(t, tel.Shutdown(context.Background()))
}
