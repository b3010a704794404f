// SPDX-License-Identifier: Apache-2.0

// Command queue is a service that answers before the work is done, and a
// worker that does it. A row of the queue has room for one string, so that is
// how the trace travels: propagators.Token.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/viewer"
	"github.com/waymark-otel/waymark/logbridge"
	"github.com/waymark-otel/waymark/propagators"
)

// row is what the queue, or a table of jobs, stores.
type row struct {
	Order string
	Trace string // at most 255 bytes
}

// enqueue puts a row with the trace of ctx into the queue.
func enqueue(ctx context.Context, queue chan<- row, order string) error {
	return instrument.Do(ctx, "send orders", func(ctx context.Context) error {
		queue <- row{Order: order, Trace: propagators.Token(ctx)}
		return nil
	}, trace.WithSpanKind(trace.SpanKindProducer))
}

// work handles the rows. A token that is malformed costs the trace, not the
// work: ContextWithToken then returns the context that it was given.
func work(ctx context.Context, queue <-chan row, handle func(context.Context, string) error) {
	for r := range queue {
		ctx, err := propagators.ContextWithToken(ctx, r.Trace)
		if err != nil {
			slog.WarnContext(ctx, "order without its trace", "error", err)
		}
		_ = instrument.Do(ctx, "process orders", func(ctx context.Context) error {
			return handle(ctx, r.Order)
		}, trace.WithSpanKind(trace.SpanKindConsumer))
	}
}

func main() {
	v, err := viewer.Start("127.0.0.1:0", viewer.WithOutput(os.Stdout))
	if err == nil {
		err = errors.Join(run(context.Background(), os.Stdout, v.SpansURL()), v.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, spansURL string) (err error) {
	slog.SetDefault(slog.New(logbridge.TraceContext(slog.NewTextHandler(out, nil))))
	shutdown, err := instrument.Setup(ctx, instrument.WithService("orders", "1.0"), instrument.WithZipkin(spansURL))
	defer func() { err = errors.Join(err, shutdown(context.Background())) }()
	if err != nil {
		return err
	}
	queue := make(chan row, 10)
	for _, order := range []string{"7", "13"} {
		ctx := propagators.ContextWithCorrelationID(ctx, "order-"+order)
		err := instrument.Do(ctx, "take order", func(ctx context.Context) error {
			slog.InfoContext(ctx, "taken", "order", order)
			return enqueue(ctx, queue, order)
		})
		if err != nil {
			return err
		}
	}
	queue <- row{Order: "8", Trace: "written by an older program"}
	close(queue)

	// Later, elsewhere. The caller's context is gone.
	work(context.Background(), queue, func(ctx context.Context, order string) error {
		time.Sleep(time.Millisecond)
		if order == "13" {
			slog.ErrorContext(ctx, "out of stock", "order", order)
			return errors.New("out of stock")
		}
		slog.InfoContext(ctx, "shipped", "order", order)
		return nil
	})
	return nil
}
