// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/propagators"
	"github.com/waymark-otel/waymark/samplers"
)

// producers make the n-th trace id of a kind. The random ones are seeded: the
// test gives the same answer every time.
func producers() map[string]func(n int) trace.TraceID {
	rng := rand.New(rand.NewChaCha8([32]byte([]byte("thirty-two bytes make one seed!!"))))
	random := func(int) (id trace.TraceID) {
		binary.BigEndian.PutUint64(id[:8], rng.Uint64())
		binary.BigEndian.PutUint64(id[8:], rng.Uint64())
		return id
	}
	return map[string]func(int) trace.TraceID{
		"random 128-bit": random,
		"padded 64-bit": func(n int) (id trace.TraceID) {
			binary.BigEndian.PutUint64(id[8:], rng.Uint64())
			return id
		},
		"UUIDv4": func(n int) trace.TraceID {
			id := random(n)
			id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
			return id
		},
		"UUIDv7": func(n int) trace.TraceID {
			id := random(n)
			milliseconds := 1_763_000_000_000 + uint64(n/10)
			binary.BigEndian.PutUint64(id[:8], milliseconds<<16|uint64(binary.BigEndian.Uint16(id[6:8])))
			id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
			return id
		},
		"tomograph": func(int) (id trace.TraceID) {
			binary.BigEndian.PutUint64(id[8:], 1+rng.Uint64N(1<<53-2))
			return id
		},
		"counter": func(n int) (id trace.TraceID) {
			binary.BigEndian.PutUint64(id[8:], uint64(n+1))
			return id
		},
	}
}

// byTomographHeader is the context of a request with that header.
func byTomographHeader(t *testing.T, x *propagators.XTraceInfo, id trace.TraceID) context.Context {
	t.Helper()
	pickled := append([]byte("(I"), strconv.FormatUint(binary.BigEndian.Uint64(id[8:]), 10)...)
	pickled = append(pickled, "\nI1\ntp0\n."...)
	header := propagation.MapCarrier{"x-trace-info": base64.StdEncoding.EncodeToString(pickled)}
	ctx := x.Extract(context.Background(), header)
	if got := trace.SpanContextFromContext(ctx).TraceID(); got != id {
		t.Fatalf("the header of %s was read as %s", id, got)
	}
	return ctx
}

// TestEveryKindOfIDIsKeptAtItsRatio: at 1/1000, the SDK's ratio sampler keeps
// all of tomograph's ids, all counters, and none of the UUIDs.
func TestEveryKindOfIDIsKeptAtItsRatio(t *testing.T) {
	deferring, err := propagators.NewXTraceInfo(propagators.XTraceInfoConfig{AllowUnsigned: true, Defer: true})
	require.NoError(t, err)
	for _, p := range []float64{0.001, 0.1, 0.5, 0.9} {
		for kind, next := range producers() {
			t.Run(fmt.Sprintf("%s at %g", kind, p), func(t *testing.T) {
				sampler := samplers.ParentBased(samplers.Probability(p))
				if kind == "counter" {
					sampler = samplers.ParentBased(samplers.Hashed(p))
				}
				n := 200_000
				if raceEnabled {
					n = 40_000 // nothing here is concurrent
				}
				total := 0
				for i := range n {
					id, ctx := next(i), context.Background()
					if kind == "tomograph" {
						ctx = byTomographHeader(t, deferring, id)
					}
					got := ask(sampler, ctx, id)
					if got.Decision == sdktrace.RecordAndSample {
						total++
					}
				}
				want := float64(n) * p
				sigma := math.Sqrt(want * (1 - p))
				assert.InDelta(t, want, total, 5*sigma, "%.1f σ from %g", (float64(total)-want)/sigma, want)
			})
		}
	}
}

// The sampled spans' thresholds must add up to what there was: that is what a
// backend does with them.
func TestAdjustedCountsAddUpToWhatThereWas(t *testing.T) {
	next := producers()["random 128-bit"]
	s := samplers.Rules(samplers.Probability(0.01), samplers.Rule{Name: "a", Sampler: samplers.Probability(0.25)})
	const n = 200_000
	estimate := map[string]float64{}
	for i := range n {
		name := []string{"a", "b"}[i%2]
		got := s.ShouldSample(sdktrace.SamplingParameters{ParentContext: context.Background(), TraceID: next(i), Name: name})
		if th := got.Tracestate.Get("ot"); th != "" {
			estimate[name] += 1 / ratioOfTh(t, th[len("th:"):])
		}
	}
	for name, p := range map[string]float64{"a": 0.25, "b": 0.01} {
		sigma := math.Sqrt(n / 2 * (1 - p) / p)
		assert.InDelta(t, n/2, estimate[name], 5*sigma, name)
	}
}

// A service that keeps more keeps everything that one which keeps less does.
func TestDecisionsOfDifferentRatiosAreConsistent(t *testing.T) {
	for kind, next := range producers() {
		more, less := samplers.Probability(0.5), samplers.Probability(0.1)
		for i := range 10_000 {
			id := next(i)
			if ask(less, context.Background(), id).Decision == sdktrace.RecordAndSample {
				require.Equal(t, sdktrace.RecordAndSample, ask(more, context.Background(), id).Decision, kind)
			}
		}
	}
}
