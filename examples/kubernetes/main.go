// SPDX-License-Identifier: Apache-2.0

// Command kubernetes ends as a pod should: it says that it is no longer ready,
// goes on answering for a while, because not everybody has heard yet, finishes
// what it has begun, and delivers what it has recorded.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/httpwrap"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "where to listen; a pod says :8080")
	linger := flag.Duration("linger", 5*time.Second, "how long to go on answering after SIGTERM")
	flag.Parse()
	if err := run(*listen, *linger); err != nil {
		fmt.Fprintln(os.Stderr, "kubernetes:", err)
		os.Exit(1)
	}
}

// The times of a pod's end must add up to less than its
// terminationGracePeriodSeconds, which is 30 unless the manifest says more.
const (
	drain   = 15 * time.Second // for the requests under way
	deliver = 5 * time.Second  // for spans, metrics and logs
)

func run(listen string, linger time.Duration) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	shutdown, err := instrument.Setup(ctx, instrument.WithService("pod", "1.0"))
	defer func() {
		// Not ctx: it has ended, and that must not end the delivery.
		ctx, cancel := context.WithTimeout(context.Background(), deliver)
		defer cancel()
		err = errors.Join(err, shutdown(ctx)) // says how many spans were lost, if any
	}()
	if err != nil {
		return err
	}

	var ending atomic.Bool
	app := http.NewServeMux()
	app.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		_ = instrument.Do(r.Context(), "price order", func(context.Context) error {
			time.Sleep(20 * time.Millisecond)
			return nil
		})
		fmt.Fprintln(w, "1999 cents")
	})
	app.HandleFunc("GET /livez", func(http.ResponseWriter, *http.Request) {}) // alive until the end
	app.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if ending.Load() {
			http.Error(w, "ending", http.StatusServiceUnavailable)
		}
	})

	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	slog.Info("listening", "url", "http://"+l.Addr().String())
	server := &http.Server{Handler: httpwrap.Handler(app, httpwrap.WithSkip("/livez", "/readyz")), ReadHeaderTimeout: 5 * time.Second}
	drained := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		stop()             // a second signal ends the program at once
		ending.Store(true) // /readyz says so
		time.Sleep(linger) // until the last load balancer has seen it
		ctx, cancel := context.WithTimeout(context.Background(), drain)
		defer cancel()
		drained <- server.Shutdown(ctx)
	})
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-drained // every request has ended, and so has its span
}
