// SPDX-License-Identifier: Apache-2.0

package metrics

import "sync/atomic"

// Stats is what became of a client's values. Numbers only grow, except Series
// and Queued. A value is one line, or the pair of lines of a negative gauge:
// counters, gauges and sets that were aggregated count once for each time they
// were sent.
type Stats struct {
	Sent    uint64 // values handed to the network
	Packets uint64 // packets, or writes to a stream
	Bytes   uint64 // bytes in them

	Dropped Drops // values that will never arrive

	Refused    uint64 // attempts that found no server
	Reconnects uint64 // connections made after the first
	Sanitized  uint64 // series whose name or tags held what the wire cannot carry
	Clamped    uint64 // numbers cut to what a line may say, and negative timings
	Overflow   uint64 // values that went to the series "other"

	Series int // distinct series so far
	Queued int // values of timers, and whatever a failure left, that wait to be sent

	LastError string // the last failure of the transport, "" if there was none
}

// Drops counts values that were dropped, by reason.
type Drops struct {
	Closed   uint64 // recorded after Close
	Invalid  uint64 // NaN, an infinity, an empty member of a set
	Oversize uint64 // larger than a packet
	Queue    uint64 // the queue was full
	Write    uint64 // the writer given to New failed
	Unsent   uint64 // still waiting when Close ran out of time
}

// Total returns the sum.
func (d Drops) Total() uint64 {
	return d.Closed + d.Invalid + d.Oversize + d.Queue + d.Write + d.Unsent
}

// counters are Stats while they are counted.
type counters struct {
	sent, packets, bytes atomic.Uint64

	droppedClosed, droppedInvalid, droppedOversize atomic.Uint64
	droppedQueue, droppedWrite, droppedUnsent      atomic.Uint64

	refused, reconnects, sanitized, clamped, overflow atomic.Uint64

	unsent atomic.Int64 // lines that are written and wait

	failures  atomic.Uint64
	lastError atomic.Pointer[string]
}

// failed remembers that the transport failed.
func (c *counters) failed(err error) {
	if refused(err) {
		c.refused.Add(1)
	}
	text := err.Error()
	c.lastError.Store(&text)
	c.failures.Add(1)
}

func (c *counters) drops() Drops {
	return Drops{
		Closed:   c.droppedClosed.Load(),
		Invalid:  c.droppedInvalid.Load(),
		Oversize: c.droppedOversize.Load(),
		Queue:    c.droppedQueue.Load(),
		Write:    c.droppedWrite.Load(),
		Unsent:   c.droppedUnsent.Load(),
	}
}

// Stats returns what became of the values recorded so far, by this client and
// all that share its socket. On a nil client everything is zero.
func (c *Client) Stats() Stats {
	if c == nil {
		return Stats{}
	}
	n := &c.core.stats
	s := Stats{
		Sent:       n.sent.Load(),
		Packets:    n.packets.Load(),
		Bytes:      n.bytes.Load(),
		Dropped:    n.drops(),
		Refused:    n.refused.Load(),
		Reconnects: n.reconnects.Load(),
		Sanitized:  n.sanitized.Load(),
		Clamped:    n.clamped.Load(),
		Overflow:   n.overflow.Load(),
		Series:     c.core.seriesCount(),
		Queued:     c.core.queue.waiting() + int(n.unsent.Load()),
	}
	if text := n.lastError.Load(); text != nil {
		s.LastError = *text
	}
	return s
}
