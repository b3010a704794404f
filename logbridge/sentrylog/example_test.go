// SPDX-License-Identifier: Apache-2.0

package sentrylog_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/getsentry/sentry-go"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/logbridge/sentrylog"
)

// exampleHub prints what it would send.
func exampleHub() *sentry.Hub {
	client, err := sentry.NewClient(sentry.ClientOptions{BeforeSend: func(e *sentry.Event, _ *sentry.EventHint) *sentry.Event {
		fmt.Println(e.Level, e.Message, e.Exception[0].Value, e.Contexts["trace"]["trace_id"])
		return nil
	}})
	if err != nil {
		panic(err)
	}
	return sentry.NewHub(client, sentry.NewScope())
}

func ExampleNewHandler() {
	hub := exampleHub() // in a program: nil, after sentry.Init
	logger := slog.New(sentrylog.NewHandler(hub))

	logger.WarnContext(spanContext(), "low stock")
	logger.ErrorContext(spanContext(), "order failed", "error", errors.New("no such item"))
	// Output:
	// error order failed no such item 4e3e0ec6293840b1850409eb1d4b0dee
}

func ExamplePanicHandler() {
	mux := http.NewServeMux()
	handler := httpwrap.Handler(mux, httpwrap.WithPanicHandler(sentrylog.PanicHandler(nil)))
	fmt.Println(handler != nil)
	// Output:
	// true
}

func ExampleNotice() {
	hub := exampleHub() // in a program: nil, after sentry.Init
	worker := func(ctx context.Context) {
		defer sentrylog.Notice(ctx, hub)
		panic("out of stock")
	}

	defer func() { fmt.Println("goes on:", recover()) }()
	worker(spanContext())
	// Output:
	// fatal  out of stock 4e3e0ec6293840b1850409eb1d4b0dee
	// goes on: out of stock
}
