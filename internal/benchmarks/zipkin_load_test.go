// SPDX-License-Identifier: Apache-2.0

//go:build unix

package benchmarks

// WAYMARK_LOAD=5s go test -v -run ZipkinUnderLoad ./internal/benchmarks
//
// Each row runs for that long. The collector is another process, so that its
// processor time is not in the figures.

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	//lint:ignore SA1019 it is the peer
	official "go.opentelemetry.io/otel/exporters/zipkin"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/waymark-otel/waymark/instrument/zipkin"
)

const (
	loadVariable = "WAYMARK_LOAD"
	sinkVariable = "WAYMARK_LOAD_SINK"
)

// TestZipkinLoadSink is the collector: it reads what comes and answers 202,
// until its standard input ends.
func TestZipkinLoadSink(t *testing.T) {
	if os.Getenv(sinkVariable) == "" {
		t.Skip("run by TestZipkinUnderLoad")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() {
		_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusAccepted)
		}))
	}()
	fmt.Println("sink http://" + listener.Addr().String() + "/api/v2/spans")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func startSink(t *testing.T) (url string) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestZipkinLoadSink$", "-test.v")
	cmd.Env = append(os.Environ(), sinkVariable+"=1")
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if _, found, ok := strings.Cut(lines.Text(), "sink "); ok {
			return found
		}
	}
	t.Fatal("the sink did not start")
	return ""
}

// counted counts the spans that the exporter took without an error.
type counted struct {
	sdktrace.SpanExporter
	sent atomic.Int64
}

func (c *counted) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := c.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		c.sent.Add(int64(len(spans)))
	}
	return err
}

// processorTime is what this process has used so far.
func processorTime(t *testing.T) time.Duration {
	var used syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// TestZipkinUnderLoad ends spans at a steady rate before the stock batch
// processor, with its defaults, and reports which share of them arrived and
// what that cost. The row of no exporter is the cost of making the spans.
func TestZipkinUnderLoad(t *testing.T) {
	if os.Getenv(loadVariable) == "" {
		t.Skip(loadVariable + " is not set to how long each row is to run")
	}
	length, err := time.ParseDuration(os.Getenv(loadVariable))
	require.NoError(t, err)
	url := startSink(t)
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { t.Logf("told: %v", err) }))
	t.Logf("%-22s %10s %10s %10s %10s", "exporter", "spans/s", "reached", "delivered", "CPU µs/span")
	for _, rate := range []int{10_000, 30_000, 60_000, 120_000} {
		for _, row := range []struct {
			name string
			open func() (sdktrace.SpanExporter, error)
		}{
			{"none", func() (sdktrace.SpanExporter, error) { return tracetest.NewNoopExporter(), nil }},
			{"waymark", func() (sdktrace.SpanExporter, error) { return zipkin.New(url) }},
			{"waymark without gzip", func() (sdktrace.SpanExporter, error) { return zipkin.New(url, zipkin.WithGzipAbove(-1)) }},
			{"official", func() (sdktrace.SpanExporter, error) { return official.New(url) }},
		} {
			exporter, err := row.open()
			require.NoError(t, err)
			c := &counted{SpanExporter: exporter}
			tp := sdktrace.NewTracerProvider(sdktrace.WithBatcher(c), sdktrace.WithResource(service))
			used := processorTime(t)
			ended, reached := load(tp, rate, length)
			require.NoError(t, tp.Shutdown(context.Background()))
			used = processorTime(t) - used
			t.Logf("%-22s %10d %10.0f %9.2f%% %10.2f", row.name, rate, reached,
				100*float64(c.sent.Load())/float64(ended), float64(used.Nanoseconds())/1000/float64(ended))
		}
	}
}

// load ends spans at rate for that long. It returns how many, and the rate it
// reached: a machine with no time to spare reaches less.
func load(tp *sdktrace.TracerProvider, rate int, length time.Duration) (ended int, reached float64) {
	tracer := tp.Tracer("load")
	attrs := callAttributes(1)
	begin := time.Now()
	for {
		passed := time.Since(begin)
		if passed >= length {
			return ended, float64(ended) / passed.Seconds()
		}
		// What a pause of the machine left out is not caught up in one
		// burst: that would fill the queue, which is not the exporter's.
		due := min(int(passed.Seconds()*float64(rate))-ended, max(rate/250, 64))
		for range due {
			call(tracer, attrs)
		}
		ended += due
		time.Sleep(time.Millisecond)
	}
}
