// SPDX-License-Identifier: Apache-2.0

package otlp_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/instrumenttest"
	"github.com/waymark-otel/waymark/instrument/otlp"
)

// opener is what WithExporters takes.
type opener = func(context.Context) (instrument.Exporters, error)

// protocols are the functions under test, and where a receiver listens for
// each.
var protocols = map[string]struct {
	open     opener
	endpoint func(*receiver) string
}{
	"http": {otlp.HTTP, func(r *receiver) string { return r.http }},
	"grpc": {otlp.GRPC, func(r *receiver) string { return r.grpc }},
}

// TestMain keeps the variables of the developer's shell away.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		child()
		return
	}
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "OTEL_") {
			_ = os.Unsetenv(name)
		}
	}
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// recordErrors is an error handler that keeps what it is given.
type recordErrors struct {
	mu   sync.Mutex
	errs []string
}

func (r *recordErrors) Handle(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, err.Error())
}

func (r *recordErrors) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.errs...)
}

// start builds a Telemetry that ends with the test.
func start(t testing.TB, opts ...instrument.Option) (*instrument.Telemetry, *recordErrors) {
	t.Helper()
	errs := &recordErrors{}
	tel, err := instrument.New(context.Background(), append([]instrument.Option{instrument.WithService("shop", "1"), instrument.WithErrorHandler(errs)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = tel.Shutdown(ctx)
	})
	return tel, errs
}

// work ends n spans.
func work(tel *instrument.Telemetry, n int) {
	for i := range n {
		_, span := tel.TracerProvider().Tracer("x").Start(context.Background(), fmt.Sprint("op ", i))
		span.End()
	}
}

// all signals once.
func work3(t testing.TB, tel *instrument.Telemetry) {
	t.Helper()
	work(tel, 1)
	counter, err := tel.MeterProvider().Meter("x").Int64Counter("orders")
	require.NoError(t, err)
	counter.Add(context.Background(), 1)
	var record log.Record
	record.SetBody(attribute.StringValue("sold out"))
	tel.LoggerProvider().Logger("x").Emit(context.Background(), record)
}

func TestTracesMetricsAndLogsArrive(t *testing.T) {
	for name, p := range protocols {
		for _, compression := range []string{"none", "gzip"} {
			t.Run(name+" "+compression, func(t *testing.T) {
				r := newReceiver(t)
				t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", p.endpoint(r))
				t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=top%20secret, tenant=7")
				t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", compression)
				tel, errs := start(t, instrument.WithExporters(p.open))
				work3(t, tel)
				require.NoError(t, tel.Shutdown(context.Background()))

				assert.Equal(t, []string{"op 0"}, r.names())
				assert.Equal(t, []string{"orders"}, r.metrics)
				assert.Equal(t, []string{"sold out"}, r.logs)
				for i, headers := range r.headers {
					assert.Equal(t, "top secret", headers["Api-Key"], r.paths[i])
					assert.Equal(t, "7", headers["Tenant"], r.paths[i])
				}
				if compression == "gzip" && name == "http" {
					assert.Equal(t, 3, r.gzipped)
				} else if name == "http" {
					assert.Zero(t, r.gzipped)
				}
				assert.Empty(t, errs.all())
				assert.Equal(t, instrument.ExporterStats{Name: "custom", Endpoint: tel.Report().Exporters[0].Endpoint, Ended: 1, Sent: 1, DroppedBy: map[string]uint64{}}, tel.Stats().Exporters[0])
			})
		}
	}
}

func TestTheReportNamesEachEndpointAndItsAnswer(t *testing.T) {
	for name, p := range protocols {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", p.endpoint(r))
			t.Setenv("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://127.0.0.1:1/mine")
			tel, _ := start(t, instrument.WithExporters(p.open))
			var got []instrument.ExporterReport
			require.Eventually(t, func() bool {
				got = tel.Report().Exporters
				return got[0].Probe != "waiting" && got[1].Probe != "waiting" && got[2].Probe != "waiting"
			}, 5*time.Second, time.Millisecond, "%v", got)
			path := func(p string) string {
				if name == "http" {
					return p
				}
				return ""
			}
			assert.Equal(t, instrument.ExporterReport{Signal: "traces", Name: "custom", Endpoint: p.endpoint(r) + path("/v1/traces"), Probe: "ok"}, got[0])
			assert.Equal(t, instrument.ExporterReport{Signal: "metrics", Name: "custom", Endpoint: p.endpoint(r) + path("/v1/metrics"), Probe: "ok"}, got[1])
			assert.Equal(t, "http://127.0.0.1:1"+path("/mine"), got[2].Endpoint)
			assert.Contains(t, got[2].Probe, "refused")
			assert.Equal(t, 1, r.probes)
		})
	}
}

func TestTheEnvironmentChoosesOTLPWhereItIsLinked(t *testing.T) {
	r := newReceiver(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.http)
	t.Setenv("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", r.grpc)
	t.Setenv("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "grpc")
	for name, tc := range map[string]struct {
		env  map[string]string
		want [3]int
	}{
		"traces":    {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, [3]int{1, 0, 0}},
		"metrics":   {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "otlp"}, [3]int{0, 1, 0}},
		"logs":      {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "otlp"}, [3]int{0, 0, 1}},
		"all three": {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_METRICS_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp"}, [3]int{1, 1, 1}},
		"nothing":   {map[string]string{"OTEL_TRACES_EXPORTER": "none"}, [3]int{0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			r.spans, r.metrics, r.logs = nil, nil, nil
			for k, v := range tc.env {
				t.Setenv(k, v)
			}
			tel, errs := start(t, instrument.WithNamedExporter("otlp", otlp.FromEnvironment))
			work3(t, tel)
			require.NoError(t, tel.Shutdown(context.Background()))
			assert.Equal(t, tc.want, [3]int{len(r.spans), len(r.metrics), len(r.logs)})
			assert.Empty(t, errs.all())
		})
	}
}

func TestZipkinAndOTLPAtOnce(t *testing.T) {
	for name, opts := range map[string][]instrument.Option{
		"in code":        {instrument.WithZipkin(""), instrument.WithExporters(otlp.Traces(otlp.HTTP))},
		"by environment": {instrument.WithNamedExporter("otlp", otlp.HTTP)},
	} {
		t.Run(name, func(t *testing.T) {
			z, r := instrumenttest.NewCollector(t), newReceiver(t)
			t.Setenv("OTEL_TRACES_EXPORTER", "zipkin,otlp")
			t.Setenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", z.URL)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.http)
			tel, _ := start(t, opts...)
			work3(t, tel)
			require.NoError(t, tel.Shutdown(context.Background()))
			require.Len(t, z.Spans(), 1)
			require.Len(t, r.spans, 1)
			assert.Equal(t, z.Spans()[0].ID, fmt.Sprintf("%x", r.spans[0].SpanId))
			assert.Empty(t, r.metrics, "traces alone")
			assert.Empty(t, r.logs, "traces alone")
		})
	}
}

// TestNothingMeasuredIsNotSent: the end of a program that has nothing to say
// waits for nobody.
func TestNothingMeasuredIsNotSent(t *testing.T) {
	for name, p := range protocols {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
			tel, errs := start(t, instrument.WithExporters(p.open))
			require.NoError(t, tel.Shutdown(context.Background()))
			assert.Empty(t, errs.all())
		})
	}
}

// TestShutdownLeavesNothingRunning: neither goroutines nor connections.
func TestShutdownLeavesNothingRunning(t *testing.T) {
	for name, p := range protocols {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", p.endpoint(r))
			base := runtime.NumGoroutine()
			for range 3 {
				tel, _ := start(t, instrument.WithExporters(p.open))
				work3(t, tel)
				require.NoError(t, tel.Shutdown(context.Background()))
				require.NoError(t, tel.Shutdown(context.Background()))
			}
			if !assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= base+1 }, 5*time.Second, 5*time.Millisecond, "one is this check's own") {
				stacks := make([]byte, 1<<20)
				t.Logf("%s", stacks[:runtime.Stack(stacks, true)])
			}
		})
	}
}
