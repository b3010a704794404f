// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/metricstest"
)

func TestCloseSendsWhatIsLeft(t *testing.T) {
	var sink metricstest.Sink
	c := metrics.New(&sink)
	c.Count("n", 1)
	c.Timing("t", time.Millisecond)
	require.NoError(t, c.Close())
	assert.ElementsMatch(t, []string{"n:1|c", "t:1|ms"}, sink.Lines())
}

func TestCloseTwiceIsNoop(t *testing.T) {
	c := metrics.New(io.Discard)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() { assert.NoError(t, c.Close()) })
	}
	wg.Wait()
	assert.NoError(t, c.With("child").Close())
	assert.NoError(t, c.Flush(context.Background()))
}

func TestEverythingAfterCloseIsCounted(t *testing.T) {
	for name, opts := range map[string][]metrics.Option{
		"aggregated":   nil,
		"unaggregated": {metrics.WithoutAggregation()},
		"reservoir":    {metrics.WithReservoir(10)},
	} {
		t.Run(name, func(t *testing.T) {
			var sink metricstest.Sink
			c := metrics.New(&sink, opts...)
			use := func() {
				c.Count("n", 1)
				c.Count("n", 0)
				c.CountFloat("n", 0.5)
				c.Count("n", 1<<50)
				c.Gauge("g", 1)
				c.GaugeDelta("g", 1)
				c.Timing("t", 1)
				c.Histogram("h", 1)
				c.Set("s", "x")
				c.Time("t")()
			}
			use()
			hits, took := c.Counter("bound"), c.Timer("bound")
			require.NoError(t, c.Close())
			before := c.Stats()
			use()
			hits.Inc()
			took.Record(1)
			child := c.With("child")
			child.Count("new", 1) // met only now
			child.Timing("new", 1)
			child.Gauge("new", 1)
			child.Set("new", "x")
			child.Counter("newer").Add(1 << 50)
			after := c.Stats()
			assert.EqualValues(t, 10+2+5, after.Dropped.Closed)
			assert.Zero(t, before.Dropped)
			after.Dropped.Closed = 0
			assert.Equal(t, before, after, "and nothing else happens")
		})
	}
}

func TestNothingIsLostOrCountedTwiceWhileClosing(t *testing.T) {
	for range 20 {
		var sink metricstest.Sink
		c := metrics.New(&sink, metrics.WithFlushInterval(time.Millisecond), metrics.WithoutAggregation())
		const goroutines, each = 4, 2000
		var wg sync.WaitGroup
		start := make(chan struct{})
		for range goroutines {
			hits := c.Counter("bound")
			wg.Go(func() {
				<-start
				for range each {
					c.Count("n", 1)
					c.Timing("t", 1)
					hits.Inc()
				}
			})
		}
		close(start)
		for range 3 {
			wg.Go(func() { _ = c.Flush(context.Background()) })
			wg.Go(func() { assert.NoError(t, c.Close()) })
			wg.Go(func() { _ = c.Stats() })
		}
		wg.Wait()
		stats := c.Stats()
		assert.EqualValues(t, 3*goroutines*each, stats.Sent+stats.Dropped.Closed)
		assert.EqualValues(t, stats.Sent, len(sink.Lines()))
	}
}

func TestSumsAreExactWhileClosing(t *testing.T) {
	for range 50 {
		rec := &metricstest.Sink{}
		c := metrics.New(rec, metrics.WithFlushInterval(time.Millisecond))
		const goroutines, each = 4, 2000
		var wg sync.WaitGroup
		for range goroutines {
			hits := c.Counter("n")
			wg.Go(func() {
				for range each {
					hits.Inc()
				}
			})
		}
		wg.Go(func() { _ = c.Close() })
		wg.Wait()
		assert.EqualValues(t, goroutines*each, uint64(rec.Count("n"))+c.Stats().Dropped.Closed)
	}
}

func TestNoGoroutineIsLeftAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // fails if a goroutine of the bubble is left
		for range 50 {
			c := metrics.New(io.Discard)
			c.Count("n", 1)
			require.NoError(t, c.Close())
		}
	})
}

// descriptors returns how many files this process has open.
func descriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("this system does not list open files:", err)
	}
	return len(entries)
}

func TestFiftyClientsLeaveNothing(t *testing.T) {
	server := metricstest.NewServer(t)
	stream, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			conn, err := stream.Accept()
			if err != nil {
				return
			}
			accepting.Go(func() { _, _ = io.Copy(io.Discard, conn); _ = conn.Close() })
		}
	})
	socket := filepath.Join(t.TempDir(), "statsd.sock")
	unixgram, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	require.NoError(t, err)
	accepting.Go(func() {
		for buf := make([]byte, 100); ; {
			if _, err := unixgram.Read(buf); err != nil {
				return
			}
		}
	})

	open := func() {
		for _, addr := range []string{
			server.Addr(), "udp://localhost:9", "tcp://" + stream.Addr().String(), "tcp://127.0.0.1:1",
			"unixgram://" + socket, "unix:///nowhere/to/be/found",
		} {
			c, err := metrics.Dial(addr)
			require.NoError(t, err, addr)
			c.Count("n", 1)
			_ = c.Flush(context.Background())
			_ = c.Close()
		}
	}
	open()
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	for range 50 {
		open()
	}
	left := func() bool { return runtime.NumGoroutine() > goroutines || descriptors(t) > files }
	for deadline := time.Now().Add(10 * time.Second); left() && time.Now().Before(deadline); {
		runtime.Gosched() // the other end of the streams needs a moment
	}
	assert.False(t, left(), "%d goroutines, were %d; %d descriptors, were %d", runtime.NumGoroutine(), goroutines, descriptors(t), files)
	require.NoError(t, stream.Close())
	require.NoError(t, unixgram.Close())
	accepting.Wait()
}

func TestCloseEndsThoughProducersAreFasterThanTheSender(t *testing.T) {
	var c *metrics.Client
	var calls, sent uint64
	var closing bool
	c = metrics.New(writerFunc(func(p []byte) (int, error) {
		sent += uint64(strings.Count(string(p), "\n"))
		for range 1000 { // far more than one packet holds
			if closing {
				c.Timing("t", 1)
				calls++
			}
		}
		return len(p), nil
	}), metrics.WithQueueBytes(16<<10), metrics.WithFlushInterval(time.Hour))
	for range 500 {
		c.Timing("t", 1)
	}
	closing = true
	require.NoError(t, c.Close())
	stats := c.Stats()
	assert.EqualValues(t, 500, sent)
	assert.Equal(t, calls, stats.Dropped.Closed)
	assert.Zero(t, stats.Queued)
}

func TestCloseTakesNothingMoreThoughTheWriterHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink metricstest.Sink
		release := make(chan struct{})
		c := metrics.New(writerFunc(func(p []byte) (int, error) {
			<-release
			return sink.Write(p)
		}))
		c.Count("n", 1)
		time.Sleep(2 * time.Second) // the sender is stuck from here on
		use := func() {
			c.Count("n", 2)
			c.Gauge("g", 1)
			c.Timing("t", time.Millisecond)
			c.Set("s", "x")
		}
		use()
		require.ErrorContains(t, c.Close(), "still busy")
		use()
		assert.EqualValues(t, 4, c.Stats().Dropped.Closed)
		close(release)
		synctest.Wait()
		assert.ElementsMatch(t, []string{"n:1|c", "n:2|c", "g:1|g", "t:1|ms", "s:x|s"}, sink.Lines())
	})
}
