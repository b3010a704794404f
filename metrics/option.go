// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"errors"
	"fmt"
	"math/bits"
	"runtime"
	"time"
)

// Option changes a default. [Dial] returns an error for one that makes no
// sense; [New], which cannot, keeps the default and says so in
// [Stats.LastError].
type Option interface {
	apply(*config) error
}

type option func(*config) error

func (o option) apply(c *config) error { return o(c) }

// config is what options set.
type config struct {
	dialect         Dialect
	prefix          string
	tags            []Tag
	interval        time.Duration
	unaggregated    bool
	reservoir       int
	packetBytes     int
	queueBytes      int
	maxSeries       int
	timeout         time.Duration
	resolveInterval time.Duration
	onError         func(error)
	shards          int
}

// newConfig applies opts. The second result says which of them were refused.
func newConfig(opts []Option) (config, error) {
	c := config{
		interval:        time.Second,
		queueBytes:      4 << 20,
		maxSeries:       10_000,
		timeout:         time.Second,
		resolveInterval: 30 * time.Second,
		shards:          1 << bits.Len(uint(min(runtime.GOMAXPROCS(0), 16)-1)),
	}
	var errs []error
	for _, o := range opts {
		if o != nil {
			errs = append(errs, o.apply(&c))
		}
	}
	return c, errors.Join(errs...)
}

// WithDialect chooses how lines are written. By default, [Plain].
func WithDialect(d Dialect) Option {
	return option(func(c *config) error {
		if d >= dialects {
			return fmt.Errorf("metrics: %v is not a dialect", d)
		}
		c.dialect = d
		return nil
	})
}

// WithPrefix puts prefix and a dot before every name. By default, nothing. The
// later of two wins; [Client.With] adds to it.
func WithPrefix(prefix string) Option {
	return option(func(c *config) error {
		c.prefix = joinPrefix("", prefix)
		return nil
	})
}

// WithTags adds tags to every metric. Tags add up.
func WithTags(tags ...Tag) Option {
	return option(func(c *config) error {
		c.tags = append(c.tags, tags...)
		return nil
	})
}

// WithFlushInterval sets how long a value may wait before it is sent. By
// default, one second. Timers do not wait that long when there are many.
func WithFlushInterval(d time.Duration) Option {
	return option(func(c *config) error {
		if d <= 0 {
			return fmt.Errorf("metrics: flush interval %v is not positive", d)
		}
		c.interval = d
		return nil
	})
}

// WithoutAggregation sends every counter and gauge as a line of its own, which
// shows the server when each happened at the price of a line a call. By
// default, counters are summed and gauges keep their last value between two
// flushes.
func WithoutAggregation() Option {
	return option(func(c *config) error {
		c.unaggregated = true
		return nil
	})
}

// WithReservoir keeps at most n values of each timer between two flushes,
// chosen fairly, and writes the share they stand for as their sample rate. By
// default, every value is sent. Servers count with the rate; most percentiles
// ignore it, which a fair choice survives.
func WithReservoir(n int) Option {
	return option(func(c *config) error {
		if n < 1 {
			return fmt.Errorf("metrics: a reservoir of %d values is empty", n)
		}
		c.reservoir = n
		return nil
	})
}

// Bounds of WithPacketBytes: the largest payload of a UDP datagram, and less
// than any real line.
const (
	minPacketBytes = 64
	maxPacketBytes = 65507
)

// WithPacketBytes sets the largest packet. By default, 1432 bytes on UDP and
// for [New], which fits every Ethernet; 8192 on Unix sockets and TCP. Use 1232
// where IPv6 packets may meet the smallest link it allows. A line that does
// not fit is dropped and counted.
func WithPacketBytes(n int) Option {
	return option(func(c *config) error {
		if n < minPacketBytes || n > maxPacketBytes {
			return fmt.Errorf("metrics: a packet of %d bytes is outside [%d, %d]", n, minPacketBytes, maxPacketBytes)
		}
		c.packetBytes = n
		return nil
	})
}

// WithQueueBytes bounds the memory for values that wait, 16 bytes for each
// value of a timer. By default, 4 MiB: a quarter of a million timers. When it
// is full, new values are dropped and counted.
func WithQueueBytes(n int) Option {
	return option(func(c *config) error {
		if n < chunkBytes {
			return fmt.Errorf("metrics: a queue of %d bytes is less than %d", n, chunkBytes)
		}
		c.queueBytes = n
		return nil
	})
}

// WithMaxSeries bounds how many series a client keeps, as callers write them.
// By default, 10,000. Further ones go to one series, "other", and are counted.
func WithMaxSeries(n int) Option {
	return option(func(c *config) error {
		if n < 1 {
			return fmt.Errorf("metrics: a bound of %d series leaves none", n)
		}
		c.maxSeries = n
		return nil
	})
}

// WithTimeout sets how long [Client.Close] may take, and [Client.Flush] when
// its context has no deadline. By default, one second.
func WithTimeout(d time.Duration) Option {
	return option(func(c *config) error {
		if d <= 0 {
			return fmt.Errorf("metrics: timeout %v is not positive", d)
		}
		c.timeout = d
		return nil
	})
}

// WithResolveInterval sets how often a host name is looked up again, so that a
// server may move. By default, every 30 seconds. It means nothing to TCP,
// which looks up the name whenever it connects, or to an IP address.
func WithResolveInterval(d time.Duration) Option {
	return option(func(c *config) error {
		if d <= 0 {
			return fmt.Errorf("metrics: resolve interval %v is not positive", d)
		}
		c.resolveInterval = d
		return nil
	})
}

// WithErrorHandler has handle told what goes wrong: at most once a minute, and
// never by a goroutine that records. By default, [Client.Stats] says it to
// those who ask.
func WithErrorHandler(handle func(error)) Option {
	return option(func(c *config) error {
		c.onError = handle
		return nil
	})
}

func (c *config) defaultPacketBytes(n int) {
	if c.packetBytes == 0 {
		c.packetBytes = n
	}
}
