// SPDX-License-Identifier: Apache-2.0

// Command otelstatsd measures with OpenTelemetry only, its own counters and
// those of otelhttp, and sends them where the metrics of this shop have always
// gone: to StatsD.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/otelmetrics"
)

func main() {
	// In a program: client, err := metrics.Dial("127.0.0.1:8125").
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run sends its lines to out, one Write a packet.
func run(ctx context.Context, out io.Writer) (err error) {
	client := metrics.New(out, metrics.WithPrefix("shop"))
	defer func() { err = errors.Join(err, client.Close()) }()
	reader := sdkmetric.NewPeriodicReader(otelmetrics.NewExporter(client), sdkmetric.WithInterval(10*time.Second))
	shutdown, err := instrument.Setup(ctx,
		instrument.WithService("shop", "1.0"),
		instrument.WithoutDefaultExporter(), // metrics are all that leaves
		instrument.WithMetricReader(reader),
		instrument.WithLogger(slog.New(slog.DiscardHandler)))
	defer func() { err = errors.Join(err, shutdown(context.Background())) }() // reads and sends once more
	if err != nil {
		return err
	}

	meter := otel.Meter("shop") // after Setup: meters do not follow it
	orders, err := meter.Int64Counter("orders", metric.WithUnit("{order}"))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		orders.Add(r.Context(), 1, metric.WithAttributes(attribute.String("country", "se")))
	})
	server := httptest.NewServer(otelhttp.NewHandler(mux, "shop"))
	defer server.Close()
	for range 3 {
		resp, err := http.Get(server.URL + "/orders/7")
		if err != nil {
			return err
		}
		if err := resp.Body.Close(); err != nil {
			return err
		}
	}
	return nil
}
