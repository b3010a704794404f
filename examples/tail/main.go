// SPDX-License-Identifier: Apache-2.0

// Command tail samples one request in a thousand and still shows each one that
// failed or was slow: they are decided upon when they have ended.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/viewer"
	"github.com/waymark-otel/waymark/samplers"
)

func main() {
	v, err := viewer.Start("127.0.0.1:0", viewer.WithOutput(os.Stdout))
	if err == nil {
		err = errors.Join(run(context.Background(), os.Stdout, v.SpansURL(), 3000), v.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, spansURL string, requests int) (err error) {
	shutdown, err := instrument.Setup(ctx,
		instrument.WithService("shop", "1.0"),
		instrument.WithZipkin(spansURL),
		instrument.WithSampleRatio(1.0/1000),
		instrument.WithKeepErrors(samplers.WithSlow(50*time.Millisecond)),
		instrument.WithLogger(slog.New(slog.DiscardHandler)))
	defer func() { err = errors.Join(err, shutdown(context.Background())) }()
	if err != nil {
		return err
	}
	for n := range requests {
		_ = instrument.Do(ctx, "request", func(ctx context.Context) error {
			return instrument.Do(ctx, "look up", func(context.Context) error { return lookUp(n) })
		})
	}
	fmt.Fprintf(out, "%d requests, of which two failed and one was slow\n", requests)
	return nil
}

func lookUp(n int) error {
	switch n {
	case 100, 200:
		return fmt.Errorf("no such item: %d", n)
	case 300:
		time.Sleep(60 * time.Millisecond)
	}
	return nil
}
