// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
)

// streamServer collects the lines of all its connections.
type streamServer struct {
	listener net.Listener
	lines    chan string

	mu      sync.Mutex
	conns   []net.Conn
	reading sync.WaitGroup
}

func serve(t *testing.T, network, addr string) *streamServer {
	t.Helper()
	l, err := net.Listen(network, addr)
	require.NoError(t, err)
	s := &streamServer{listener: l, lines: make(chan string, 1<<20)}
	s.reading.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			s.reading.Go(func() {
				for r := bufio.NewReader(conn); ; {
					line, err := r.ReadString('\n')
					if err != nil {
						return // what has no line break is no line
					}
					s.lines <- line
				}
			})
		}
	})
	t.Cleanup(s.stop)
	return s
}

// stop ends the server as a restart would: nothing listens, no connection is
// left.
func (s *streamServer) stop() {
	_ = s.listener.Close()
	s.mu.Lock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.reading.Wait()
}

func (s *streamServer) next(t *testing.T) string {
	t.Helper()
	select {
	case line := <-s.lines:
		return line
	case <-time.After(30 * time.Second):
		t.Fatal("no line came")
		return ""
	}
}

func streams(t *testing.T) map[string]string {
	return map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "s")}
}

func TestStreamsCarryWholeLines(t *testing.T) {
	for network, addr := range streams(t) {
		t.Run(network, func(t *testing.T) {
			s := serve(t, network, addr)
			c, err := metrics.Dial(network+"://"+s.listener.Addr().String(), metrics.WithTimeout(time.Minute))
			require.NoError(t, err)
			const n = 10_000
			for i := range n {
				c.Timing("t", time.Duration(i)*time.Millisecond)
			}
			require.NoError(t, c.Close())
			seen := map[string]bool{}
			for range n {
				seen[s.next(t)] = true
			}
			assert.Len(t, seen, n)
			assert.True(t, seen["t:9999|ms\n"])
		})
	}
}

func TestAStreamServerMayComeLate(t *testing.T) {
	for network, addr := range streams(t) {
		t.Run(network, func(t *testing.T) {
			first := serve(t, network, addr)
			addr := first.listener.Addr().String()
			first.stop()

			c, err := metrics.Dial(network+"://"+addr, metrics.WithFlushInterval(time.Millisecond))
			require.NoError(t, err)
			defer c.Close()
			const n = 1000
			for range n {
				c.Count("n", 1)
				c.Timing("t", time.Millisecond)
			}
			assert.Error(t, c.Flush(context.Background()))
			assert.Positive(t, c.Stats().Refused)

			late := serve(t, network, addr)
			c.Count("n", 1)
			var timers, count int
			for timers < n || count < n+1 {
				if value, ok := strings.CutPrefix(late.next(t), "n:"); ok {
					v, err := strconv.Atoi(strings.TrimSuffix(value, "|c\n"))
					require.NoError(t, err)
					count += v
				} else {
					timers++
				}
			}
			assert.Equal(t, n, timers)
			assert.Equal(t, n+1, count)
			assert.Zero(t, c.Stats().Dropped)
			assert.Zero(t, c.Stats().Reconnects)
		})
	}
}

func TestWhatWaitsForAServerIsQueued(t *testing.T) {
	c, err := metrics.Dial("unix://"+filepath.Join(t.TempDir(), "absent"), metrics.WithFlushInterval(time.Hour))
	require.NoError(t, err)
	const n = 1000
	for range n {
		c.Timing("t", time.Millisecond)
	}
	assert.Error(t, c.Flush(context.Background()))
	for range n {
		c.Timing("t", time.Millisecond)
	}
	stats := c.Stats()
	assert.EqualValues(t, 2*n, uint64(stats.Queued)+stats.Sent+stats.Dropped.Total())
	assert.Error(t, c.Close())
	stats = c.Stats()
	assert.EqualValues(t, 2*n, stats.Dropped.Unsent)
	assert.Zero(t, stats.Queued)
}

func TestAStreamServerMayBeRestarted(t *testing.T) {
	for network, addr := range streams(t) {
		t.Run(network, func(t *testing.T) {
			s := serve(t, network, addr)
			addr := s.listener.Addr().String()
			c, err := metrics.Dial(network+"://"+addr, metrics.WithFlushInterval(time.Hour))
			require.NoError(t, err)
			defer c.Close()
			for round := range 5 {
				c.Count("n", int64(round))
				require.NoError(t, c.Flush(context.Background()))
				assert.Equal(t, "n:"+strconv.Itoa(round)+"|c\n", s.next(t))
				s.stop()
				s = serve(t, network, addr)
				for !metrics.Broken(c) { // else a write may still succeed, and be lost
					time.Sleep(time.Millisecond)
				}
			}
			assert.EqualValues(t, 4, c.Stats().Reconnects)
			assert.Zero(t, c.Stats().Dropped)
		})
	}
}

func TestAStreamServerThatHangsHoldsNobodyUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close() // connections are made by the kernel, and never read
	c, err := metrics.Dial("tcp://"+l.Addr().String(), metrics.WithTimeout(50*time.Millisecond), metrics.WithQueueBytes(8<<20))
	require.NoError(t, err)
	const n = 1_000_000 // far more than the kernel buffers
	name := strings.Repeat("x", 100)
	for range n {
		c.Timing(name, time.Millisecond)
	}
	assert.ErrorIs(t, c.Flush(context.Background()), context.DeadlineExceeded)
	assert.ErrorContains(t, c.Close(), "values unsent")
	stats := c.Stats()
	assert.EqualValues(t, n, stats.Sent+stats.Dropped.Queue+stats.Dropped.Unsent)
	assert.Zero(t, stats.Queued)
}

func TestAConnectionThatIsNotAnsweredHoldsNobodyUp(t *testing.T) {
	// A listener whose backlog is full leaves further connections unanswered.
	c, err := metrics.Dial("tcp://192.0.2.1:9", metrics.WithTimeout(20*time.Millisecond)) // TEST-NET-1
	require.NoError(t, err)
	c.Count("n", 1)
	assert.Error(t, c.Flush(context.Background()))
	assert.Error(t, c.Close())
	assert.EqualValues(t, 1, c.Stats().Dropped.Unsent)
}

func TestAPartOfALineIsSentAgainWhole(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	c, err := metrics.Dial("tcp://"+l.Addr().String(), metrics.WithFlushInterval(time.Hour), metrics.WithQueueBytes(64<<20))
	require.NoError(t, err)
	const n = 200_000
	name := strings.Repeat("x", 50) // 12 MB, so the first connection fills up in the middle of a line
	for i := range n {
		c.Timing(name, time.Duration(i)*time.Microsecond)
	}
	first, err := l.Accept()
	require.NoError(t, err)
	head := make([]byte, 100_001)
	_, err = io.ReadFull(first, head)
	require.NoError(t, err)
	require.NoError(t, first.Close()) // with data unread, this is a reset

	second, err := l.Accept()
	require.NoError(t, err)
	defer second.Close()
	whole := regexp.MustCompile(`^x{50}:[0-9]+(\.[0-9]+)?\|ms$`)
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(second)
		for lines.Scan() {
			if !whole.MatchString(lines.Text()) {
				t.Errorf("%q is no whole line", lines.Text())
			}
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, c.Flush(ctx))
	require.NoError(t, c.Close())
	<-done
	stats := c.Stats()
	assert.EqualValues(t, n, stats.Sent)
	assert.EqualValues(t, 1, stats.Reconnects)
}
