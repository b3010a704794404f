// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/logbridge"
	"github.com/waymark-otel/waymark/propagators"
)

// asService is set for a process that is not to test, but to be one of our
// services.
const asService = "HOP_SERVE"

// startService starts one of our services: Setup, httpwrap on both sides and
// logbridge, all as the environment says. The propagators are a list as
// OTEL_PROPAGATORS takes it, with these besides: tomograph, request-id,
// correlation and kong.
func startService(t testing.TB, name, zipkin, propagators string, env ...string) *hop {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), append([]string{
		asService + "=yes", "OTEL_SERVICE_NAME=" + name, "OTEL_PROPAGATORS=" + propagators,
		"OTEL_TRACES_EXPORTER=zipkin", "OTEL_EXPORTER_ZIPKIN_ENDPOINT=" + zipkin + "/api/v2/spans", "OTEL_BSP_SCHEDULE_DELAY=100",
	}, env...)...)
	return startHop(t, name, cmd)
}

// serve is the main function of such a process.
func serve() (err error) {
	logger := slog.New(logbridge.TraceContext(slog.NewJSONHandler(os.Stdout, nil))).With("service", os.Getenv("HOP_NAME"))
	tomograph, err := propagators.NewXTraceInfo(propagators.XTraceInfoConfig{AllowUnsigned: true, Inject: propagators.XTraceInfoTomograph})
	if err != nil {
		return err
	}
	shutdown, err := instrument.Setup(context.Background(),
		instrument.WithLogger(logger),
		instrument.WithNamedPropagator("tomograph", tomograph),
		instrument.WithNamedPropagator("request-id", propagators.CorrelationID{Header: "Request-Id"}),
		instrument.WithNamedPropagator("correlation", propagators.CorrelationID{Header: "Correlation-ID"}),
		instrument.WithNamedPropagator("kong", propagators.CorrelationID{Accept: []string{"X-Correlation-ID", "Kong-Request-ID"}}))
	defer func() { err = errors.Join(err, shutdown(context.Background())) }()
	if err != nil {
		return err
	}
	client := &http.Client{Transport: httpwrap.Transport(nil)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /hop", func(w http.ResponseWriter, r *http.Request) {
		logger.InfoContext(r.Context(), "handling")
		a := answer{Service: os.Getenv("HOP_NAME"), Headers: first(r.Header)}
		if next := nextHop(r.URL.Query().Get("via")); next != "" {
			if err := pass(r.Context(), client, next, &a); err != nil {
				logger.ErrorContext(r.Context(), "no answer", "err", err)
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(a)
	})
	server := &http.Server{
		Addr: os.Getenv("HOP_ADDR"), ReadHeaderTimeout: time.Minute,
		Handler: httpwrap.Handler(mux, httpwrap.WithSkip("/health"), httpwrap.WithAccessLog(logger)),
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// pass asks the next hop.
func pass(ctx context.Context, client *http.Client, url string, a *answer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	a.Answered = first(resp.Header)
	return json.NewDecoder(resp.Body).Decode(&a.Next)
}

// first returns the first value of each header.
func first(h http.Header) map[string]string {
	values := map[string]string{}
	for name := range h {
		values[name] = cmp.Or(h.Get(name), values[name])
	}
	return values
}
