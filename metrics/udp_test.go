// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/metricstest"
)

func TestDatagramsArriveFromOnePort(t *testing.T) {
	server := metricstest.NewServer(t)
	c, err := metrics.Dial(server.Addr())
	require.NoError(t, err)
	defer c.Close()
	for i := range 20 {
		c.Count("n", 1, metrics.T("a", "b"))
		require.NoError(t, c.Flush(context.Background()))
		server.Wait(i + 1)
	}
	assert.EqualValues(t, 20, server.Count("n", metrics.T("a", "b")))
	for _, from := range server.Senders() {
		require.Equal(t, server.Senders()[0], from)
	}
	stats := c.Stats()
	assert.EqualValues(t, 20, stats.Packets)
	assert.EqualValues(t, 20*len("n:1|c|#a:b\n"), stats.Bytes)
}

func TestAServerThatIsNotThereDisturbsNobody(t *testing.T) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	addr := conn.LocalAddr().(*net.UDPAddr)
	require.NoError(t, conn.Close())

	c, err := metrics.Dial(addr.String())
	require.NoError(t, err)
	for range 10 { // a connected socket would fail every second time
		c.Count("n", 1)
		require.NoError(t, c.Flush(context.Background()))
	}
	conn, err = net.ListenUDP("udp4", addr) // there it is
	require.NoError(t, err)
	defer conn.Close()
	c.Count("n", 7)
	require.NoError(t, c.Close())
	assert.Equal(t, "n:7|c\n", receive(t, conn))
}

func receive(t *testing.T, conn net.PacketConn) string {
	t.Helper()
	buf := make([]byte, 65536)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(30*time.Second)))
	n, _, err := conn.ReadFrom(buf)
	require.NoError(t, err)
	return string(buf[:n])
}

func TestIPv6(t *testing.T) {
	conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Skip("this system has no IPv6:", err)
	}
	defer conn.Close()
	for _, scheme := range []string{"", "udp://", "udp6://"} {
		c, err := metrics.Dial(scheme+conn.LocalAddr().String(), metrics.WithPacketBytes(1232))
		require.NoError(t, err)
		c.Count("n", 1)
		require.NoError(t, c.Close())
		assert.Equal(t, "n:1|c\n", receive(t, conn))
	}
}

// names is a name service of the test's own.
type names struct {
	addrs atomic.Pointer[[]netip.Addr]
	calls atomic.Int64
}

// settle waits until the latest answer has been used.
func (n *names) settle() {
	for seen := n.calls.Load(); n.calls.Load() < seen+2; {
		time.Sleep(time.Millisecond)
	}
}

func (n *names) set(addrs ...string) {
	var list []netip.Addr
	for _, a := range addrs {
		list = append(list, netip.MustParseAddr(a))
	}
	n.addrs.Store(&list)
}

func (n *names) lookup(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.calls.Add(1)
	if list := n.addrs.Load(); list != nil && host == "statsd.test" {
		return *list, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// twins are two sockets of one port on two addresses.
func twins(t *testing.T) (one, two *net.UDPConn, port string) {
	t.Helper()
	for range 100 {
		one, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		require.NoError(t, err)
		addr := *one.LocalAddr().(*net.UDPAddr)
		addr.IP = net.IPv4(127, 0, 0, 2)
		two, err := net.ListenUDP("udp4", &addr)
		if err == nil {
			t.Cleanup(func() { _ = one.Close(); _ = two.Close() })
			_, port, _ := net.SplitHostPort(one.LocalAddr().String())
			return one, two, port
		}
		_ = one.Close()
	}
	t.Skip("this system has no second loopback address")
	return nil, nil, ""
}

func TestAServerMayMove(t *testing.T) {
	one, two, port := twins(t)
	var dns names
	dns.set("127.0.0.1")
	c, err := metrics.DialWithLookup("statsd.test:"+port, dns.lookup, metrics.WithResolveInterval(time.Millisecond))
	require.NoError(t, err)
	defer c.Close()
	c.Count("n", 1)
	require.NoError(t, c.Flush(context.Background()))
	assert.Equal(t, "n:1|c\n", receive(t, one))

	dns.set("127.0.0.2", "127.0.0.1") // one of two: there is no reason to leave
	dns.settle()
	c.Count("n", 2)
	require.NoError(t, c.Flush(context.Background()))
	assert.Equal(t, "n:2|c\n", receive(t, one))

	dns.addrs.Store(nil) // no answer is no reason either
	dns.settle()
	c.Count("n", 3)
	require.NoError(t, c.Flush(context.Background()))
	assert.Equal(t, "n:3|c\n", receive(t, one))

	dns.set("127.0.0.2")
	dns.settle()
	c.Count("n", 4)
	require.NoError(t, c.Flush(context.Background()))
	assert.Equal(t, "n:4|c\n", receive(t, two))
}

func TestASourcePortSurvivesAMove(t *testing.T) {
	one, two, port := twins(t)
	var dns names
	dns.set("127.0.0.1")
	c, err := metrics.DialWithLookup("statsd.test:"+port, dns.lookup, metrics.WithResolveInterval(time.Millisecond))
	require.NoError(t, err)
	defer c.Close()
	source := func(conn *net.UDPConn) int {
		dns.settle()
		c.Count("n", 1)
		require.NoError(t, c.Flush(context.Background()))
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(30*time.Second)))
		_, from, err := conn.ReadFromUDP(make([]byte, 1500))
		require.NoError(t, err)
		return from.Port
	}
	before := source(one)
	dns.set("127.0.0.2")
	assert.Equal(t, before, source(two))
}

func TestNamesAreLookedUpUntilThereIsAnAnswer(t *testing.T) {
	one, _, port := twins(t)
	var dns names
	c, err := metrics.DialWithLookup("statsd.test:"+port, dns.lookup, metrics.WithResolveInterval(time.Millisecond))
	require.NoError(t, err, "a name that nobody knows yet is no mistake")
	defer c.Close()
	c.Count("n", 1)
	assert.ErrorContains(t, c.Flush(context.Background()), "no such host")
	c.Count("n", 1)
	dns.set("127.0.0.1")
	dns.settle()
	require.NoError(t, c.Flush(context.Background()))
	assert.Equal(t, "n:1|c\n", receive(t, one), "what was written waits")
	assert.Equal(t, "n:1|c\n", receive(t, one), "and so does what came later")
	assert.Zero(t, c.Stats().Dropped)
}

func TestALookupThatHangsHoldsNobodyUp(t *testing.T) {
	hang := func(ctx context.Context, _, _ string) ([]netip.Addr, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	c, err := metrics.DialWithLookup("statsd.test:8125", hang, metrics.WithTimeout(20*time.Millisecond))
	require.NoError(t, err)
	c.Count("n", 1)
	assert.ErrorIs(t, c.Flush(context.Background()), context.DeadlineExceeded)
	assert.ErrorContains(t, c.Close(), "1 values unsent")
	assert.EqualValues(t, 1, c.Stats().Dropped.Unsent)
}

func TestAHostWithoutAUsableAddressIsReported(t *testing.T) {
	var dns names
	dns.set("::1")
	c, err := metrics.DialWithLookup("udp4://statsd.test:8125", dns.lookup)
	require.NoError(t, err)
	defer c.Close()
	c.Count("n", 1)
	assert.ErrorContains(t, c.Flush(context.Background()), `metrics: host "statsd.test" has no address of network udp4`)
}

func TestLocalhostIsIPv4First(t *testing.T) {
	one, _, port := twins(t)
	var dns names
	dns.set("::1", "127.0.0.1")
	c, err := metrics.DialWithLookup("statsd.test:"+port, dns.lookup)
	require.NoError(t, err)
	c.Count("n", 1)
	require.NoError(t, c.Close())
	assert.Equal(t, "n:1|c\n", receive(t, one))
}
