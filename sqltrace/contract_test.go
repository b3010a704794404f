// SPDX-License-Identifier: Apache-2.0

package sqltrace_test

import (
	"context"
	"database/sql/driver"
	"testing"

	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/waymark-otel/waymark/sqltrace"
	"github.com/waymark-otel/waymark/sqltrace/sqltracetest"
)

func wrapper(opts ...sqltrace.Option) sqltracetest.Wrap {
	return func(c driver.Connector) driver.Connector { return sqltrace.WrapConnector(c, opts...) }
}

func TestWrappingChangesNothing(t *testing.T) {
	tp := sdktrace.NewTracerProvider(sdktrace.WithSyncer(tracetest.NewInMemoryExporter()))
	t.Cleanup(func() { _ = tp.Shutdown(context.Background()) })
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	t.Cleanup(func() { _ = mp.Shutdown(context.Background()) })
	var (
		tracing   trace.TracerProvider = tp
		measuring metric.MeterProvider = mp
	)
	with := func(opts ...sqltrace.Option) sqltracetest.Wrap {
		return wrapper(append(opts, sqltrace.WithTracerProvider(tracing), sqltrace.WithMeterProvider(measuring))...)
	}
	for name, wrap := range map[string]sqltracetest.Wrap{
		"observed by nobody": wrapper(
			sqltrace.WithTracerProvider(tracenoop.NewTracerProvider()), sqltrace.WithMeterProvider(metricnoop.NewMeterProvider())),
		"observed":          with(),
		"with all there is": with(sqltrace.WithRows(), sqltrace.WithPing(), sqltrace.WithPrepare(), sqltrace.WithSlowQuery(0, discardLogger)),
		"as events":         with(sqltrace.WithEvents()),
		"wrapped twice":     func(c driver.Connector) driver.Connector { return with()(with()(c)) },
	} {
		t.Run(name, func(t *testing.T) { sqltracetest.Contract(t, wrap) })
	}
}
