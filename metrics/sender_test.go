// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// script is a transport that does as it is told.
type script struct {
	do      func(packet []byte) (int, error)
	packets []string
	at      []time.Time
}

func (s *script) traits() traits { return traits{} }
func (s *script) close()         {}

func (s *script) send(_ context.Context, packet []byte) (int, error) {
	s.at = append(s.at, time.Now())
	n, err := s.do(packet)
	if err == nil {
		s.packets = append(s.packets, string(packet))
	}
	return n, err
}

func scripted(t *testing.T, s *script, opts ...Option) *Client {
	t.Helper()
	cfg, err := newConfig(opts)
	require.NoError(t, err)
	cfg.defaultPacketBytes(1432)
	c := start(newCore(cfg, s))
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestPacketsTooLargeForTheWayAreHalved(t *testing.T) {
	s := &script{do: func(p []byte) (int, error) {
		if len(p) > 400 {
			return 0, &syscallError{syscall.EMSGSIZE}
		}
		return len(p), nil
	}}
	c := scripted(t, s)
	const n = 200
	for range n {
		c.Timing("name", time.Millisecond)
	}
	require.NoError(t, c.Flush(context.Background()))
	attempts := len(s.at)
	var lines int
	for _, p := range s.packets {
		lines += len(p) / len("name:1|ms\n")
	}
	assert.Equal(t, n, lines, "nothing is lost")
	assert.Equal(t, 2, attempts-len(s.packets), "and the lesson is learned once")
	assert.Zero(t, c.Stats().Dropped)
}

type syscallError struct{ errno syscall.Errno }

func (e *syscallError) Error() string { return "sendto: " + e.errno.Error() }
func (e *syscallError) Unwrap() error { return e.errno }

func TestALineTooLargeForTheWayIsDropped(t *testing.T) {
	s := &script{do: func([]byte) (int, error) { return 0, &syscallError{syscall.EMSGSIZE} }}
	c := scripted(t, s)
	c.Count("a", 1)
	require.NoError(t, c.Flush(context.Background()))
	assert.EqualValues(t, 1, c.Stats().Dropped.Oversize)
}

func TestAttemptsBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{do: func([]byte) (int, error) { return 0, syscall.ECONNREFUSED }}
		c := scripted(t, s, WithFlushInterval(10*time.Millisecond))
		time.Sleep(5 * time.Millisecond) // between two flushes
		for range 6000 {
			c.Count("n", 1)
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		assert.InDelta(t, 13, len(s.at), 3, "attempts in a minute")
		assert.GreaterOrEqual(t, s.at[1].Sub(s.at[0]), 75*time.Millisecond)
		for i := range s.at[1:] {
			assert.LessOrEqual(t, s.at[i+1].Sub(s.at[i]), 10*time.Second+20*time.Millisecond)
		}
		refusals := c.Stats().Refused
		assert.EqualValues(t, len(s.at), refusals)

		s.do = func(p []byte) (int, error) { return len(p), nil }
		require.NoError(t, c.Flush(context.Background()), "Flush does not wait its turn")
		assert.Equal(t, []string{"n:1|c\n", "n:5999|c\n"}, s.packets, "what was written once stays, the rest adds up")
		c.Count("n", 1)
		time.Sleep(20 * time.Millisecond)
		synctest.Wait()
		assert.Len(t, s.packets, 3, "and then all is as before")
		require.NoError(t, c.Close())
	})
}

func TestAStaleConnectionIsReplacedAtOnce(t *testing.T) {
	broken := true
	s := &script{}
	s.do = func(p []byte) (int, error) {
		if broken {
			broken = false
			return 7, staleError{errors.New("reset")} // in the middle of the second line
		}
		return len(p), nil
	}
	c := scripted(t, s)
	c.Timing("a", time.Millisecond) // a:1|ms\n is 7 bytes
	c.Timing("a", 2*time.Millisecond)
	c.Timing("a", 3*time.Millisecond)
	require.NoError(t, c.Flush(context.Background()))
	assert.Equal(t, []string{"a:2|ms\na:3|ms\n"}, s.packets)
	assert.EqualValues(t, 3, c.Stats().Sent)
}

func TestWhatCannotBeSentIsBounded(t *testing.T) {
	s := &script{do: func([]byte) (int, error) { return 0, syscall.ECONNREFUSED }}
	c := scripted(t, s, WithQueueBytes(64<<10), WithFlushInterval(time.Millisecond))
	const n = 100_000
	for i := range n {
		c.Timing("t", time.Millisecond)
		if i%1000 == 0 {
			_ = c.Flush(context.Background())
		}
	}
	assert.Error(t, c.Close())
	stats := c.Stats()
	assert.EqualValues(t, n, stats.Dropped.Queue+stats.Dropped.Unsent)
	assert.LessOrEqual(t, stats.Dropped.Unsent, uint64(64<<10/16+2*chunkSamples))
}

func TestAnAddressThatCannotBeReachedGivesWayToTheNext(t *testing.T) {
	server, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer server.Close()
	addr := server.LocalAddr().(*net.UDPAddr).AddrPort()
	u, err := dialUDP(target{"udp4", "127.0.0.1", addr.Port()}, time.Hour, nil)
	require.NoError(t, err)
	defer u.close()
	u.current.Store(&destinations{addrs: []netip.Addr{netip.IPv6Loopback(), addr.Addr()}}) // this socket is IPv4

	_, err = u.send(t.Context(), []byte("n:1|c\n"))
	require.Error(t, err)
	n, err := u.send(t.Context(), []byte("n:1|c\n"))
	require.NoError(t, err)
	assert.Equal(t, 6, n)
}
