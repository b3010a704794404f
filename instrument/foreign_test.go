// SPDX-License-Identifier: Apache-2.0

package instrument_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/waymark-otel/waymark/instrument"
)

// counting loses one span of each batch, and says so.
type counting struct {
	tracetest.NoopExporter
	sent, lost uint64
	panics     bool
}

func (c *counting) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	c.sent, c.lost = c.sent+uint64(len(spans)-1), c.lost+1
	return errors.New("one is missing")
}

func (c *counting) SpanStats() instrument.ExporterStats {
	if c.panics {
		panic("count")
	}
	return instrument.ExporterStats{Sent: c.sent, Retried: 7, LastError: "one", DroppedBy: map[string]uint64{"rejected": c.lost}}
}

// TestAnExporterThatCountsItsSpansIsBelieved: an error does not mean that the
// whole batch was lost.
func TestAnExporterThatCountsItsSpansIsBelieved(t *testing.T) {
	exporter := &counting{}
	tel, err := instrument.New(context.Background(), instrument.WithErrorHandler(&recordErrors{}),
		instrument.WithExporters(func(context.Context) (instrument.Exporters, error) { return instrument.Exporters{Spans: exporter}, nil }))
	require.NoError(t, err)
	for range 5 {
		_, span := tel.TracerProvider().Tracer("x").Start(context.Background(), "x")
		span.End()
	}
	assert.Error(t, tel.ForceFlush(context.Background()))
	got := tel.Stats().Exporters[0]
	assert.Equal(t, instrument.ExporterStats{Name: "custom", Ended: 5, Sent: 4, Dropped: 1, DroppedBy: map[string]uint64{"rejected": 1}, Retried: 7, LastError: "one"}, got)
	got.DroppedBy["rejected"] = 99
	assert.EqualValues(t, 1, tel.Stats().Exporters[0].Dropped, "the map is the caller's")
	exporter.panics = true
	assert.NotPanics(t, func() { tel.Stats() })
	exporter.panics = false
	assert.NoError(t, tel.Shutdown(context.Background()))
}

// TestWhatAnExporterReadsIsReported, and what it finds wrong is told.
func TestWhatAnExporterReadsIsReported(t *testing.T) {
	t.Setenv("OTEL_TRACES_EXPORTER", "other")
	errs := &recordErrors{}
	tel, err := instrument.New(context.Background(), instrument.WithErrorHandler(errs),
		instrument.WithNamedExporter("other", func(context.Context) (instrument.Exporters, error) {
			return instrument.Exporters{Spans: &counting{}, Variables: []instrument.Variable{
				{Name: "OTHER_ENDPOINT", Value: "http://user:s3cr3t@example/"},
				{Name: "OTHER_TIMEOUT", Value: "soon", Note: "is not a number; using 5"},
				{Name: "OTHER_HEADERS", Value: "k=s3cr3t", Note: "is not a list"},
				{Name: "OTHER_TOKEM", Note: "is not read"},
				{Name: "OTEL_TRACES_EXPORTER", Value: "other"},
				{Name: "OTHER_TIMEOUT", Value: "soon", Note: "said twice"},
			}}, nil
		}))
	require.NoError(t, err)
	assert.Equal(t, []string{
		`instrument: OTHER_TIMEOUT="soon": is not a number; using 5`,
		`instrument: OTHER_HEADERS="REDACTED": is not a list`,
		`instrument: OTHER_TOKEM: is not read`,
	}, errs.all())
	assert.Equal(t, []instrument.Variable{
		{Name: "OTEL_TRACES_EXPORTER", Value: "other"},
		{Name: "OTHER_ENDPOINT", Value: "http://REDACTED@example/"},
		{Name: "OTHER_TIMEOUT", Value: "soon", Note: "is not a number; using 5"},
		{Name: "OTHER_HEADERS", Value: "REDACTED", Note: "is not a list"},
		{Name: "OTHER_TOKEM", Note: "is not read"},
	}, tel.Report().Variables)
	assert.NoError(t, tel.Shutdown(context.Background()))
}
