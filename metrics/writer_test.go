// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/metricstest"
)

// writerFunc is a writer made of a function.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestPacketsAWriterRefusesAreCounted(t *testing.T) {
	for name, tc := range map[string]struct {
		write writerFunc
		err   string
	}{
		"error":         {func([]byte) (int, error) { return 0, errors.New("no route") }, "no route"},
		"panic":         {func([]byte) (int, error) { panic("boom") }, "metrics: writer panicked: boom"},
		"nil pointer":   {func(p []byte) (int, error) { return (*metricstest.Sink)(nil).Write(p) }, "metrics: writer panicked"},
		"short":         {func(p []byte) (int, error) { return len(p) - 1, nil }, "short write"},
		"short error":   {func(p []byte) (int, error) { return len(p) - 1, errors.New("no route") }, "no route"},
		"negative":      {func([]byte) (int, error) { return -1, nil }, "metrics: writer says it took -1 of"},
		"more than all": {func(p []byte) (int, error) { return len(p) + 1, nil }, "metrics: writer says it took"},
	} {
		t.Run(name, func(t *testing.T) {
			fail := true
			var sink metricstest.Sink
			c := metrics.New(writerFunc(func(p []byte) (int, error) {
				if fail {
					return tc.write(p)
				}
				return sink.Write(p)
			}))
			c.Count("a", 1)
			c.Count("b", 1)
			assert.ErrorContains(t, c.Flush(context.Background()), tc.err)
			stats := c.Stats()
			assert.EqualValues(t, 2, stats.Dropped.Write)
			assert.Zero(t, stats.Sent)
			assert.Contains(t, stats.LastError, tc.err)
			fail = false
			c.Count("a", 1)
			assert.NoError(t, c.Close())
			assert.Equal(t, []string{"a:1|c"}, sink.Lines())
		})
	}
}

func TestANilWriterDiscards(t *testing.T) {
	c := metrics.New(nil)
	c.Count("a", 1)
	require.NoError(t, c.Close())
	assert.EqualValues(t, 1, c.Stats().Sent)
}

func TestNobodyWaitsForAWriterThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := metrics.New(writerFunc(func(p []byte) (int, error) {
			<-release
			return len(p), nil
		}), metrics.WithQueueBytes(16<<10))
		start := time.Now()
		for i := range 10_000 {
			c.Count("n", 1)
			c.Gauge("g", 1)
			c.Set("s", "x")
			c.Timing("t", 1)
			if i == 5000 {
				time.Sleep(2 * time.Second) // the sender is stuck from here on
				start = start.Add(2 * time.Second)
			}
		}
		assert.Equal(t, start, time.Now(), "recording takes no time")

		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		assert.ErrorIs(t, c.Flush(ctx), context.DeadlineExceeded)
		assert.Equal(t, 10*time.Millisecond, time.Since(start))
		assert.ErrorIs(t, c.Flush(context.Background()), context.DeadlineExceeded)
		assert.Equal(t, 1010*time.Millisecond, time.Since(start), "a second, when nobody says otherwise")
		assert.ErrorContains(t, c.Close(), "still busy")
		assert.Equal(t, 2010*time.Millisecond, time.Since(start))
		assert.ErrorContains(t, c.Close(), "still busy")
		close(release)
		synctest.Wait()
		stats := c.Stats()
		assert.EqualValues(t, 10_000+3, stats.Sent+stats.Dropped.Total(), "every timer, and one line each for the rest")
		c.Count("late", 1)
		assert.Equal(t, stats.Dropped.Closed+1, c.Stats().Dropped.Closed)
	})
}

func TestCloseTakesNoLongerThanItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := metrics.New(writerFunc(func(p []byte) (int, error) {
			<-release
			return len(p), nil
		}), metrics.WithTimeout(50*time.Millisecond))
		c.Count("n", 1)
		start := time.Now()
		assert.Error(t, c.Close())
		assert.Equal(t, 50*time.Millisecond, time.Since(start))
		close(release)
	})
}

func TestCloseFromWithinDoesNotDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *metrics.Client
		var inner error
		c = metrics.New(writerFunc(func(p []byte) (int, error) {
			c.Count("more", 1)
			_ = c.Flush(context.Background())
			inner = c.Close()
			return len(p), nil
		}))
		c.Count("n", 1)
		start := time.Now()
		_ = c.Close()
		_ = c.Close()
		synctest.Wait()
		assert.Error(t, inner)
		assert.LessOrEqual(t, time.Since(start), 5*time.Second)
	})
}

func TestErrorHandlerHearsOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard []string
		c := metrics.New(writerFunc(func([]byte) (int, error) { return 0, io.ErrClosedPipe }),
			metrics.WithErrorHandler(func(err error) { heard = append(heard, err.Error()) }))
		defer c.Close()
		time.Sleep(500 * time.Millisecond) // between two flushes
		for range 90 {
			c.Count("n", 1)
			c.Gauge("g", 1)
			c.Count(strings.Repeat("x", 2000), 1)
			time.Sleep(time.Second)
		}
		synctest.Wait()
		require.Len(t, heard, 2)
		assert.Equal(t, "metrics: 3 values dropped (so far: closed 0, invalid 0, oversize 1, queue full 0, write 2)\n"+
			"metrics: 1 attempts to send failed, the last: io: read/write on closed pipe", heard[0])
		assert.Contains(t, heard[1], "metrics: 180 values dropped")
	})
}

func TestErrorHandlerIsSilentWhenAllIsWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := metrics.New(io.Discard, metrics.WithErrorHandler(func(err error) { t.Errorf("heard %v", err) }))
		c.Count("n", 1)
		time.Sleep(5 * time.Minute)
		require.NoError(t, c.Close())
	})
}

func TestAPanicOfTheErrorHandlerEndsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink metricstest.Sink
		c := metrics.New(&sink, metrics.WithErrorHandler(func(error) { panic("oops") }))
		c.Gauge("g", math.NaN())
		time.Sleep(2 * time.Second)
		c.Count("n", 1)
		require.NoError(t, c.Close())
		assert.Equal(t, []string{"n:1|c"}, sink.Lines())
		assert.Equal(t, "metrics: error handler panicked: oops", c.Stats().LastError)
	})
}
