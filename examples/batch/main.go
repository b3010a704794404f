// SPDX-License-Identifier: Apache-2.0

// Command batch is a job that runs and ends: each step an operation, each
// record counted, the exit status as it should be, and no span lost at the end.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"go.opentelemetry.io/otel/attribute"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/viewer"
	"github.com/waymark-otel/waymark/logbridge"
	"github.com/waymark-otel/waymark/metrics"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	v, err := viewer.Start("127.0.0.1:0", viewer.WithOutput(os.Stdout), viewer.WithStatsD("127.0.0.1:0"))
	if err == nil {
		err = errors.Join(run(ctx, os.Stdout, v.SpansURL(), v.StatsDAddr(), os.Args[1:]), v.Close())
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "batch:", err)
		os.Exit(1)
	}
}

// run imports the files given.
func run(ctx context.Context, out io.Writer, spansURL, statsd string, files []string) (err error) {
	if len(files) == 0 {
		files = []string{"monday", "tuesday"}
	}
	shutdown, err := instrument.Setup(ctx,
		instrument.WithService("import", "1.0"),
		instrument.WithZipkin(spansURL),
		instrument.WithStatsD(statsd, metrics.WithPrefix("import")),
		instrument.WithSpanMetrics(), // a timer for each step
		instrument.WithLogger(slog.New(slog.DiscardHandler)))
	// The shutdown gets a context of its own: the signal that ends the job must
	// not end the delivery of what is known of it.
	defer func() { err = errors.Join(err, shutdown(context.Background())) }()
	if err != nil {
		return err
	}
	log := slog.New(logbridge.TraceContext(slog.NewTextHandler(out, nil)))
	counters := instrument.Installed().Metrics()

	// Nightly jobs are few: each one is sampled, whatever the ratio.
	return instrument.Do(instrument.Sampled(ctx), "import", func(ctx context.Context) error {
		var failed error
		for _, file := range files {
			n, err := instrument.Call(ctx, "import file", func(ctx context.Context) (int, error) {
				instrument.SetAttributes(ctx, attribute.String("file", file))
				return records(ctx, log, file)
			})
			counters.Count("records", int64(n))
			if err != nil {
				log.ErrorContext(ctx, "file left out", "file", file, "error", err)
				failed = errors.Join(failed, fmt.Errorf("%s: %w", file, err))
			}
		}
		return failed // the job as a whole has failed then
	})
}

// records reads one file. A signal ends it between two records.
func records(ctx context.Context, log *slog.Logger, file string) (int, error) {
	if file == "broken" {
		return 0, errors.New("line 1 is not a record")
	}
	for n := range 100 {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		if n == 50 {
			instrument.AddEvent(ctx, "half of it is done")
			log.InfoContext(ctx, "half of it is done", "file", file)
		}
	}
	return 100, nil
}
