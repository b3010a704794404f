// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/otel/propagation"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/propagators"
)

// shop is the three services, front last.
type shop struct {
	services []*service
	items    *sql.DB // catalog's
	ratio    float64 // of the traces that are sampled
	statsd   string  // address
}

// service is one HTTP server and its own telemetry, as if it were a program.
// A program that is one service calls instrument.Setup, and leaves out the
// options that name a provider and a propagator below.
type service struct {
	url       string
	telemetry *instrument.Telemetry
	server    *http.Server
	served    chan struct{}
}

func startShop(ctx context.Context, spansURL, statsdAddr string, log *slog.Logger, ratio float64, legacyKey string) (*shop, error) {
	s := &shop{ratio: ratio, statsd: statsdAddr}
	items, err := openItems(ctx)
	if err != nil {
		return s, err
	}
	s.items = items
	// catalog speaks to legacy in the header that legacy knows, signed.
	old, err := propagators.NewXTraceInfo(propagators.XTraceInfoConfig{HMACKeys: []string{hmacKey}})
	if err != nil {
		return s, err
	}
	oldOnly, err := propagators.NewXTraceInfo(propagators.XTraceInfoConfig{HMACKeys: []string{legacyKey}})
	if err != nil {
		return s, err
	}
	err = s.start(ctx, "legacy", spansURL, log, legacy, oldOnly)
	if err == nil {
		err = s.start(ctx, "catalog", spansURL, log, catalog(items, s.url()),
			propagators.TraceContext{}, propagators.B3{}, old, propagators.CorrelationID{})
	}
	if err == nil {
		err = s.start(ctx, "front", spansURL, log, front(s.url()),
			propagators.TraceContext{}, propagators.B3{}, propagators.CorrelationID{})
	}
	return s, err
}

// start runs a service on a free port of this machine.
func (s *shop) start(ctx context.Context, name, spansURL string, log *slog.Logger, routes func(*slog.Logger, *http.Client) http.Handler, speaks ...propagation.TextMapPropagator) error {
	t, err := instrument.New(ctx,
		instrument.WithService(name, "quickstart"),
		instrument.WithSampleRatio(s.ratio),
		instrument.WithKeepErrors(), // of the others, those that failed
		instrument.WithZipkin(spansURL),
		instrument.WithStatsD(s.statsd, metrics.WithPrefix(name)),
		instrument.WithPropagators(speaks...),
	)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, t.Shutdown(ctx))
	}
	log = log.With("service", name)
	own := []httpwrap.Option{httpwrap.WithTracerProvider(t.TracerProvider()), httpwrap.WithPropagator(t.Propagator())}
	timers := httpwrap.WithTimers(t.Metrics())
	client := &http.Client{Transport: httpwrap.Transport(nil, own...), Timeout: 10 * time.Second}
	handler := httpwrap.Handler(routes(log, client), append(own, timers, httpwrap.WithAccessLog(log))...)
	v := &service{
		url:       "http://" + l.Addr().String(),
		telemetry: t,
		server:    &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second},
		served:    make(chan struct{}),
	}
	go func() {
		defer close(v.served)
		_ = v.server.Serve(l)
	}()
	s.services = append(s.services, v)
	return nil
}

// url is where the last service started listens.
func (s *shop) url() string { return s.services[len(s.services)-1].url }

// order sends a request as a browser would, without any header of tracing, and
// returns the trace id: a request that brings no correlation id gets its
// trace's, and the answer says it.
func (s *shop) order(ctx context.Context, r request) (traceID string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url()+"/orders/"+r.item, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return "", err
	}
	if resp.StatusCode != r.status {
		return "", fmt.Errorf("order of item %q was answered %d, want %d", r.item, resp.StatusCode, r.status)
	}
	return resp.Header.Get("X-Correlation-ID"), nil
}

// flush sends what was recorded now, and not at the exporters' next turn.
func (s *shop) flush(ctx context.Context) error {
	var errs []error
	for _, v := range s.services {
		errs = append(errs, v.telemetry.ForceFlush(ctx))
	}
	return errors.Join(errs...)
}

// sent counts the spans that the collector has accepted.
func (s *shop) sent() (n int) {
	for _, v := range s.services {
		for _, e := range v.telemetry.Stats().Exporters {
			n += int(e.Sent)
		}
	}
	return n
}

// keepBusy sends a request from time to time until ctx ends.
func (s *shop) keepBusy(ctx context.Context, every time.Duration) error {
	if every <= 0 {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		_, err := s.order(ctx, requests[n%len(requests)])
		if err = errors.Join(err, s.flush(ctx)); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// stop ends the services, front first so that none calls one that has gone,
// and sends the spans that are left.
func (s *shop) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var errs []error
	for _, v := range slices.Backward(s.services) {
		errs = append(errs, v.server.Shutdown(ctx), v.telemetry.Shutdown(ctx))
		<-v.served
	}
	if s.items != nil {
		errs = append(errs, s.items.Close())
	}
	return errors.Join(errs...)
}
