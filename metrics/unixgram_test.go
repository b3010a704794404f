// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
)

func listenUnixgram(t *testing.T, path string) *net.UnixConn {
	t.Helper()
	_ = os.Remove(path)
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Skip("this system has no Unix datagram sockets:", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestUnixDatagramsAreNeverLost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	conn := listenUnixgram(t, path)
	c, err := metrics.Dial("unixgram://"+path, metrics.WithTimeout(time.Minute))
	require.NoError(t, err)
	const n = 100_000
	lines := make(chan int)
	go func() {
		var total int
		for total < n {
			packet := receive(t, conn)
			if len(packet) > 8192 {
				t.Errorf("a packet of %d bytes", len(packet))
			}
			total += strings.Count(packet, "\n")
		}
		lines <- total
	}()
	for range n { // a socket holds a handful of packets: the sender waits, nobody else
		c.Timing("t", time.Millisecond)
	}
	require.NoError(t, c.Close())
	assert.Equal(t, n, <-lines)
}

func TestAUnixSocketMayComeLateAndBeReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	c, err := metrics.Dial("unixgram://"+path, metrics.WithFlushInterval(time.Hour))
	require.NoError(t, err)
	defer c.Close()
	c.Count("n", 1)
	assert.ErrorContains(t, c.Flush(context.Background()), "no such file")
	assert.EqualValues(t, 1, c.Stats().Refused)
	for round := range 5 {
		conn := listenUnixgram(t, path)
		c.Count("m", 1)
		require.NoError(t, c.Flush(context.Background()))
		if round == 0 {
			assert.Equal(t, "n:1|c\n", receive(t, conn), "what waited")
		}
		assert.Equal(t, "m:1|c\n", receive(t, conn))
		require.NoError(t, conn.Close())
	}
	assert.Zero(t, c.Stats().Dropped)
	assert.EqualValues(t, 4, c.Stats().Reconnects)
}

func TestAUnixSocketThatNobodyReadsHoldsNobodyUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listenUnixgram(t, path)
	c, err := metrics.Dial("unixgram://"+path, metrics.WithTimeout(50*time.Millisecond), metrics.WithQueueBytes(1<<20))
	require.NoError(t, err)
	const n = 200_000
	for range n {
		c.Timing("t", time.Millisecond)
	}
	assert.Error(t, c.Flush(context.Background()))
	assert.Error(t, c.Close())
	stats := c.Stats()
	assert.EqualValues(t, n, stats.Sent+stats.Dropped.Total())
}
