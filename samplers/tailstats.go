// SPDX-License-Identifier: Apache-2.0

package samplers

// TailStats counts unsampled spans since [KeepErrors] was called. At any
// moment, Ended = Kept + Discarded() + Buffered.
type TailStats struct {
	Ended    uint64 `json:"ended"`    // unsampled spans that have ended
	Kept     uint64 `json:"kept"`     // of those, handed on as sampled
	Buffered uint64 `json:"buffered"` // of those, waiting for their root

	// Discarded, by the reason.
	Unremarkable uint64 `json:"unremarkable"` // their root ended and nothing called for keeping them
	Late         uint64 `json:"late"`         // ended when their root was discarded or forgotten
	OverRate     uint64 `json:"over_rate"`    // beyond the traces kept per second
	OverSpans    uint64 `json:"over_spans"`   // beyond the spans of one trace
	OverTraces   uint64 `json:"over_traces"`  // of the oldest trace, to make room for another
	OverBuffer   uint64 `json:"over_buffer"`  // of the oldest trace, to make room for its spans
	Aged         uint64 `json:"aged"`         // waited longer than the maximum age
	Flushed      uint64 `json:"flushed"`      // undecided at a flush or shutdown, or ended after it

	KeptTraces     uint64 `json:"kept_traces"`      // local roots kept
	OverRateTraces uint64 `json:"over_rate_traces"` // local roots that were to be kept, beyond the rate
	Remembered     uint64 `json:"remembered"`       // local roots remembered now
}

// Discarded is the sum of the reasons.
func (s TailStats) Discarded() uint64 {
	return s.Unremarkable + s.Late + s.OverRate + s.OverSpans + s.OverTraces + s.OverBuffer + s.Aged + s.Flushed
}

// loss is a reason to discard.
type loss uint8

const (
	unremarkable loss = iota
	late
	overRate
	overSpans
	overTraces
	overBuffer
	aged
	flushed
	losses
)

// counts is a shard's part of TailStats, guarded by the shard's lock.
type counts struct {
	ended, kept                uint64
	discarded                  [losses]uint64
	keptTraces, overRateTraces uint64
}

func (c *counts) addTo(s *TailStats) {
	s.Ended += c.ended
	s.Kept += c.kept
	s.Unremarkable += c.discarded[unremarkable]
	s.Late += c.discarded[late]
	s.OverRate += c.discarded[overRate]
	s.OverSpans += c.discarded[overSpans]
	s.OverTraces += c.discarded[overTraces]
	s.OverBuffer += c.discarded[overBuffer]
	s.Aged += c.discarded[aged]
	s.Flushed += c.discarded[flushed]
	s.KeptTraces += c.keptTraces
	s.OverRateTraces += c.overRateTraces
}
