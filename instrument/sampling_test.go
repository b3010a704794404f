// SPDX-License-Identifier: Apache-2.0

package instrument_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/instrumenttest"
	"github.com/waymark-otel/waymark/samplers"
)

func work(context.Context) error { return nil }

func TestSampledAndUnsampledDecideTheNextRootAlone(t *testing.T) {
	rec := record(t, instrument.WithSampleRatio(0))
	ctx := instrument.Sampled(context.Background())
	require.NoError(t, instrument.Do(ctx, "forced", func(ctx context.Context) error { return instrument.Do(ctx, "its child", work) }))
	require.NoError(t, instrument.Do(ctx, "second root", work))
	assert.Len(t, rec.Ended(), 2)
	assert.EqualValues(t, 1, instrument.Installed().Stats().Forced.Forced)
}

func TestUnsampledSilencesARoot(t *testing.T) {
	rec := record(t)
	ctx := instrument.Unsampled(context.Background())
	require.NoError(t, instrument.Do(ctx, "silent", work))
	require.NoError(t, instrument.Do(ctx, "second root", work))
	assert.Equal(t, "second root", only(t, rec).Name())
}

func TestForcedTracesAreBounded(t *testing.T) {
	rec := record(t, instrument.WithSampleRatio(0), instrument.WithForcedPerSecond(0))
	require.NoError(t, instrument.Do(instrument.Sampled(context.Background()), "x", work))
	assert.Empty(t, rec.Ended())
	assert.EqualValues(t, 1, instrument.Installed().Stats().Forced.Capped)
	for _, n := range []float64{-1, math.NaN(), math.Inf(1)} {
		_, err := instrument.New(context.Background(), instrument.WithForcedPerSecond(n))
		assert.ErrorContains(t, err, "is not a number of at least 0")
	}
}

// TestCallersDecisionReachesTheSampler: each state of B3, at a ratio that
// would say the opposite.
func TestCallersDecisionReachesTheSampler(t *testing.T) {
	const ids = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"
	for name, tc := range map[string]struct {
		header  string
		ratio   float64
		sampled bool
	}{
		"accept":                    {ids + "-1", 0, true},
		"deny":                      {ids + "-0", 1, false},
		"debug":                     {ids + "-d", 0, true},
		"left open, ratio 1":        {ids, 1, true},
		"left open, ratio 0":        {ids, 0, false},
		"accept without ids":        {"1", 0, true},
		"deny without ids":          {"0", 1, false},
		"debug without ids":         {"d", 0, true},
		"nothing, ratio 1":          {"", 1, true},
		"nothing, ratio 0":          {"", 0, false},
		"nonsense changes nothing":  {"2", 0, false},
		"nonsense changes nothing2": {ids + "-x", 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			tel, err := instrument.New(context.Background(), instrument.WithoutDefaultExporter(), instrument.WithSampleRatio(tc.ratio))
			require.NoError(t, err)
			ctx := tel.Propagator().Extract(context.Background(), propagation.MapCarrier{"b3": tc.header})
			_, span := tel.TracerProvider().Tracer("x").Start(ctx, "root")
			span.End()
			assert.Equal(t, tc.sampled, span.SpanContext().IsSampled())
			require.NoError(t, tel.Shutdown(context.Background()))
		})
	}
}

func TestKeepErrorsExportsFailedTracesWhole(t *testing.T) {
	a, b := instrumenttest.NewCollector(t), instrumenttest.NewCollector(t)
	seen := tracetest.NewSpanRecorder()
	shutdown, err := instrument.Setup(context.Background(), instrument.WithSampleRatio(0), instrument.WithZipkin(a.URL), instrument.WithZipkin(b.URL),
		instrument.WithKeepErrors(samplers.WithSlow(time.Hour)), instrument.WithSpanProcessor(seen))
	require.NoError(t, err)
	for range 5 {
		require.NoError(t, instrument.Do(context.Background(), "fine", work))
	}
	require.Error(t, instrument.Do(context.Background(), "request", func(ctx context.Context) error {
		return instrument.Do(ctx, "query", func(context.Context) error { return errors.New("deadlock") })
	}))
	tel := instrument.Installed()
	require.NoError(t, shutdown(context.Background()))
	for _, c := range []*instrumenttest.Collector{a, b} {
		require.Len(t, c.Spans(), 2)
		assert.Equal(t, c.Spans()[0].TraceID, c.Spans()[1].TraceID)
		assert.NotEmpty(t, c.Spans()[0].Tags[string(samplers.ReasonKey)])
	}
	assert.Len(t, seen.Ended(), 7, "a processor sees each span once")
	s := tel.Stats()
	assert.EqualValues(t, 2, s.Kept.Kept)
	assert.EqualValues(t, 5, s.Kept.Discarded())
	assert.EqualValues(t, 2, s.Exporters[0].Ended)
}

func TestWithSamplerIsAskedAboutRootsAlone(t *testing.T) {
	asked := &askedSampler{}
	setup(t, instrument.WithoutDefaultExporter(), instrument.WithSampler(asked))
	require.NoError(t, instrument.Do(context.Background(), "root", func(ctx context.Context) error { return instrument.Do(ctx, "child", work) }))
	assert.Equal(t, []string{"root"}, asked.names)
}

type askedSampler struct{ names []string }

func (s *askedSampler) Description() string { return "asked" }

func (s *askedSampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	s.names = append(s.names, p.Name)
	return sdktrace.SamplingResult{Decision: sdktrace.RecordAndSample}
}

func TestZipkinIsToldOfB3Debug(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	tel, err := instrument.New(context.Background(), instrument.WithZipkin(c.URL))
	require.NoError(t, err)
	for _, header := range []string{"0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-d", "d", "1", ""} {
		ctx := tel.Propagator().Extract(context.Background(), propagation.MapCarrier{"b3": header})
		ctx, span := tel.TracerProvider().Tracer("x").Start(ctx, "root of "+header)
		_, child := tel.TracerProvider().Tracer("x").Start(ctx, "child")
		child.End()
		span.End()
	}
	require.NoError(t, tel.Shutdown(context.Background()))
	debug := 0
	for _, s := range c.Spans() {
		if s.Debug {
			debug++
		}
	}
	assert.Len(t, c.Spans(), 8)
	assert.Equal(t, 4, debug, "two traces of two spans")
}
