// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

// Client records counters, gauges, timers and sets, and sends them to a StatsD
// server from a goroutine of its own. No method waits for input or output,
// except Flush and Close, and those not for long. A nil Client discards.
//
// All methods may be called concurrently, and after Close, when they count
// what they drop.
type Client struct {
	core  *core
	scope *scope
}

// Dial returns a client of the server at addr: "host:8125" or
// "udp://host:8125", "tcp://host:8125", "unixgram:///run/statsd.sock" for a
// Unix datagram socket or "unix:///run/statsd.sock" for a stream; udp4, udp6,
// tcp4 and tcp6 choose the version of IP.
//
// It connects and looks up names later and in the background, so a server that
// is absent is no error. An address that cannot be read is one, and so is an
// option that makes no sense.
func Dial(addr string, opts ...Option) (*Client, error) {
	return dial(addr, net.DefaultResolver.LookupNetIP, opts)
}

func dial(addr string, find lookup, opts []Option) (*Client, error) {
	cfg, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	t, err := parseTarget(addr)
	if err != nil {
		return nil, err
	}
	switch t.network {
	case "udp", "udp4", "udp6":
		cfg.defaultPacketBytes(1432)
		u, err := dialUDP(t, cfg.resolveInterval, find)
		if err != nil {
			return nil, err
		}
		return start(newCore(cfg, u)), nil
	}
	cfg.defaultPacketBytes(8192)
	stream := &conn{target: t}
	c := newCore(cfg, stream)
	stream.stats = &c.stats
	return start(c), nil
}

// New returns a client that writes to w: each Write is one packet of whole
// lines. It is meant for tests and for transports of one's own. A packet that
// w fails to take is dropped and counted. Close does not close w.
//
// If w hangs, nobody who records waits for it, and Close gives up after its
// timeout. A nil w discards.
func New(w io.Writer, opts ...Option) *Client {
	if w == nil {
		w = io.Discard
	}
	cfg, err := newConfig(opts)
	cfg.defaultPacketBytes(1432)
	c := newCore(cfg, writer{w})
	if err != nil {
		c.stats.failed(err)
	}
	return start(c)
}

func start(c *core) *Client {
	go c.sender.run()
	return &Client{core: c, scope: c.root}
}

// Count adds delta to a counter. Sums that exceed an int64 stay at its end.
func (c *Client) Count(name string, delta int64, tags ...Tag) {
	if c == nil {
		return
	}
	c.core.find(kindCounter, c.scope, name, tags).count(delta)
}

// CountFloat adds delta to a counter that is measured rather than counted:
// seconds, bytes scaled by something. [DogStatsD] sends the fraction; in the
// other dialects, whose receivers cut it off, it waits until it makes a whole,
// so that the total stays right. NaN and infinities are dropped and counted.
func (c *Client) CountFloat(name string, delta float64, tags ...Tag) {
	if c == nil {
		return
	}
	c.core.find(kindCounter, c.scope, name, tags).countFloat(delta)
}

// Gauge sets a gauge. NaN and infinities are dropped and counted.
func (c *Client) Gauge(name string, value float64, tags ...Tag) {
	if c == nil {
		return
	}
	c.core.find(kindGauge, c.scope, name, tags).set(value)
}

// GaugeDelta adds delta to a gauge, which starts at zero. NaN and infinities
// are dropped and counted.
func (c *Client) GaugeDelta(name string, delta float64, tags ...Tag) {
	if c == nil {
		return
	}
	c.core.find(kindGauge, c.scope, name, tags).change(delta)
}

// Timing records how long something took, to the microsecond. A negative
// duration is zero, and counted.
func (c *Client) Timing(name string, d time.Duration, tags ...Tag) {
	if c == nil {
		return
	}
	c.core.find(kindTiming, c.scope, name, tags).time(d)
}

// Histogram records a value whose distribution matters and which is not a
// duration: bytes, rows, a length. It travels as "h" in [DogStatsD], and
// elsewhere as a timer, where it must not be negative: it is zero then, and
// counted. NaN and infinities are dropped and counted.
func (c *Client) Histogram(name string, value float64, tags ...Tag) {
	if c == nil {
		return
	}
	c.core.find(kindHistogram, c.scope, name, tags).observe(value)
}

// Set adds a member to a set, of which the server counts the distinct ones. An
// empty member is dropped and counted.
func (c *Client) Set(name, member string, tags ...Tag) {
	if c == nil {
		return
	}
	c.core.find(kindSet, c.scope, name, tags).insert(member)
}

// Time starts a timer and returns what stops it; the second stop does nothing.
//
//	defer c.Time("db.query")()
func (c *Client) Time(name string, tags ...Tag) (stop func()) {
	if c == nil {
		return func() {}
	}
	return c.Timer(name, tags...).Time()
}

// With returns a client that puts prefix and a dot before every name and adds
// tags. It shares everything else with c, the socket too: closing one closes
// all. An empty prefix adds none.
func (c *Client) With(prefix string, tags ...Tag) *Client {
	if c == nil {
		return nil
	}
	sc := newScope(joinPrefix(c.scope.prefix, prefix), slices.Concat(c.scope.tags, tags), c.scope.rate)
	return &Client{core: c.core, scope: sc}
}

// Sampled returns a client that keeps each timing and each histogram value
// with probability rate, and says so on the wire, so that the server's counts
// stay right. It replaces the rate of c. A rate below 1e-9 is 1e-9.
//
// Counters that are aggregated are exact and cost one line whatever their
// number: a rate changes nothing there, and applies to them under
// [WithoutAggregation] only. Gauges and sets ignore it.
//
// A rate outside (0, 1] is an error, and the client that comes with it
// discards.
func (c *Client) Sampled(rate float64) (*Client, error) {
	if !(rate > 0 && rate <= 1) {
		return nil, fmt.Errorf("metrics: sample rate %v is outside (0, 1]", rate)
	}
	if c == nil {
		return nil, nil
	}
	sc := newScope(c.scope.prefix, c.scope.tags, max(rate, minRate))
	return &Client{core: c.core, scope: sc}, nil
}

// Flush sends everything recorded before it was called, and returns once that
// is handed to the network. It returns the error of the transport, or of ctx;
// what could not be sent is kept for the next attempt where that makes sense.
// When ctx has no deadline, Flush takes at most the time of [WithTimeout].
// After Close it does nothing.
func (c *Client) Flush(ctx context.Context) error {
	if c == nil {
		return nil
	}
	if ctx == nil {
		ctx = context.Background()
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.core.timeout)
		defer cancel()
	}
	return c.core.sender.flush(ctx)
}

// Close sends what is left and ends the goroutine, within the time of
// [WithTimeout]. It may be called often and from anywhere; every call waits
// for the end and returns the same error, which says how many values could not
// be sent.
func (c *Client) Close() error {
	if c == nil {
		return nil
	}
	return c.core.sender.close(c.core.timeout)
}
