// SPDX-License-Identifier: Apache-2.0

package metricstest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/metricstest"
)

// handle is what a test of a user's might look at.
func handle(c *metrics.Client) {
	c.Count("requests", 1, metrics.T("code", "200"), metrics.T("method", "GET"))
	c.Count("requests", 2, metrics.T("code", "404"), metrics.T("method", "GET"))
	c.Timing("took", 1500*time.Microsecond, metrics.T("code", "200"))
	c.Timing("took", time.Millisecond, metrics.T("code", "404"))
	c.Gauge("depth", -3)
	c.GaugeDelta("depth", 1)
	c.Histogram("bytes", 512)
	c.Set("users", "bob")
	c.Set("users", "ann")
}

func check(t *testing.T, s *metricstest.Sink) {
	t.Helper()
	assert.EqualValues(t, 3, s.Count("requests"))
	assert.EqualValues(t, 2, s.Count("requests", metrics.T("code", "404")))
	assert.Zero(t, s.Count("requests", metrics.T("code", "404"), metrics.T("method", "POST")))
	assert.ElementsMatch(t, []time.Duration{1500 * time.Microsecond, time.Millisecond}, s.Timings("took"))
	assert.Equal(t, []time.Duration{time.Millisecond}, s.Timings("took", metrics.T("code", "404")))
	level, ok := s.Gauge("depth")
	assert.True(t, ok)
	assert.EqualValues(t, -2, level)
	_, ok = s.Gauge("nothing")
	assert.False(t, ok)
	assert.Equal(t, []float64{512}, s.Values("bytes"))
	assert.Equal(t, []string{"ann", "bob"}, s.Members("users"))
	assert.Empty(t, s.Bad())
}

func TestRecorderAnswersWithoutWaiting(t *testing.T) {
	rec := metricstest.NewRecorder(t, metrics.WithFlushInterval(time.Hour))
	handle(rec.Client())
	check(t, &rec.Sink)
	rec.Reset()
	assert.Empty(t, rec.Lines())
	handle(rec.Client())
	check(t, &rec.Sink)
}

func TestServerHearsARealClient(t *testing.T) {
	server := metricstest.NewServer(t)
	c, err := metrics.Dial(server.Addr())
	require.NoError(t, err)
	handle(c)
	require.NoError(t, c.Flush(context.Background()))
	server.Wait(9)
	check(t, &server.Sink)
	require.NoError(t, c.Close())
	assert.Len(t, server.Senders(), len(server.Packets()))
}

func TestRatesMultiply(t *testing.T) {
	var s metricstest.Sink
	_, _ = s.Write([]byte("n:1|c|@0.1\nn:2|c|@0.5\nn:x|c\nt:1|ms\n"))
	assert.InDelta(t, 14, s.Count("n"), 1e-9)
	assert.Equal(t, []string{"n:x|c"}, s.Bad())
	assert.Len(t, s.Metrics(), 3)
}

func ExampleNewRecorder() {
	t := new(testing.T) // a test is given one
	rec := metricstest.NewRecorder(t)
	rec.Client().Count("orders", 2, metrics.T("country", "se"))
	fmt.Println(rec.Count("orders", metrics.T("country", "se")), rec.Lines())
	// Output: 2 [orders:2|c|#country:se]
}

func ExampleNewServer() {
	t := new(testing.T) // a test is given one
	server := metricstest.NewServer(t)
	c, _ := metrics.Dial(server.Addr())
	c.Count("orders", 2)
	_ = c.Close()
	server.Wait(1)
	fmt.Println(server.Count("orders"))
	// Output: 2
}

func ExampleParse() {
	m, err := metricstest.Parse("took:12.5|ms|@0.1|#region:eu")
	fmt.Println(m.Name, m.Value, m.Type, m.Rate, m.Tag("region"), err)
	_, err = metricstest.Parse("took:1e3|ms")
	fmt.Println(err)
	// Output:
	// took 12.5 ms 0.1 eu <nil>
	// metricstest: line "took:1e3|ms": has a value that is no plain decimal
}
