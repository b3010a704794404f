// SPDX-License-Identifier: Apache-2.0

// Command opentracing is a service of today that calls a library and another
// service instrumented with opentracing-go. It sends one request through them
// and draws the trace, which is one.
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

	otbridge "go.opentelemetry.io/otel/bridge/opentracing"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/httpwrap"
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

// run sends one request and delivers its spans to spansURL.
func run(ctx context.Context, out io.Writer, spansURL string) (err error) {
	shutdown, err := instrument.Setup(ctx,
		instrument.WithService("shop", "1.0"),
		instrument.WithZipkin(spansURL),
		instrument.WithLogger(slog.New(slog.DiscardHandler)))
	defer func() { err = errors.Join(err, shutdown(context.Background())) }()
	if err != nil {
		return err
	}
	bridge := bridgeOpenTracing()

	stock := httptest.NewServer(stock())
	defer stock.Close()
	shop := httptest.NewServer(httpwrap.Handler(shop(bridge, stock.URL)))
	defer shop.Close()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, shop.URL+"/orders/1", nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: httpwrap.Transport(nil)}).Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(out, resp.Body); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out)
	return err
}

// shop is the service of today.
func shop(bridge *otbridge.BridgeTracer, stockURL string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{item}", func(w http.ResponseWriter, r *http.Request) {
		err := instrument.Do(r.Context(), "price order", func(ctx context.Context) error {
			ctx = bridge.ContextWithBridgeSpan(ctx, trace.SpanFromContext(ctx))
			text, err := readStock(ctx, stockURL, r.PathValue("item"))
			_, _ = io.WriteString(w, text)
			return err
		})
		if err != nil {
			http.Error(w, "stock does not answer", http.StatusBadGateway)
		}
	})
	return mux
}
