// SPDX-License-Identifier: Apache-2.0

//go:build unix

package interop

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/instrumenttest"
	"github.com/waymark-otel/waymark/propagators"
)

// onEvent handles one event. When it returns, the event's spans have been
// sent, so that the process may be frozen or killed.
func onEvent(ctx context.Context, tel *instrument.Telemetry, headers map[string]string, work func(context.Context) error) error {
	defer func() {
		// The event may be cancelled; what is told of it is not.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = tel.ForceFlush(ctx) // why it failed has gone to the error handler
	}()
	ctx = tel.Propagator().Extract(ctx, propagation.MapCarrier(headers))
	ctx, span := tel.TracerProvider().Tracer("events").Start(ctx, "event", trace.WithSpanKind(trace.SpanKindConsumer))
	defer span.End()
	return instrument.Do(ctx, "work", work)
}

// startJob returns the command with the trace of ctx in its environment.
func startJob(ctx context.Context, p propagation.TextMapPropagator, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	env := propagators.Environ(os.Environ())
	p.Inject(ctx, &env)
	cmd.Env = env
	return cmd
}

// runJob is the main function of such a command.
func runJob(ctx context.Context, tel *instrument.Telemetry, work func(context.Context) error) (err error) {
	defer func() { err = errors.Join(err, tel.Shutdown(context.Background())) }()
	env := propagators.Environ(os.Environ())
	ctx = tel.Propagator().Extract(ctx, &env)
	ctx, span := tel.TracerProvider().Tracer("jobs").Start(ctx, "job")
	defer span.End()
	return instrument.Do(ctx, "work", work)
}

// freezeCollector is the collector of a child process.
const freezeCollector = "TEST_CHILD_COLLECTOR"

func newChildTelemetry(ctx context.Context) (*instrument.Telemetry, error) {
	return instrument.New(ctx, instrument.WithoutEnvironment(), instrument.WithService("function", "1"),
		instrument.WithZipkin(os.Getenv(freezeCollector)), instrument.WithLogger(slog.New(slog.NewTextHandler(os.Stderr, nil))))
}

// handleEvents is a function runtime: an event a line, an answer a line.
func handleEvents(in io.Reader, out io.Writer) error {
	tel, err := newChildTelemetry(context.Background())
	if err != nil {
		return err
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var headers map[string]string
		if err := json.Unmarshal(lines.Bytes(), &headers); err != nil {
			return err
		}
		if err := onEvent(context.Background(), tel, headers, func(context.Context) error { return nil }); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, "done"); err != nil {
			return err
		}
	}
	return nil
}

// eventOf returns a caller's span context and the headers that carry it.
func eventOf(t *testing.T, r *instrumenttest.Recorder, name string) (trace.SpanContext, string) {
	t.Helper()
	ctx, span := r.TracerProvider().Tracer("caller").Start(context.Background(), name)
	defer span.End()
	headers := propagation.MapCarrier{}
	propagators.B3{}.Inject(ctx, headers)
	text, err := json.Marshal(headers)
	require.NoError(t, err)
	return span.SpanContext(), string(text)
}

func TestFrozenProcessHasSentWhatItHandled(t *testing.T) {
	if os.Getenv(freezeCollector) != "" {
		require.NoError(t, handleEvents(os.Stdin, os.Stdout))
		return
	}
	c := instrumenttest.NewCollector(t)
	front := httptest.NewServer(c) // whose connections can be closed
	defer front.Close()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), freezeCollector+"="+front.URL+"/api/v2/spans")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	answers := bufio.NewScanner(out)

	caller := instrumenttest.New(t)
	for i, name := range []string{"first", "second", "third"} {
		if i > 0 {
			require.NoError(t, cmd.Process.Signal(syscall.SIGCONT))
		}
		sent, line := eventOf(t, caller, name)
		_, err := fmt.Fprintln(in, line)
		require.NoError(t, err)
		require.True(t, answers.Scan())
		require.Equal(t, "done", answers.Text())
		freeze(t, cmd.Process.Pid)

		spans := c.Spans() // now, not after a while
		require.Len(t, spans, 2*(i+1), "%s", stderr.String())
		handled, work := spans[2*i], spans[2*i+1]
		if handled.Name == "work" {
			handled, work = work, handled
		}
		assert.Equal(t, [3]string{"CONSUMER", sent.TraceID().String(), sent.SpanID().String()}, [3]string{handled.Kind, handled.TraceID, handled.ParentID}, name)
		assert.Equal(t, [3]string{"", handled.TraceID, handled.ID}, [3]string{work.Kind, work.TraceID, work.ParentID}, name)

		// While the process sleeps, its connection dies.
		front.CloseClientConnections()
	}
	require.NoError(t, cmd.Process.Kill()) // which is how such a process ends
	require.Error(t, cmd.Wait())
	assert.Len(t, c.Spans(), 6)
	assert.Empty(t, stderr.String())
}

// freeze stops a child and waits until it has stopped.
func freeze(t *testing.T, pid int) {
	t.Helper()
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(pid, &status, syscall.WUNTRACED, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		require.NoError(t, err)
		require.True(t, status.Stopped(), "%v", status)
		return
	}
}

func TestEventIsNotHeldUpByACollectorThatHangs(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Hang())
	tel, err := instrument.New(t.Context(), instrument.WithoutEnvironment(), instrument.WithZipkin(c.URL),
		instrument.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	failed := errors.New("out of stock")
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the event's; it returns in the time that it gives to telemetry
	assert.ErrorIs(t, onEvent(ctx, tel, nil, func(context.Context) error { return failed }), failed)
	require.Len(t, c.WaitRequests(1), 1)

	c.Play(instrumenttest.Accepted())
	require.NoError(t, onEvent(t.Context(), tel, nil, func(context.Context) error { return nil }))
	spans := c.Spans()
	requireChain(t, spans, arrivedSpan(t, spans, "CONSUMER", "event"), arrivedSpan(t, spans, "", "work"))
	stats := tel.Stats().Exporters[0]
	assert.Equal(t, [3]uint64{4, 2, 2}, [3]uint64{stats.Ended, stats.Sent, stats.Dropped}, "nothing is lost unseen")
	require.NoError(t, tel.Shutdown(t.Context()))
}

func TestJobContinuesTheTraceOfTheProcessThatStartsIt(t *testing.T) {
	if os.Getenv(freezeCollector) != "" {
		tel, err := newChildTelemetry(t.Context())
		require.NoError(t, err)
		require.NoError(t, runJob(t.Context(), tel, func(context.Context) error { return nil }))
		return
	}
	exe, err := os.Executable()
	require.NoError(t, err)
	for name, p := range map[string]propagation.TextMapPropagator{
		"W3C":              propagators.TraceContext{},
		"B3, one header":   propagators.B3{},
		"B3, many headers": propagators.B3{Encoding: propagators.B3Multi},
	} {
		t.Run(name, func(t *testing.T) {
			c := instrumenttest.NewCollector(t)
			caller := instrumenttest.New(t)
			ctx, span := caller.TracerProvider().Tracer("caller").Start(t.Context(), "nightly")
			cmd := startJob(ctx, p, exe, "-test.run=^TestJobContinuesTheTraceOfTheProcessThatStartsIt$")
			cmd.Env = append(cmd.Env, freezeCollector+"="+c.URL)
			out, err := cmd.CombinedOutput()
			span.End()
			require.NoError(t, err, "%s", out)
			spans := c.Spans()
			require.Len(t, spans, 2)
			job, work := arrivedSpan(t, spans, "", "job"), arrivedSpan(t, spans, "", "work")
			assert.Equal(t, [2]string{span.SpanContext().TraceID().String(), span.SpanContext().SpanID().String()}, [2]string{job.TraceID, job.ParentID})
			assert.Equal(t, [2]string{job.TraceID, job.ID}, [2]string{work.TraceID, work.ParentID})
		})
	}
}
