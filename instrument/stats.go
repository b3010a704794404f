// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"encoding/json"
	"maps"
	"net/http"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/samplers"
)

// Stats are the counters of a running Telemetry since it started. For each
// exporter Ended = Sent + Waiting + Dropped, read at one moment or another
// while spans move.
type Stats struct {
	// Sampler describes what decides for new traces.
	Sampler string `json:"sampler"`
	// Exporters of spans, in the order they were opened.
	Exporters []ExporterStats `json:"exporters"`
	// Forced counts the traces that somebody asked to be sampled or not.
	Forced samplers.ForcedStats `json:"forced"`
	// Kept counts the spans of WithKeepErrors; nil without it.
	Kept *samplers.TailStats `json:"kept,omitempty"`
	// StatsD counts what the StatsD client did; nil without one.
	StatsD *metrics.Stats `json:"statsd,omitempty"`
	// Errors is how many failures reached the error handler.
	Errors uint64 `json:"errors"`
	// LastError is the newest of them, "" before the first.
	LastError string `json:"last_error,omitempty"`
}

// ExporterStats counts the spans of one exporter.
type ExporterStats struct {
	Name     string `json:"name"`
	Endpoint string `json:"endpoint,omitempty"`
	// Ended is how many sampled spans ended, until Shutdown was over.
	Ended uint64 `json:"ended"`
	// Sent is how many the exporter took without an error.
	Sent uint64 `json:"sent"`
	// Waiting is how many are queued or on their way.
	Waiting uint64 `json:"waiting"`
	// Dropped is how many are lost, DroppedBy the same by reason.
	Dropped   uint64            `json:"dropped"`
	DroppedBy map[string]uint64 `json:"dropped_by,omitempty"`
	// Retried is how many requests the exporter sent again, where it counts.
	Retried   uint64 `json:"retried"`
	LastError string `json:"last_error,omitempty"`
}

// Reasons in DroppedBy. The Zipkin exporter has more of its own: invalid,
// too_large, rejected, unavailable, canceled, own; see docs/zipkin.md.
const (
	DroppedQueueFull = "queue_full" // more spans waited than OTEL_BSP_MAX_QUEUE_SIZE
	DroppedExport    = "export"     // the exporter returned an error
	DroppedShutdown  = "shutdown"   // ended after Shutdown began
)

func (p *pipeline) stats() ExporterStats {
	s := ExporterStats{Name: p.name, Endpoint: p.endpoint, Sent: p.sent.Load(), DroppedBy: map[string]uint64{}}
	if last := p.lastError.Load(); last != nil {
		s.LastError = *last
	}
	if a, ok := accountOf(p.exporter); ok {
		s.Sent, s.Retried, s.DroppedBy = a.sent, a.retried, a.droppedBy
		if a.lastError != "" {
			s.LastError = a.lastError
		}
	}
	for reason, n := range map[string]uint64{DroppedQueueFull: p.full.Load(), DroppedExport: p.failed.Load(), DroppedShutdown: p.late.Load()} {
		if n > 0 {
			s.DroppedBy[reason] += n
		}
	}
	for _, n := range s.DroppedBy {
		s.Dropped += n
	}
	// Ended is read last, so that it is never less than its parts.
	s.Ended = p.ended.Load()
	s.Waiting = s.Ended - s.Sent - s.Dropped
	if s.Waiting > 0 && p.drained.Load() { // passed the gate as it closed
		s.DroppedBy[DroppedShutdown] += s.Waiting
		s.Dropped, s.Waiting = s.Dropped+s.Waiting, 0
	}
	return s
}

// accountant is an exporter that knows span by span what became of a batch.
type accountant interface{ account() account }

type account struct {
	sent, retried uint64
	droppedBy     map[string]uint64
	lastError     string
}

// accountOf returns what an exporter knows of its spans, and false when it
// does not count them. The map that is returned is the caller's.
func accountOf(exporter any) (account, bool) {
	switch e := exporter.(type) {
	case accountant:
		return e.account(), true
	case spanStats:
		var s ExporterStats
		_ = contained(func() error { s = e.SpanStats(); return nil })
		a := account{sent: s.Sent, retried: s.Retried, droppedBy: map[string]uint64{}, lastError: s.LastError}
		maps.Copy(a.droppedBy, s.DroppedBy)
		return a, true
	}
	return account{}, false
}

// spanStats is an accountant of another module.
type spanStats interface{ SpanStats() ExporterStats }

// countsItself says whether accountOf has an answer.
func countsItself(exporter any) bool {
	switch exporter.(type) {
	case accountant, spanStats:
		return true
	}
	return false
}

// Stats returns the counters. It may be called at any time, also after
// Shutdown; a nil Telemetry has the zero Stats.
func (t *Telemetry) Stats() Stats {
	if t == nil {
		return Stats{}
	}
	s := Stats{Sampler: t.reporter.snapshot().Sampler, Forced: t.forced.Stats(), Exporters: []ExporterStats{}}
	if t.tail != nil {
		kept := t.tail.Stats()
		s.Kept = &kept
	}
	for _, p := range t.pipelines {
		s.Exporters = append(s.Exporters, p.stats())
	}
	if t.statsd != nil {
		sent := t.statsd.Stats()
		s.StatsD = &sent
	}
	s.Errors, s.LastError = t.errors.seen()
	return s
}

// StatsHandler answers GET with the Report and the Stats of the live Setup as
// JSON, and 503 when there is none. Serve it where only operators reach it.
func StatsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		t := Installed()
		if t == nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(struct {
			Report Report `json:"report"`
			Stats  Stats  `json:"stats"`
		}{t.Report(), t.Stats()})
	})
}
