// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// conn sends over TCP or a Unix socket, which connect, and so can be refused,
// break, and be made again.
type conn struct {
	target
	stats *counters

	net.Conn // nil while there is none
	broken   *atomic.Bool
	disarm   func() bool
	before   bool // there was a connection
	used     bool // something was sent on this one
	readers  sync.WaitGroup
}

const (
	connectTimeout = 5 * time.Second
	writeTimeout   = 5 * time.Second
)

func (c *conn) traits() traits { return traits{} }

// send writes packet, after connecting where that is needed.
func (c *conn) send(ctx context.Context, packet []byte) (int, error) {
	if c.Conn != nil && c.broken.Load() {
		c.hangUp()
	}
	if c.Conn == nil {
		if err := c.connect(ctx); err != nil {
			return 0, err
		}
	}
	_ = c.SetWriteDeadline(time.Now().Add(writeTimeout))
	if ctx.Err() != nil {
		return 0, ctx.Err() // the deadline above may have undone the one of connect
	}
	n, err := c.Write(packet)
	if err == nil {
		c.used = true
		return n, nil
	}
	if tooLarge(err) {
		return 0, err
	}
	stale := c.used && !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err)
	c.hangUp()
	if stale {
		err = staleError{err}
	}
	return n, err
}

func (c *conn) connect(ctx context.Context) error {
	d := net.Dialer{Timeout: connectTimeout}
	made, err := d.DialContext(ctx, c.network, c.address())
	if err != nil {
		return err
	}
	if c.before {
		c.stats.reconnects.Add(1)
	}
	c.Conn, c.before, c.used, c.broken = made, true, false, new(atomic.Bool)
	c.disarm = context.AfterFunc(ctx, func() { _ = made.SetDeadline(longAgo) })
	if c.network != "unixgram" {
		broken := c.broken
		c.readers.Go(func() { watch(made, broken) })
	}
	return nil
}

// watch notices that the server has closed a stream: the first write after
// that would still succeed, and what it wrote would be lost.
func watch(stream net.Conn, broken *atomic.Bool) {
	_, _ = io.Copy(io.Discard, stream)
	broken.Store(true)
}

// hangUp closes the connection.
func (c *conn) hangUp() {
	c.disarm()
	_ = c.Conn.Close()
	c.Conn = nil
	c.readers.Wait()
}

func (c *conn) close() {
	if c.Conn != nil {
		c.hangUp()
	}
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// refused reports whether nobody listens there.
func refused(err error) bool {
	const windowsRefused = syscall.Errno(10061) // WSAECONNREFUSED, which syscall does not name
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, windowsRefused) ||
		errors.Is(err, syscall.ENOENT) // a Unix socket that is not there
}

// tooLarge reports whether a datagram exceeds what the way to the server
// carries.
func tooLarge(err error) bool {
	const windowsTooLarge = syscall.Errno(10040) // WSAEMSGSIZE
	return errors.Is(err, syscall.EMSGSIZE) || errors.Is(err, windowsTooLarge)
}
