// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"errors"
	"io"
	"os"

	"go.opentelemetry.io/otel/exporters/stdout/stdoutlog"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
)

// Console writes spans to w as indented JSON, for development. A nil w means
// standard output, which is also what the name console in
// OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER and OTEL_LOGS_EXPORTER means,
// each for its own signal.
//
//	instrument.Setup(ctx, instrument.WithExporters(instrument.Console(nil)))
func Console(w io.Writer) func(context.Context) (Exporters, error) {
	return func(ctx context.Context) (Exporters, error) {
		all, err := openConsole(w)
		return Exporters{Spans: all.Spans}, err
	}
}

func openConsole(w io.Writer) (Exporters, error) {
	if w == nil {
		w = os.Stdout
	}
	spans, err1 := stdouttrace.New(stdouttrace.WithWriter(w), stdouttrace.WithPrettyPrint())
	points, err2 := stdoutmetric.New(stdoutmetric.WithWriter(w), stdoutmetric.WithPrettyPrint())
	records, err3 := stdoutlog.New(stdoutlog.WithWriter(w), stdoutlog.WithPrettyPrint())
	return Exporters{Spans: spans, Metrics: points, Logs: records}, errors.Join(err1, err2, err3)
}
