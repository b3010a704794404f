// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
)

// repeatAfter is how long the same text is not logged again.
const repeatAfter = 10 * time.Second

// maxTexts bounds how many texts are remembered for that.
const maxTexts = 64

// errorSink is where every failure of telemetry ends: counted, kept as the
// last one, and given to the user's handler or to the log.
type errorSink struct {
	handler otel.ErrorHandler // nil: log
	logger  *slog.Logger

	depth atomic.Int32 // calls under way

	mu    sync.Mutex
	count uint64
	last  string
	texts map[string]*repeated
}

// maxDepth bounds calls under way, from several goroutines or within one
// another.
const maxDepth = 64

type repeated struct {
	since  time.Time
	silent int
}

var _ otel.ErrorHandler = (*errorSink)(nil)

// Handle is called by OpenTelemetry and by the pipelines, from any goroutine.
func (s *errorSink) Handle(err error) {
	if err == nil {
		return
	}
	if _, seen := errors.AsType[reported](err); seen {
		return
	}
	// A handler or logger that calls OpenTelemetry may bring its own errors
	// back to us; at this depth it does, and they are counted alone.
	deep := s.depth.Add(1) > maxDepth
	defer s.depth.Add(-1)
	text := textOf(err)
	s.mu.Lock()
	s.count++
	s.last = text
	silent, log := 0, false
	if s.handler == nil && !deep {
		silent, log = s.due(text, time.Now())
	}
	s.mu.Unlock()
	// A handler or logger of the user's that panics must not reach the
	// goroutine that exports.
	defer func() { _ = recover() }()
	switch {
	case deep:
	case s.handler != nil:
		s.handler.Handle(err)
	case log && silent > 0:
		s.logger.Warn("telemetry failed", slog.String("error", text), slog.Int("repeated", silent))
	case log:
		s.logger.Warn("telemetry failed", slog.String("error", text))
	}
}

// due says whether the text may be logged now, and how often it was not.
func (s *errorSink) due(text string, now time.Time) (silent int, log bool) {
	r, known := s.texts[text]
	switch {
	case known && now.Sub(r.since) < repeatAfter:
		r.silent++
		return 0, false
	case known:
		silent = r.silent
		r.since, r.silent = now, 0
		return silent, true
	case len(s.texts) >= maxTexts:
		clear(s.texts)
	}
	if s.texts == nil {
		s.texts = map[string]*repeated{}
	}
	s.texts[text] = &repeated{since: now}
	return 0, true
}

func (s *errorSink) seen() (count uint64, last string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count, s.last
}
