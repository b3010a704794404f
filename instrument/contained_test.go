// SPDX-License-Identifier: Apache-2.0

package instrument_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/propagators"
	"github.com/waymark-otel/waymark/samplers"
)

type panicSampler struct{}

func (panicSampler) Description() string { return "panics" }
func (panicSampler) ShouldSample(sdktrace.SamplingParameters) sdktrace.SamplingResult {
	panic("sample")
}

func TestATraceAboutWhichASamplerPanicsIsDropped(t *testing.T) {
	errs := &recordErrors{}
	rec := record(t, instrument.WithErrorHandler(errs), instrument.WithSampler(panicSampler{}))
	require.NoError(t, instrument.Do(context.Background(), "op", work))
	assert.Empty(t, rec.Ended())
	assert.Equal(t, []string{"instrument: sampler instrument_test.panicSampler panicked: sample"}, errs.all())
}

func TestASamplerOfTheProgramIsAskedWithoutAllocation(t *testing.T) {
	setup(t, instrument.WithoutDefaultExporter(), instrument.WithSampler(samplers.Adjustable(0)))
	tracer := instrument.Installed().TracerProvider().Tracer("x")
	ours := testing.AllocsPerRun(1000, func() { tracer.Start(context.Background(), "x") })
	other, err := instrument.New(context.Background(), instrument.WithoutDefaultExporter(), instrument.WithSampleRatio(0))
	require.NoError(t, err)
	defer func() { _ = other.Shutdown(context.Background()) }()
	tracer = other.TracerProvider().Tracer("x")
	assert.Equal(t, testing.AllocsPerRun(1000, func() { tracer.Start(context.Background(), "x") }), ours)
}

type panicPropagator struct{}

func (panicPropagator) Fields() []string { return []string{"x-mine"} }
func (panicPropagator) Inject(context.Context, propagation.TextMapCarrier) {
	panic("inject")
}
func (panicPropagator) Extract(context.Context, propagation.TextMapCarrier) context.Context {
	panic("extract")
}

func TestAPropagatorThatPanicsLeavesTheOthersTheirHeaders(t *testing.T) {
	const header = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1"
	for name, code := range map[string][]instrument.Option{
		"in code":             {instrument.WithPropagators(panicPropagator{}, propagators.B3{}, &panicPropagator{})},
		"by name":             {instrument.WithNamedPropagator("mine", panicPropagator{})},
		"beside our own kind": {instrument.WithPropagators(propagators.First(propagators.B3{}), panicPropagator{})},
	} {
		t.Run(name, func(t *testing.T) {
			tel, errs, err := built(t, variables{"OTEL_PROPAGATORS": "mine,b3"}, append(code, instrument.WithoutDefaultExporter())...)
			require.NoError(t, err)
			ctx := tel.Propagator().Extract(context.Background(), propagation.MapCarrier{"b3": header})
			sent := propagation.MapCarrier{}
			tel.Propagator().Inject(ctx, sent)
			assert.Equal(t, propagation.MapCarrier{"b3": header}, sent)
			assert.Contains(t, errs.all(), "instrument: propagator instrument_test.panicPropagator panicked: extract")
			assert.Contains(t, errs.all(), "instrument: propagator instrument_test.panicPropagator panicked: inject")
			assert.Contains(t, tel.Propagator().Fields(), "x-mine")
		})
	}
}

// owner is a propagator of the program's that owns the correlation id.
type owner struct{ propagation.TextMapPropagator }

func (o owner) CorrelationID() (propagators.CorrelationID, bool) {
	return propagators.CorrelationID{Header: "X-Mine"}, true
}

func TestAPropagatorOfTheProgramMayOwnTheCorrelationID(t *testing.T) {
	setup(t, instrument.WithoutDefaultExporter(), instrument.WithPropagators(owner{propagation.Baggage{}}))
	id, ok := propagators.CorrelationIDOf(instrument.Installed().Propagator())
	assert.True(t, ok)
	assert.Equal(t, "X-Mine", id.Header)
}

type panicLogProcessor struct{}

func (panicLogProcessor) Enabled(context.Context, sdklog.EnabledParameters) bool { panic("enabled") }
func (panicLogProcessor) OnEmit(context.Context, *sdklog.Record) error           { panic("emit") }
func (panicLogProcessor) ForceFlush(context.Context) error                       { panic("flush") }
func (panicLogProcessor) Shutdown(context.Context) error                         { panic("shutdown") }

func TestALogProcessorThatPanicsDoesNotReachTheProgramNorTheNext(t *testing.T) {
	errs, next := &recordErrors{}, &countingLogs{}
	tel, err := instrument.New(context.Background(), instrument.WithoutDefaultExporter(), instrument.WithErrorHandler(errs),
		instrument.WithLogProcessor(panicLogProcessor{}), instrument.WithLogProcessor(next))
	require.NoError(t, err)
	emit(tel.LoggerProvider())
	assert.Contains(t, errs.all(), "instrument: log processor instrument_test.panicLogProcessor panicked: emit")
	require.ErrorContains(t, tel.ForceFlush(context.Background()), "flush")
	require.ErrorContains(t, tel.Shutdown(context.Background()), "shutdown")
	assert.Equal(t, countingLogs{1, 1}, *next)
}

type countingLogs struct{ emitted, shutdowns int }

func (*countingLogs) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }
func (c *countingLogs) OnEmit(context.Context, *sdklog.Record) error         { c.emitted++; return nil }
func (*countingLogs) ForceFlush(context.Context) error                       { return nil }
func (c *countingLogs) Shutdown(context.Context) error                       { c.shutdowns++; return nil }

// hollow is a reader that nobody filled: to register it panics.
type hollow struct{ *sdkmetric.ManualReader }

func TestAPanicAfterTheFirstPipelineHasStartedLeavesNothingRunning(t *testing.T) {
	noLeak(t)
	var order []string
	handler := otel.GetErrorHandler()
	_, err := instrument.Setup(context.Background(), instrument.WithMetricReader(hollow{}), instrument.WithStatsD("127.0.0.1:9"),
		opens(&closes{name: "a", order: &order}, nil), opens(&closes{name: "b", order: &order}, nil),
		instrument.WithExporters(func(context.Context) (instrument.Exporters, error) {
			return instrument.Exporters{Metrics: panicMetrics{}, Logs: panicLogs{}}, nil
		}))
	require.ErrorContains(t, err, "instrument: a component panicked")
	assert.Equal(t, []string{"b", "a"}, order, "closed once, the last first")
	assert.True(t, handler == otel.GetErrorHandler())
	assert.Nil(t, instrument.Installed())
}

// hidden are structs that compare by their type and not by their values.
type (
	hiddenProvider struct {
		trace.TracerProvider
		any
	}
	hiddenPropagator struct{ propagation.TextMapPropagator }
)

func TestGlobalsThatDoNotCompareAreNoTrouble(t *testing.T) {
	p := hiddenPropagator{propagation.NewCompositeTextMapPropagator(propagation.Baggage{})}
	otel.SetTextMapPropagator(p)
	shutdown, err := instrument.Setup(context.Background(), instrument.WithoutDefaultExporter(), instrument.WithPropagators(p))
	require.NoError(t, err)
	otel.SetTracerProvider(hiddenProvider{noop.NewTracerProvider(), []int{1}})
	for range 2 {
		require.NoError(t, instrument.Do(context.Background(), "op", work))
	}
	require.NoError(t, shutdown(context.Background()))
	setup(t, instrument.WithoutDefaultExporter())
}
