// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/opentracing/opentracing-go"
	"github.com/opentracing/opentracing-go/harness"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	otbridge "go.opentelemetry.io/otel/bridge/opentracing"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// harnessOver, in the environment of a child process, is what the harness is
// to run over: a collector's URL for a Telemetry that sends there, or bareSDK.
const (
	harnessOver = "TEST_OPENTRACING_HARNESS_OVER"
	bareSDK     = "sdk"
)

// What fails in the harness of opentracing-go v1.2.0 for the bridge's sake,
// whatever is below it, by the lines of its assertions:
//
//   - The bridge knows no binary carrier. Hence the checks of that carrier, of
//     the mandatory formats, and of the answer to a wrong binary carrier fail:
//     the bridge says that the format is unsupported, not that the carrier is
//     wrong.
//   - A span that only follows from another begins a trace of its own, with a
//     link, where the harness wants the same trace.
var harnessFailures = map[string]string{
	"TestBinaryPropagation":   "FAIL 329 333 225 339",
	"TestMandatoryFormats":    "FAIL 357 360 225",
	"TestInvalidInject":       "FAIL 409",
	"TestInvalidExtract":      "FAIL 433",
	"TestStartSpanWithParent": "FAIL 158",

	"TestContextBaggage":       "PASS",
	"TestHTTPPropagation":      "PASS",
	"TestMultiBaggage":         "PASS",
	"TestSetOperationName":     "PASS",
	"TestSpanBaggage":          "PASS",
	"TestSpanLogs":             "PASS",
	"TestSpanTagValueTypes":    "PASS",
	"TestSpanTagsWithChaining": "PASS",
	"TestStartSpan":            "PASS",
	"TestTextPropagation":      "PASS",
	"TestUnknownFormat":        "PASS",
}

func TestHarnessFailsWhereTheBridgeDoesAndNowhereElse(t *testing.T) {
	if over := os.Getenv(harnessOver); over != "" {
		runHarness(t, over)
		return
	}
	c := instrumenttest.NewCollector(t)
	assert.Equal(t, harnessFailures, harnessResults(t, bareSDK), "over a TracerProvider of the SDK")
	assert.Equal(t, harnessFailures, harnessResults(t, c.URL), "over a Telemetry")

	spans := c.Spans()
	parent := one(t, spans, "", "Turanga Munda")
	var children, roots int
	for _, s := range spans {
		if !strings.EqualFold(s.Name, "Leela") {
			continue
		}
		if s.ParentID == "" {
			roots++ // follows from
			assert.NotEqual(t, parent.TraceID, s.TraceID)
			continue
		}
		children++
		requireChild(t, parent, s)
	}
	assert.Equal(t, [2]int{1, 1}, [2]int{children, roots})
}

// harnessResults runs the harness in a process of its own, because a check
// that fails fails the test that runs it.
func harnessResults(t *testing.T, over string) map[string]string {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe, "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), harnessOver+"="+over)
	out, err := cmd.CombinedOutput()
	require.ErrorContains(t, err, "exit status 1", "%s", out)
	results, failed, check := map[string]string{}, map[string]string{}, ""
	for line := range strings.Lines(string(out)) {
		if m := runLine.FindStringSubmatch(line); m != nil {
			check = m[1]
		}
		if m := failLine.FindStringSubmatch(line); m != nil {
			failed[check] += " " + m[1]
		}
		if m := resultLine.FindStringSubmatch(line); m != nil {
			results[m[2]] = m[1] + failed[m[2]]
		}
	}
	return results
}

var (
	runLine    = regexp.MustCompile(`^=== RUN +\w+/(\w+)`)
	failLine   = regexp.MustCompile(`^ +api_checkers\.go:(\d+):`)
	resultLine = regexp.MustCompile(`^ +--- (\w+): \w+/(\w+)`)
)

func runHarness(t *testing.T, over string) {
	harness.RunAPIChecks(t, func() (opentracing.Tracer, func()) {
		bridge := otbridge.NewBridgeTracer()
		if over == bareSDK {
			tp := sdktrace.NewTracerProvider()
			bridge.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
			bridge.SetOpenTelemetryTracer(otbridge.NewTracerProvider(bridge, tp).Tracer("harness"))
			return bridge, func() { require.NoError(t, tp.Shutdown(t.Context())) }
		}
		tel, err := instrument.New(t.Context(), instrument.WithoutEnvironment(), instrument.WithZipkin(over),
			instrument.WithLogger(slog.New(slog.DiscardHandler)))
		require.NoError(t, err)
		bridge.SetTextMapPropagator(tel.Propagator())
		bridge.SetOpenTelemetryTracer(otbridge.NewTracerProvider(bridge, tel.TracerProvider()).Tracer("harness"))
		return bridge, func() { require.NoError(t, tel.Shutdown(t.Context())) }
	}, harness.CheckEverything(), harness.UseProbe(probe{}))
}

// probe tells the harness what OpenTracing's API does not.
type probe struct{}

var _ harness.APICheckProbe = probe{}

// spanContext is what the bridge's contexts have beside OpenTracing's method.
type spanContext interface {
	TraceID() trace.TraceID
	SpanID() trace.SpanID
}

func (probe) SameTrace(first, second opentracing.Span) bool {
	a, ok1 := first.Context().(spanContext)
	b, ok2 := second.Context().(spanContext)
	return ok1 && ok2 && a.TraceID().IsValid() && a.TraceID() == b.TraceID()
}

func (probe) SameSpanContext(span opentracing.Span, sc opentracing.SpanContext) bool {
	a, ok1 := span.Context().(spanContext)
	b, ok2 := sc.(spanContext)
	return ok1 && ok2 && a.TraceID().IsValid() && a.TraceID() == b.TraceID() && a.SpanID() == b.SpanID()
}
