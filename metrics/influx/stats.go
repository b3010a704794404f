// SPDX-License-Identifier: Apache-2.0

package influx

import "sync/atomic"

// Stats is what became of a writer's points. Numbers only grow, except Queued.
type Stats struct {
	Sent     uint64 // points the server took
	Requests uint64 // requests the server answered
	Bytes    uint64 // bytes of points it took

	Dropped Drops // points that will never arrive

	Failures  uint64 // requests that failed
	Queued    int    // points that wait
	LastError string // why the last request failed, "" if none did
}

// Drops counts points that were dropped, by reason; Fields counts fields.
type Drops struct {
	Closed   uint64 // recorded after Close
	Invalid  uint64 // without a name, a field that can be sent, or a time that InfluxDB keeps
	Oversize uint64 // larger than a batch
	Queue    uint64 // the queue was full
	Rejected uint64 // the server would not have them
	Unsent   uint64 // still waiting when Close ran out of time
	Fields   uint64 // NaN and infinities; their points went without them
}

// counters are Stats while they are counted.
type counters struct {
	sent, requests, bytes, failures            atomic.Uint64
	closed, invalid, oversize, queue, rejected atomic.Uint64
	unsent, fields                             atomic.Uint64
	lastError                                  atomic.Pointer[string]
}

// Stats returns what became of the points recorded so far. On a nil writer
// everything is zero.
func (w *Writer) Stats() Stats {
	if w == nil {
		return Stats{}
	}
	n := &w.stats
	s := Stats{
		Sent: n.sent.Load(), Requests: n.requests.Load(), Bytes: n.bytes.Load(), Failures: n.failures.Load(),
		Dropped: Drops{
			Closed: n.closed.Load(), Invalid: n.invalid.Load(), Oversize: n.oversize.Load(), Queue: n.queue.Load(),
			Rejected: n.rejected.Load(), Unsent: n.unsent.Load(), Fields: n.fields.Load(),
		},
		Queued: w.queue.points(),
	}
	if text := n.lastError.Load(); text != nil {
		s.LastError = *text
	}
	return s
}
