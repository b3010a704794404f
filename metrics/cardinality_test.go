// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"context"
	"io"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/metricstest"
)

func TestSeriesBeyondTheBoundMeetInOther(t *testing.T) {
	rec := metricstest.NewRecorder(t, metrics.WithMaxSeries(3), metrics.WithPrefix("app"), metrics.WithTags(metrics.T("env", "test")))
	c := rec.Client()
	c.Count("a", 1)
	c.Count("b", 1)
	c.Timing("t", time.Millisecond)
	c.Count("c", 1)
	c.Count("d", 2, metrics.T("x", "y"))
	c.Timing("u", 2*time.Millisecond)
	c.Gauge("g", 5)
	c.Set("s", "x")
	c.Histogram("h", 7)
	c.With("child", metrics.T("x", "y")).Count("e", 4)
	sampled, err := c.Sampled(1e-9)
	require.NoError(t, err)
	sampled.Timing("v", 3*time.Millisecond)
	c.Count("a", 1) // known, and stays known

	assert.ElementsMatch(t, []string{
		"app.a:2|c|#env:test", "app.b:1|c|#env:test", "app.t:1|ms|#env:test",
		"app.other:7|c|#env:test", "app.other:5|g|#env:test", "app.other:x|s|#env:test",
		"app.other:2|ms|#env:test", "app.other:3|ms|#env:test", "app.other:7|ms|#env:test",
	}, rec.Lines())
	assert.EqualValues(t, 8, c.Stats().Overflow)
}

func TestHandlesBeyondTheBoundCountEachValue(t *testing.T) {
	rec := metricstest.NewRecorder(t, metrics.WithMaxSeries(1))
	c := rec.Client()
	c.Count("a", 1)
	hits, took := c.Counter("b"), c.Timer("t")
	assert.Zero(t, c.Stats().Overflow, "no value yet")
	for range 3 {
		hits.Inc()
		took.Record(time.Millisecond)
	}
	c.Time("u")()
	assert.EqualValues(t, 7, c.Stats().Overflow)
	assert.EqualValues(t, 3, rec.Count("other"))
	assert.Len(t, rec.Timings("other"), 4)
}

func TestSeriesNamedOtherIsTheSame(t *testing.T) {
	rec := metricstest.NewRecorder(t, metrics.WithMaxSeries(1))
	rec.Client().Count("other", 1)
	rec.Client().Count("more", 1)
	assert.Equal(t, []string{"other:2|c"}, rec.Lines())
}

func TestChildrenMadeForEachCallAreOneSeries(t *testing.T) {
	rec := metricstest.NewRecorder(t, metrics.WithMaxSeries(2))
	for range 1000 {
		c, err := rec.Client().With("app", metrics.T("a", "b")).Sampled(1)
		require.NoError(t, err)
		c.Count("n", 1)
		c.With("db").Count("n", 1)
	}
	assert.ElementsMatch(t, []string{"app.n:1000|c|#a:b", "app.db.n:1000|c|#a:b"}, rec.Lines())
	assert.Zero(t, rec.Client().Stats().Overflow)
}

func TestAMillionNamesStayBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("allocates for a while")
	}
	c := metrics.New(io.Discard, metrics.WithFlushInterval(time.Hour))
	defer c.Close()
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	const names, goroutines = 1_000_000, 4
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			name := make([]byte, 0, 32)
			for i := g; i < names; i += goroutines {
				name = strconv.AppendInt(append(name[:0], "user."...), int64(i), 10)
				c.Count(string(name), 1)
			}
		})
	}
	wg.Wait()
	after := heap()
	stats := c.Stats()
	assert.LessOrEqual(t, stats.Series, 10_001)
	assert.EqualValues(t, names-10_000, stats.Overflow)
	if after > before {
		assert.Less(t, (after-before)>>20, uint64(16), "MiB")
	}
	require.NoError(t, c.Flush(context.Background()))
	assert.EqualValues(t, 10_001, c.Stats().Sent)
}

func TestNamesTooLongToSendAreNotRemembered(t *testing.T) {
	rec := metricstest.NewRecorder(t)
	c := rec.Client()
	c.Count("before", 1)
	long := strings.Repeat("x", 1433)
	c.Count(long, 1)
	c.Gauge(long, 1)
	c.GaugeDelta(long, 1)
	c.Timing(long, 1)
	c.Histogram(long, 1)
	c.Set(long, "x")
	c.Set("set", long)
	c.Count("tag", 1, metrics.T("k", long))
	c.With("child", metrics.T("k", long)).Counter("tag").Inc()
	c.Count(strings.Repeat("y", 1429), 1) // with ":1|c\n" it is 1434 bytes
	c.Count("after", 1)
	assert.ElementsMatch(t, []string{"before:1|c", "after:1|c"}, rec.Lines())
	assert.EqualValues(t, 10, c.Stats().Dropped.Oversize)
	assert.EqualValues(t, 4, c.Stats().Series) // before, after, set, and the one of 1429
}

func TestLinesExactlyAsLargeAsAPacketAreSent(t *testing.T) {
	rec := metricstest.NewRecorder(t)
	name := strings.Repeat("x", 1432-len(":1|c\n"))
	rec.Client().Count(name, 1)
	assert.Equal(t, []string{name + ":1|c\n"}, rec.Packets())
}

func TestNegativeGaugesStayInOnePacket(t *testing.T) {
	// Every way in which the pair can meet the edge of a packet.
	for pad := 1300; pad < 1432; pad++ {
		rec := metricstest.NewRecorder(t)
		rec.Client().Gauge(strings.Repeat("x", pad), 1)
		rec.Client().Gauge("level", -5)
		packets := rec.Packets()
		var found bool
		for _, p := range packets {
			require.LessOrEqual(t, len(p), 1432)
			found = found || strings.Contains(p, "level:0|g\nlevel:-5|g\n")
		}
		require.True(t, found, "%d: %q", pad, packets)
	}
}

func TestStringsOfTheCallerMayChange(t *testing.T) {
	// Some HTTP servers hand out strings that lie in a buffer they use again.
	rec := metricstest.NewRecorder(t)
	buf := []byte("one")
	s := unsafe.String(&buf[0], len(buf))
	child := rec.Client().With(s, metrics.T("child", s))
	rec.Client().Count(s, 1, metrics.T(s, s))
	rec.Client().Set("u", s)
	child.Count("n", 1)
	copy(buf, "two")
	rec.Client().Count(s, 1, metrics.T(s, s))
	rec.Client().Set("u", s)
	child.Count("n", 1)
	assert.ElementsMatch(t, []string{
		"one:1|c|#one:one", "two:1|c|#two:two", "u:one|s", "u:two|s", "one.n:2|c|#child:one",
	}, rec.Lines())
}
