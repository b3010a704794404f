// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/samplers"
)

// spansVariable asks TestMemoryIsBounded for more than the 100 000 spans it
// always does, and for the default bounds:
//
//	WAYMARK_TAIL_SPANS=10000000 go test -run TestMemoryIsBounded -v ./samplers
const spansVariable = "WAYMARK_TAIL_SPANS"

func TestMemoryIsBounded(t *testing.T) {
	spans, buffered, traces := 100_000, 2000, 500
	if text := os.Getenv(spansVariable); text != "" {
		var err error
		spans, err = strconv.Atoi(text)
		require.NoError(t, err)
		buffered, traces = samplers.DefaultMaxBuffered, samplers.DefaultMaxTraces
	}
	// What waits is bounded by buffered spans of about 1 KB with their
	// attributes, and traces of about 200 bytes.
	most := uint64(buffered*2000 + traces*1000 + 4<<20)

	// Every local root is leaked: nothing is ever decided by its end.
	tail := samplers.KeepErrors(nothing{}, samplers.WithMaxBuffered(buffered), samplers.WithMaxTraces(traces)).(*samplers.Tail)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(tail), sdktrace.WithSampler(samplers.AlwaysRecord(nil)))
	tracer := provider.Tracer("test")
	before := liveHeap()
	var peak uint64
	for n, check := 0, spans/10; n < spans; {
		ctx, _ := tracer.Start(context.Background(), "leaked")
		for range 20 {
			_, s := tracer.Start(ctx, "child")
			s.SetAttributes(attribute.Int("n", n), attribute.String("of", "a span as they are"))
			s.End()
			n++
		}
		if n >= check {
			check += spans / 10
			now := liveHeap()
			peak = max(peak, now-min(before, now))
		}
	}
	stats := tail.Stats()
	t.Logf("%d unsampled spans: at most %.1f MB, %d spans waiting, %d local roots remembered",
		stats.Ended, float64(peak)/1e6, stats.Buffered, stats.Remembered)
	assert.LessOrEqual(t, peak, most)
	assert.LessOrEqual(t, stats.Buffered, uint64(buffered))
	assert.LessOrEqual(t, stats.Remembered, uint64(traces))
	assert.NotZero(t, stats.Buffered)
	requireBalanced(t, stats)
	assert.NoError(t, tail.Shutdown(context.Background()))
}

func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
