// SPDX-License-Identifier: Apache-2.0

package providers_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/waymark-otel/waymark/internal/providers"
)

// silent is a span that has ids and tells what is below it to be silent.
type silent struct{ noop.Span }

var ids = trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}})

func (silent) SpanContext() trace.SpanContext { return ids }

func TestTracerIsThatOfTheOptionElseOfTheLocalSpanElseTheGlobalOne(t *testing.T) {
	background := context.Background()
	option, local := sdktrace.NewTracerProvider(), sdktrace.NewTracerProvider()
	below, span := local.Tracer("test").Start(background, "local")
	defer span.End()
	scope := providers.Scope{Name: "us"}

	given := providers.Tracers{Option: option, Scope: scope}
	assert.Same(t, option.Tracer("us"), given.At(below))
	given = providers.Tracers{Option: noop.NewTracerProvider(), Scope: scope}
	assert.Nil(t, given.At(below), "an option that records nothing")

	found := providers.Tracers{Scope: scope}
	assert.Same(t, local.Tracer("us"), found.At(below))
}

func TestSilenceIsKeptAndAnIdentityAloneHidesNothing(t *testing.T) {
	global := sdktrace.NewTracerProvider()
	otel.SetTracerProvider(global)
	background := context.Background()
	found := providers.Tracers{Scope: providers.Scope{Name: "us"}}
	want := global.Tracer("us")
	assert.Same(t, want, found.At(background))
	assert.Same(t, want, found.At(trace.ContextWithSpanContext(background, ids)), "ids alone")
	assert.Same(t, want, found.At(trace.ContextWithRemoteSpanContext(background, ids)), "from elsewhere")
	assert.Nil(t, found.At(trace.ContextWithSpan(background, silent{})), "told to be silent")
}

func TestInstrumentsAreMadeOnceForEachProvider(t *testing.T) {
	made := 0
	m := providers.Meters[int]{Option: sdkmetric.NewMeterProvider(), Make: func(metric.Meter) *int { made++; return &made }}
	assert.Same(t, m.At(), m.At())
	assert.Equal(t, 1, made)
	m.Option = metricnoop.NewMeterProvider()
	assert.Nil(t, m.At())
	assert.Equal(t, 1, made)
}
