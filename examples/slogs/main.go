// SPDX-License-Identifier: Apache-2.0

// Command slogs logs through slog: to the terminal as ever, and to
// OpenTelemetry Logs, with the ids of the span in both.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"go.opentelemetry.io/otel/exporters/stdout/stdoutlog"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/logbridge"
)

func main() {
	if err := run(context.Background(), os.Stdout, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes lines to terminal, and what an exporter would send to exported.
func run(ctx context.Context, terminal, exported io.Writer) (err error) {
	shutdown, err := instrument.Setup(ctx,
		instrument.WithService("shop", "1.0"),
		instrument.WithoutDefaultExporter(), // of spans
		// In the place of logsTo stands the exporter of your collector, such as
		// that of the module instrument/otlp.
		instrument.WithExporters(logsTo(exported)),
		instrument.WithLogger(slog.New(slog.DiscardHandler)))
	defer func() { err = errors.Join(err, shutdown(context.Background())) }()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewMultiHandler(
		logbridge.TraceContext(slog.NewTextHandler(terminal, nil)), // ids in each line
		logbridge.NewHandler("shop", nil),                          // a record of OpenTelemetry Logs; nil is the live Setup's provider
	))
	return instrument.Do(ctx, "price order", func(ctx context.Context) error {
		log.InfoContext(ctx, "priced", "order", 7, slog.Group("price", "cents", 1999))
		log.DebugContext(ctx, "below the level of both")
		log.ErrorContext(ctx, "no receipt", "order", 7, "error", errors.New("printer is out of paper"))
		return nil
	})
}

// logsTo prints log records as JSON.
func logsTo(w io.Writer) func(context.Context) (instrument.Exporters, error) {
	return func(context.Context) (instrument.Exporters, error) {
		logs, err := stdoutlog.New(stdoutlog.WithWriter(w))
		return instrument.Exporters{Logs: logs}, err
	}
}
