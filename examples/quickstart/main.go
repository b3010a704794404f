// SPDX-License-Identifier: Apache-2.0

// Command quickstart runs three small services that call one another over
// HTTP, sends them requests, and shows what each request did: a waterfall of
// spans in the terminal and on a page, log lines with the same trace id, and
// statsd lines.
//
//	go run ./examples/quickstart          stays until Ctrl-C, a request every few seconds
//	go run ./examples/quickstart -once    three requests; fails unless every span arrived
//	go run ./examples/quickstart -once -ratio 0.001    fails unless the failed one did
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/waymark-otel/waymark/logbridge"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	once := flag.Bool("once", false, "send each request once, check that every span arrived, and exit")
	every := flag.Duration("every", 5*time.Second, "pause between requests; 0 sends each once and then waits")
	ratio := flag.Float64("ratio", 1, "share of the traces that is sampled; failed ones are kept all the same")
	flag.Parse()
	if err := run(ctx, os.Stdout, *once, *every, *ratio, hmacKey); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		stop()
		os.Exit(1)
	}
}

// hmacKey is the secret that catalog and legacy share: legacy believes an
// X-Trace-Info header only when it is signed. A real one is not in the code.
const hmacKey = "quickstart-secret"

func run(ctx context.Context, out io.Writer, once bool, every time.Duration, ratio float64, legacyKey string) (err error) {
	to, err := findCollector(ctx, out, once)
	if err != nil {
		return err
	}
	return show(ctx, out, to, once, every, ratio, legacyKey)
}

func show(ctx context.Context, out io.Writer, to collector, once bool, every time.Duration, ratio float64, legacyKey string) (err error) {
	defer func() { err = errors.Join(err, to.close()) }()
	sink, err := startStatsD(out, to.viewer.StatsD())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sink.close()) }()

	// Each line has the ids of its request, here and beside the trace on the page.
	log := slog.New(logbridge.TraceContext(slog.NewMultiHandler(slog.NewTextHandler(out, nil), to.viewer.SlogHandler(nil))))
	shop, err := startShop(ctx, to.spansURL, sink.addr(), log, ratio, legacyKey)
	defer func() { err = errors.Join(err, shop.stop()) }()
	if err != nil {
		return err
	}
	fmt.Fprintln(out, to.what)

	var traces []string
	for _, r := range requests {
		id, err := shop.order(ctx, r)
		if err != nil {
			return err
		}
		traces = append(traces, id)
	}
	if err := shop.flush(ctx); err != nil {
		return err
	}
	if once {
		return verdict(ctx, out, shop, to, traces, ratio)
	}
	fmt.Fprintf(out, "\nThe failed request, in a browser: %s\nAll of them: %s\nSend your own to %s/orders/1. Ctrl-C ends.\n\n", to.page(traces[len(traces)-1]), to.queryURL, shop.url())
	return shop.keepBusy(ctx, every)
}

// verdict is the end of -once: the traces, then whether they are right.
func verdict(ctx context.Context, out io.Writer, shop *shop, to collector, traces []string, ratio float64) error {
	err := check(ctx, to.queryURL, traces, ratio)
	if closeErr := to.close(); closeErr != nil { // draws what is not drawn yet
		return closeErr
	}
	all := len(requests) * len(expected)
	switch {
	case err == nil && ratio < 1:
		fmt.Fprintf(out, "The failed request arrived whole at a ratio of %v.\n", ratio)
		return nil
	case err == nil:
		fmt.Fprintf(out, "%d spans of %d requests arrived, each below its parent.\n", all, len(requests))
		return nil
	case errors.Is(err, errNoQuery) && to.viewer == nil:
		if sent := shop.sent(); sent != all {
			return fmt.Errorf("the collector took %d spans, want %d", sent, all)
		}
		fmt.Fprintf(out, "The collector took %d spans of %d requests. They could not be read back: %v.\n", all, len(requests), err)
		return nil
	}
	return err
}
