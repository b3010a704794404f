// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// lookup finds the addresses of a host; net.Resolver.LookupNetIP is one.
type lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

// udp sends datagrams from one source port for life, wherever the server
// moves. The socket is not connected: it never hears that nobody listens, and
// does not have to.
type udp struct {
	target
	conn    *net.UDPConn
	current atomic.Pointer[destinations]
	disarm  func() bool // set by the first send

	stop     context.CancelFunc // of the resolver
	resolver sync.WaitGroup
	tried    chan struct{} // closed after the first lookup, however it ended
}

// destinations are the addresses of the server, or why there are none. They
// are replaced, not changed.
type destinations struct {
	addrs []netip.Addr
	inUse int
	err   error
}

const (
	lookupTimeout = 5 * time.Second
	lookupRetry   = time.Second // after one that failed
)

// longAgo is a deadline that ends input and output at once.
var longAgo = time.Unix(1, 0)

func dialUDP(t target, every time.Duration, find lookup) (*udp, error) {
	ip, notIP := netip.ParseAddr(t.host)
	network := t.network
	if notIP == nil && network == "udp" { // one version is enough, and cheaper
		network = "udp6"
		if ip.Unmap().Is4() {
			network = "udp4"
		}
	}
	conn, err := net.ListenUDP(network, nil)
	if err != nil {
		return nil, fmt.Errorf("metrics: open a socket: %w", err)
	}
	_ = conn.SetReadBuffer(1) // nobody reads: let strangers fill as little as possible
	ctx, cancel := context.WithCancel(context.Background())
	u := &udp{target: t, conn: conn, stop: cancel, tried: make(chan struct{})}
	if notIP != nil {
		u.resolver.Go(func() { u.follow(ctx, every, find) })
		return u, nil
	}
	addrs := u.usable([]netip.Addr{ip})
	if len(addrs) == 0 {
		u.close()
		return nil, fmt.Errorf("metrics: address %q is not of network %s", t.host, t.network)
	}
	u.current.Store(&destinations{addrs: addrs})
	close(u.tried)
	return u, nil
}

// follow looks the server up until ctx ends.
func (u *udp) follow(ctx context.Context, every time.Duration, find lookup) {
	for first := true; ; first = false {
		pause := every
		if !u.resolve(ctx, find) {
			pause = min(lookupRetry, every)
		}
		if first {
			close(u.tried)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// resolve looks the server up once. The address in use stays as long as it is
// one of the answers, and while there is no answer.
func (u *udp) resolve(ctx context.Context, find lookup) bool {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	addrs, err := find(ctx, "ip", u.host)
	if err == nil {
		if addrs = u.usable(addrs); len(addrs) == 0 {
			err = fmt.Errorf("metrics: host %q has no address of network %s", u.host, u.network)
		}
	}
	old := u.current.Load()
	known := old != nil && len(old.addrs) > 0
	switch {
	case err == nil && known:
		inUse := max(0, slices.Index(addrs, old.addrs[old.inUse]))
		u.current.Store(&destinations{addrs: addrs, inUse: inUse})
	case err == nil:
		u.current.Store(&destinations{addrs: addrs})
	case !known:
		u.current.Store(&destinations{err: err})
	}
	return err == nil
}

// usable returns the addresses that the socket can reach, IPv4 first as in
// package net: the reference server listens on IPv4 only, and "localhost" is
// both.
func (u *udp) usable(addrs []netip.Addr) []netip.Addr {
	var v4, v6 []netip.Addr
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() {
			v4 = append(v4, a)
		} else {
			v6 = append(v6, a)
		}
	}
	only4 := u.conn.LocalAddr().(*net.UDPAddr).IP.To4() != nil
	switch {
	case only4:
		return v4
	case u.network == "udp6":
		return v6
	}
	return append(v4, v6...)
}

func (u *udp) traits() traits { return traits{paced: true} }

func (u *udp) send(ctx context.Context, packet []byte) (int, error) {
	if u.disarm == nil {
		u.disarm = context.AfterFunc(ctx, func() { _ = u.conn.SetWriteDeadline(longAgo) })
	}
	d := u.current.Load()
	if d == nil {
		select {
		case <-u.tried:
		case <-ctx.Done():
			return 0, fmt.Errorf("metrics: host %q is still being looked up", u.host)
		}
		d = u.current.Load()
	}
	if len(d.addrs) == 0 {
		return 0, d.err
	}
	n, err := u.conn.WriteToUDPAddrPort(packet, netip.AddrPortFrom(d.addrs[d.inUse], u.port))
	if err != nil && !tooLarge(err) { // perhaps another address can be reached
		u.current.CompareAndSwap(d, &destinations{addrs: d.addrs, inUse: (d.inUse + 1) % len(d.addrs)})
	}
	return n, err
}

func (u *udp) close() {
	u.stop()
	if u.disarm != nil {
		u.disarm()
	}
	_ = u.conn.Close()
	u.resolver.Wait()
}
