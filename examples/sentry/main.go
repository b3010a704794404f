// SPDX-License-Identifier: Apache-2.0

// Command sentry sends what is logged as an error, and what panics, to Sentry,
// each event with the ids of its trace. Without SENTRY_DSN, a stand-in for
// Sentry prints what arrives.
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

	sentrysdk "github.com/getsentry/sentry-go"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/logbridge"
	"github.com/waymark-otel/waymark/logbridge/sentrylog"
)

func main() {
	dsn := os.Getenv("SENTRY_DSN")
	if dsn == "" {
		standIn := httptest.NewServer(ingest(os.Stdout))
		defer standIn.Close()
		dsn = dsnOf(standIn.URL)
	}
	if err := run(context.Background(), os.Stdout, dsn); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, dsn string) (err error) {
	if err := sentrysdk.Init(sentrysdk.ClientOptions{Dsn: dsn}); err != nil {
		return err
	}
	defer sentrysdk.Flush(5 * time.Second)
	shutdown, err := instrument.Setup(ctx, instrument.WithService("shop", "1.0"), instrument.WithoutDefaultExporter(), instrument.WithLogger(slog.New(slog.DiscardHandler)))
	defer func() { err = errors.Join(err, shutdown(context.Background())) }()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewMultiHandler(
		logbridge.TraceContext(slog.NewTextHandler(out, nil)),
		sentrylog.NewHandler(nil))) // the current hub's; errors and above

	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		switch r.PathValue("id") {
		case "13":
			log.ErrorContext(r.Context(), "order failed", "order", 13, "error", errors.New("no such item"))
			w.WriteHeader(http.StatusInternalServerError)
		case "14":
			panic("no shelf 14")
		default:
			log.InfoContext(r.Context(), "order taken")
		}
	})
	server := httptest.NewUnstartedServer(httpwrap.Handler(mux, httpwrap.WithPanicHandler(sentrylog.PanicHandler(nil))))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // net/http prints the panic once more
	server.Start()
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // else a GET that breaks off is sent again
	for _, id := range []string{"7", "13", "14"} {
		if resp, err := client.Get(server.URL + "/orders/" + id); err == nil { // a panic ends the connection
			_ = resp.Body.Close()
		}
	}
	return nil
}
