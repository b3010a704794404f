// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"fmt"
	"time"
)

// reporter decides which failures are told. The exporter's mutex guards it.
type reporter struct {
	interval time.Duration
	told     time.Time // when the last one was
	spans    uint64    // dropped since then and not told of
	exports  int       // that dropped them
	text     string    // of the last of these
	cause    error
}

// report returns the error of an export, or nil when it lost nothing, lost
// only spans of the exporter's own, or is to be told later.
func (e *Exporter) report(x *export) error {
	lost := x.dropped.Total() - x.dropped.Own
	if lost == 0 {
		return nil
	}
	text, now := x.describe(), time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stats.LastError, e.stats.LastErrorTime = text, now
	r := &e.reporter
	if x.dropped.Canceled == 0 && !r.told.IsZero() && now.Sub(r.told) < r.interval {
		r.spans += lost
		r.exports++
		r.text, r.cause = text, x.last.err
		return nil
	}
	if r.spans > 0 {
		text += fmt.Sprintf("; %d more spans dropped in %d exports since the last report", r.spans, r.exports)
	}
	r.told, r.spans, r.exports = now, 0, 0
	return &exportError{text: text, cause: x.last.err}
}

// unreported returns an error that tells of the spans dropped that none told
// of yet, or nil.
func (e *Exporter) unreported() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := &e.reporter
	if r.spans == 0 {
		return nil
	}
	text := fmt.Sprintf("zipkin: %d spans dropped in %d exports since the last report, the last of them: %s", r.spans, r.exports, r.text)
	r.spans, r.exports = 0, 0
	return &exportError{text: text, cause: r.cause}
}

// dropped adds to the counters of the exporter what now is more than before.
func (e *Exporter) dropped(before, now Dropped) {
	e.mu.Lock()
	defer e.mu.Unlock()
	d := &e.stats.Dropped
	d.Invalid += now.Invalid - before.Invalid
	d.TooLarge += now.TooLarge - before.TooLarge
	d.Rejected += now.Rejected - before.Rejected
	d.Unavailable += now.Unavailable - before.Unavailable
	d.Canceled += now.Canceled - before.Canceled
	d.Stopped += now.Stopped - before.Stopped
	d.Own += now.Own - before.Own
	e.stats.InFlight -= now.Total() - before.Total()
}
