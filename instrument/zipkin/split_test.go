// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// ids returns the ids of spans, in order.
func ids(spans []instrumenttest.ZipkinSpan) []string {
	out := make([]string, len(spans))
	for i, s := range spans {
		out[i] = s.ID
	}
	return out
}

func TestABatchIsSplitBelowTheLimit(t *testing.T) {
	whole := instrumenttest.NewCollector(t)
	require.NoError(t, dial(t, whole.URL).ExportSpans(context.Background(), batch(100)))
	size := len(whole.Requests()[0].Body)
	for name, tc := range map[string]struct{ limit, requests int }{
		"exactly fits":  {size, 1},
		"one byte less": {size - 1, 2},
		"a third":       {size / 3, 4},
		"one span each": {size / 100 * 3 / 2, 100},
		"default":       {5 << 20, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := instrumenttest.NewCollector(t)
			e := dial(t, c.URL, WithMaxRequestBytes(tc.limit))
			require.NoError(t, e.ExportSpans(context.Background(), batch(100)))
			assert.Len(t, c.Requests(), tc.requests)
			for _, r := range c.Requests() {
				assert.LessOrEqual(t, len(r.Body), tc.limit)
			}
			assert.Equal(t, ids(whole.Spans()), ids(c.Spans()))
			s := settled(t, e)
			assert.EqualValues(t, 100, s.Sent)
			assert.Zero(t, s.Truncated)
			assert.Zero(t, s.Retried)
		})
	}
}

func TestPartsOfABatchFailByThemselves(t *testing.T) {
	c := instrumenttest.NewCollector(t, accepted, instrumenttest.Status(400), accepted)
	e := dial(t, c.URL, WithMaxRequestBytes(2000))
	err := e.ExportSpans(context.Background(), batch(30))
	s := settled(t, e, err)
	assert.ErrorContains(t, err, "400")
	assert.EqualValues(t, len(c.Requests()[1].Spans), s.Dropped.Rejected)
	assert.EqualValues(t, 30-len(c.Requests()[1].Spans), s.Sent)
	assert.Len(t, c.Spans(), int(s.Sent))
	assert.Greater(t, len(c.Requests()), 2)
}

func TestASpanLargerThanTheLimitIsCutAndSent(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	e := dial(t, c.URL)
	small := batch(4)
	spans := []sdktrace.ReadOnlySpan{small[0], text(7 << 20), small[1], small[2], text(6 << 20), text(4 << 20), small[3]}
	require.NoError(t, e.ExportSpans(context.Background(), spans))
	s := settled(t, e)
	assert.EqualValues(t, 7, s.Sent)
	assert.EqualValues(t, 2, s.Truncated)
	for _, r := range c.Requests() {
		assert.LessOrEqual(t, len(r.Body), 5<<20)
	}
	marked := 0
	for _, span := range c.Spans() {
		if span.Tags["waymark.truncated"] == "1" {
			marked++
			assert.Equal(t, "kept", span.Tags["small"])
			assert.Greater(t, len(span.Tags["body"]), 5<<20-2000, "no more is cut than has to be")
		}
	}
	assert.Equal(t, 2, marked)
}

func TestASpanThatCannotBeCutEnoughIsCounted(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	e := dial(t, c.URL, WithMaxRequestBytes(10))
	err := e.ExportSpans(context.Background(), batch(3))
	assert.ErrorContains(t, err, "3 too large")
	assert.Equal(t, Dropped{TooLarge: 3}, settled(t, e, err).Dropped)
	assert.Empty(t, c.Requests())
}

func TestA413HalvesAndIsLearned(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.TooLarge(150_000))
	e := dial(t, c.URL)
	spans := make([]sdktrace.ReadOnlySpan, 40)
	for i := range spans {
		spans[i] = text(10_000)
	}
	require.NoError(t, e.ExportSpans(context.Background(), spans))
	assert.Len(t, c.Spans(), 40)
	refused := 0
	for _, r := range c.Requests() {
		if r.Status == 413 {
			refused++
		}
	}
	assert.Equal(t, 3, refused, "the whole and both its halves")
	first := len(c.Requests())
	assert.Equal(t, 7, first)
	assert.EqualValues(t, 6, e.Stats().Retried)

	require.NoError(t, e.ExportSpans(context.Background(), spans))
	for _, r := range c.Requests()[first:] {
		assert.Equal(t, 202, r.Status, "the second batch is split before it is sent")
	}
	assert.EqualValues(t, 80, settled(t, e).Sent)
}

func TestA413OfOneSpanCutsIt(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.TooLarge(3_000))
	e := dial(t, c.URL)
	spans := []sdktrace.ReadOnlySpan{text(20_000), text(100), text(20_000)}
	require.NoError(t, e.ExportSpans(context.Background(), spans))
	s := settled(t, e)
	assert.EqualValues(t, 3, s.Sent)
	assert.EqualValues(t, 2, s.Truncated)
	assert.Len(t, c.Spans(), 3)
}

func TestA413ToEverythingDropsAndEnds(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Status(413))
	e := dial(t, c.URL)
	err := e.ExportSpans(context.Background(), []sdktrace.ReadOnlySpan{text(20_000), text(100), text(20_000)})
	assert.ErrorContains(t, err, "413")
	assert.Equal(t, Dropped{TooLarge: 3}, settled(t, e, err).Dropped)
	assert.Less(t, len(c.Requests()), 40)
}

func TestZipkinsOwn500ForARequestTooLargeIsA413(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Status(500).WithBody("413 Request Entity Too Large"), accepted)
	e := dial(t, c.URL)
	require.NoError(t, e.ExportSpans(context.Background(), batch(10)))
	assert.Len(t, c.Requests(), 3)
	assert.EqualValues(t, 10, settled(t, e).Sent)
}
