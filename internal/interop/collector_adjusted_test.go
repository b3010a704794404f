// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/samplers"
)

// adjustedCount is how many spans a sampled one stands for: the inverse of the
// probability that its tracestate tells, and 0 when it tells none.
func adjustedCount(tracestate string) float64 {
	for entry := range strings.SplitSeq(tracestate, ",") {
		value, ours := strings.CutPrefix(strings.TrimSpace(entry), "ot=")
		if !ours {
			continue
		}
		for sub := range strings.SplitSeq(value, ";") {
			if th, ok := strings.CutPrefix(sub, "th:"); ok && len(th) <= 14 {
				threshold, err := strconv.ParseUint(th+strings.Repeat("0", 14-len(th)), 16, 64)
				if err == nil {
					return 1 / (1 - float64(threshold)/(1<<56))
				}
			}
		}
	}
	return 0
}

// TestCountsAreEstimatedFromWhatTheCollectorHas: two services, different
// ratios, and from the sampled spans alone how many there were.
func TestCountsAreEstimatedFromWhatTheCollectorHas(t *testing.T) {
	t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "100000")
	c := startOTelCollector(t, "files.yaml")
	ratios := map[string]float64{"list": 0.01, "get": 0.25, "odd": 1.0 / 3, "buy": 1}
	front, err := instrument.New(t.Context(), instrument.WithService("front", "1"), toCollector(t, "grpc", c),
		instrument.WithSampler(samplers.Rules(samplers.Probability(ratios["list"]),
			samplers.Rule{Name: "get", Sampler: samplers.Probability(ratios["get"])},
			samplers.Rule{Name: "odd", Sampler: samplers.Probability(ratios["odd"])},
			samplers.Rule{Name: "buy", Sampler: samplers.Probability(ratios["buy"])})))
	require.NoError(t, err)
	back, err := instrument.New(t.Context(), instrument.WithService("back", "1"), toCollector(t, "http", c), instrument.WithSampleRatio(0))
	require.NoError(t, err)

	counts := map[string]int{"list": 60_000, "get": 10_000, "odd": 9_000, "buy": 500}
	for name, n := range counts {
		for range n {
			ctx, span := front.TracerProvider().Tracer("front").Start(context.Background(), name)
			headers := propagation.MapCarrier{}
			front.Propagator().Inject(ctx, headers)
			remote := back.Propagator().Extract(context.Background(), headers)
			_, child := back.TracerProvider().Tracer("back").Start(remote, name, trace.WithSpanKind(trace.SpanKindServer))
			child.End()
			span.End()
		}
	}
	require.NoError(t, front.Shutdown(context.Background()))
	require.NoError(t, back.Shutdown(context.Background()))
	for _, tel := range []*instrument.Telemetry{front, back} {
		stats := tel.Stats().Exporters[0]
		require.Equal(t, stats.Ended, stats.Sent, "%+v", stats)
	}

	for service, file := range map[string]string{"front": "grpc.json", "back": "http.json"} {
		spans := c.read(t, file).spans
		estimated, sampled := map[string]float64{}, map[string]int{}
		for _, s := range spans {
			require.Equal(t, service, s.Resource.text("service.name"))
			estimated[s.Name] += adjustedCount(s.TraceState)
			sampled[s.Name]++
		}
		for name, n := range counts {
			p := ratios[name]
			deviation := math.Sqrt(float64(n) * (1 - p) / p)
			t.Logf("%s %s: %d sampled, %.0f estimated, %d were, standard deviation %.0f", service, name, sampled[name], estimated[name], n, deviation)
			assert.InDelta(t, n, estimated[name], 6*deviation+0.001*float64(n), "%s %s", service, name)
		}
	}
}

// TestCountsSurviveTailSampling: a gateway that is told to keeps the thresholds
// true when it samples again.
func TestCountsSurviveTailSampling(t *testing.T) {
	const others, failing, head, tail = 6000, 400, 0.25, 0.1
	t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "100000")
	c := startOTelCollector(t, "gateway.yaml", "DECISION_WAIT=1s", "--feature-gates=processor.tailsamplingprocessor.usetracestate")
	tel, err := instrument.New(t.Context(), toCollector(t, "grpc", c), instrument.WithSampleRatio(head))
	require.NoError(t, err)
	for i := range others + failing {
		_, span := tel.TracerProvider().Tracer("x").Start(context.Background(), map[bool]string{true: "fails", false: "works"}[i < failing])
		if i < failing {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
	require.NoError(t, tel.Shutdown(context.Background()))
	arrived := tel.Stats().Exporters[0].Sent

	kept := func() (estimated, n map[string]float64) {
		estimated, n = map[string]float64{}, map[string]float64{}
		for _, s := range c.read(t, "kept.json").spans {
			estimated[s.Name] += adjustedCount(s.TraceState)
			n[s.Name]++
		}
		return estimated, n
	}
	last := 0.0
	require.Eventually(t, func() bool { // until nothing has come for a while
		_, n := kept()
		settled := n["fails"] > 0 && n["works"] > 0 && n["fails"]+n["works"] == last
		last = n["fails"] + n["works"]
		return settled
	}, 30*time.Second, 1500*time.Millisecond)
	estimated, n := kept()
	t.Logf("%d of %d sampled, %v kept, %v estimated", arrived, others+failing, n, estimated)
	assert.InDelta(t, failing, estimated["fails"], 6*math.Sqrt(failing*(1-head)/head), "all that failed, of those sampled")
	assert.InDelta(t, others, estimated["works"], 6*math.Sqrt(others*(1-tail)/tail), "a tenth, of all")
	assert.InDelta(t, others*tail, n["works"], 6*math.Sqrt(others*tail*(1-tail)))
}
