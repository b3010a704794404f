// SPDX-License-Identifier: Apache-2.0

// Command clientserver is two programs in one: a server, and a client that
// sends it a request. Each has its own Setup, as programs have.
//
//	go run ./examples/clientserver server -listen 127.0.0.1:8080
//	go run ./examples/clientserver client -to http://127.0.0.1:8080
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/logbridge"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "clientserver:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	role := ""
	if len(args) > 0 {
		role = args[0]
	}
	if role != "server" && role != "client" {
		return errors.New("say server or client")
	}
	flags := flag.NewFlagSet(role, flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8080", "where the server listens")
	to := flags.String("to", "http://127.0.0.1:8080", "whom the client asks")
	item := flags.String("item", "7", "what the client asks for")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}

	// The ids are in each line, and they are the same on both sides.
	slog.SetDefault(slog.New(logbridge.TraceContext(slog.NewTextHandler(os.Stdout, nil))))
	shutdown, err := instrument.Setup(ctx, instrument.WithService("greeting-"+role, "1.0"))
	defer func() { err = errors.Join(err, shutdown(context.Background())) }()
	if err != nil {
		return err
	}
	if role == "server" {
		return serve(ctx, *listen)
	}
	return ask(ctx, *to, *item)
}
