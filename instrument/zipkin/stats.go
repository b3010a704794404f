// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"fmt"
	"strings"
	"time"
)

// Stats are the counters of an exporter since it was made. At any moment
//
//	Taken = Sent + InFlight + Dropped.Total()
type Stats struct {
	Endpoint string `json:"endpoint"` // without credentials

	Taken    uint64  `json:"taken"`     // spans given to ExportSpans
	Sent     uint64  `json:"sent"`      // of these, in requests answered 2xx
	InFlight uint64  `json:"in_flight"` // neither sent nor dropped yet
	Dropped  Dropped `json:"dropped"`

	Truncated uint64 `json:"truncated"` // spans sent with values cut to fit
	Requests  uint64 `json:"requests"`  // POSTs with spans, repeated ones included
	Retried   uint64 `json:"retried"`   // of these, repetitions
	Bytes     uint64 `json:"bytes"`     // of bodies of all these requests, as on the wire

	LastError     string    `json:"last_error,omitempty"` // without credentials
	LastErrorTime time.Time `json:"last_error_time,omitzero"`
	LastSentTime  time.Time `json:"last_sent_time,omitzero"`
}

// Dropped counts the spans that were not delivered, by reason.
type Dropped struct {
	// Invalid could not be encoded: no ids, a start before 1970, an end
	// before the start.
	Invalid uint64 `json:"invalid"`
	// TooLarge did not fit into a request, even with their values cut.
	TooLarge uint64 `json:"too_large"`
	// Rejected were refused by an answer that repeating does not change: a
	// redirect, a status other than 2xx, 429, 502, 503 and 504.
	Rejected uint64 `json:"rejected"`
	// Unavailable found no collector to take them before the deadline.
	Unavailable uint64 `json:"unavailable"`
	// Canceled were under way when the context of the export or of Shutdown
	// ended.
	Canceled uint64 `json:"canceled"`
	// Stopped came after Shutdown.
	Stopped uint64 `json:"stopped"`
	// Own are spans of the exporter's own requests, made by an instrumented
	// client: to send them would make more of them, for ever.
	Own uint64 `json:"own"`
}

// Total is the sum of all reasons.
func (d Dropped) Total() uint64 {
	return d.Invalid + d.TooLarge + d.Rejected + d.Unavailable + d.Canceled + d.Stopped + d.Own
}

// String lists the reasons that are not zero: "3 invalid, 512 unavailable".
func (d Dropped) String() string {
	var parts []string
	for _, r := range []struct {
		n    uint64
		name string
	}{
		{d.Invalid, "invalid"}, {d.TooLarge, "too large"}, {d.Rejected, "rejected"},
		{d.Unavailable, "unavailable"}, {d.Canceled, "canceled"}, {d.Stopped, "stopped"}, {d.Own, "own"},
	} {
		if r.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", r.n, r.name))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// Stats returns the counters. It may be called at any time, from several
// goroutines, and after Shutdown.
func (e *Exporter) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.stats
	s.Endpoint = e.target.shown
	return s
}

// sent counts n spans as delivered.
func (e *Exporter) sent(n, truncated int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stats.Sent += uint64(n)
	e.stats.InFlight -= uint64(n)
	e.stats.Truncated += uint64(truncated)
	e.stats.LastSentTime = time.Now()
}

// requested counts a request of size bytes.
func (e *Exporter) requested(size int, again bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stats.Requests++
	e.stats.Bytes += uint64(size)
	if again {
		e.stats.Retried++
	}
}
