// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
)

// clock is a writer that notes when each packet came.
type clock struct {
	at    []time.Time
	bytes []int
}

func (c *clock) Write(p []byte) (int, error) {
	c.at = append(c.at, time.Now())
	c.bytes = append(c.bytes, len(p))
	return len(p), nil
}

func TestNoMillisecondSeesMoreThan64Packets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out clock
		c := metrics.New(&out)
		for burst := range 7 {
			for i := range 10_000 + burst*313 {
				c.Timing("checkout.duration", time.Duration(i)*time.Microsecond, metrics.T("region", "eu"))
			}
			time.Sleep(3700 * time.Microsecond)
		}
		require.NoError(t, c.Close())
		require.Greater(t, len(out.at), 1000)
		for i := range len(out.at) - 64 {
			require.GreaterOrEqual(t, out.at[i+64].Sub(out.at[i]), time.Millisecond, "packet %d", i)
		}
		assert.Zero(t, c.Stats().Dropped)
	})
}

func TestPacketsGoCalmlyWhenLittleWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out clock
		c := metrics.New(&out)
		for range 20_000 { // some 500 packets, which a receiver's buffer does not hold
			c.Timing("checkout.duration", 1234567, metrics.T("region", "eu"))
		}
		require.NoError(t, c.Close())
		assert.Equal(t, out.at[0], out.at[55], "what it does hold goes at once")
		took := out.at[len(out.at)-1].Sub(out.at[0]).Milliseconds()
		assert.InDelta(t, (len(out.at)-56)/8, took, 2)
	})
}

func TestPacketsHurryWhenMuchWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out clock
		c := metrics.New(&out, metrics.WithQueueBytes(1<<20), metrics.WithFlushInterval(time.Hour))
		for range 65_000 {
			c.Timing("checkout.duration", 1234567, metrics.T("region", "eu"))
		}
		require.NoError(t, c.Close())
		assert.Zero(t, c.Stats().Dropped)
		half := len(out.at) / 2
		assert.InDelta(t, half/64, out.at[half].Sub(out.at[0]).Milliseconds(), 2, "64 packets a millisecond at first")
		last := out.at[len(out.at)-1].Sub(out.at[len(out.at)-1-10*8])
		assert.InDelta(t, 10, last.Milliseconds(), 1, "and 8 in the end")
	})
}

func TestPacketsAreFilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out clock
		c := metrics.New(&out)
		for range 100_000 {
			c.Timing("checkout.duration", 1234567, metrics.T("region", "eu"))
		}
		require.NoError(t, c.Close())
		line := len("checkout.duration:1.235|ms|#region:eu\n")
		for i, n := range out.bytes[:len(out.bytes)-1] {
			require.Equal(t, 1432/line*line, n, "packet %d", i)
		}
	})
}

func TestTimersDoNotWaitForTheFlushWhenThereAreMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out clock
		c := metrics.New(&out, metrics.WithFlushInterval(time.Hour))
		start := time.Now()
		timer := c.Timer("t")
		for range 3000 {
			timer.Record(time.Millisecond)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		assert.NotEmpty(t, out.at)
		require.NoError(t, c.Close())
		assert.Less(t, time.Since(start), time.Second)
	})
}
