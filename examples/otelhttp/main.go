// SPDX-License-Identifier: Apache-2.0

// Command otelhttp is a service that was instrumented with plain otelhttp and
// stays as it is: Setup is all that was added.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/viewer"
)

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
	shutdown, err := instrument.Setup(ctx,
		instrument.WithService("shop", "1.0"),
		instrument.WithZipkin(spansURL),
		instrument.WithLogger(slog.New(slog.DiscardHandler)))
	defer func() { err = errors.Join(err, shutdown(context.Background())) }()
	if err != nil {
		return err
	}

	// From here on there is only otelhttp. It finds provider and propagator in
	// OpenTelemetry's globals.
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		_ = instrument.Do(r.Context(), "price order", func(context.Context) error { return nil })
		fmt.Fprintf(w, "order %s, trace %s\n", r.PathValue("id"), trace.SpanContextFromContext(r.Context()).TraceID())
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: otelhttp.NewHandler(mux, "shop")}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()

	client := &http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport)}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.Addr().String()+"/orders/7", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, resp.Body)
	return errors.Join(err, resp.Body.Close(), server.Shutdown(ctx), ended(<-served))
}

func ended(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
