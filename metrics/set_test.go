// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/metricstest"
)

func TestSetsSendEachMemberOnceAFlush(t *testing.T) {
	rec := metricstest.NewRecorder(t)
	c := rec.Client()
	for range 3 {
		c.Set("users", "ann")
		c.Set("users", "bob")
	}
	assert.Equal(t, []string{"users:ann|s", "users:bob|s"}, rec.Lines())
	rec.Reset()
	c.Set("users", "ann")
	assert.Equal(t, []string{"users:ann|s"}, rec.Lines(), "the server forgets between its flushes too")
	c.Set("users", "")
	c.Set("users", ":|\n")
	assert.EqualValues(t, 2, c.Stats().Dropped.Invalid)
}

func TestSetsAreBounded(t *testing.T) {
	var out bytes.Buffer
	c := metrics.New(&out, metrics.WithQueueBytes(8192), metrics.WithFlushInterval(time.Hour))
	member := strings.Repeat("x", 96)
	const n = 1000
	for i := range n {
		c.Set("users", member+string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	require.NoError(t, c.Close())
	stats := c.Stats()
	assert.EqualValues(t, n, stats.Sent+stats.Dropped.Queue)
	assert.InDelta(t, 8192/(98+64), stats.Sent, 1)
}
