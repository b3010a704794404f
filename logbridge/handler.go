// SPDX-License-Identifier: Apache-2.0

package logbridge

import (
	"context"
	"fmt"
	"log/slog"
	"math"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/trace"
)

// NewHandler returns a sink that sends records to OpenTelemetry Logs: to the
// logger of lp with the instrumentation scope given, through contrib's
// otelslog. The log record has the ids of the span in the record's context,
// so TraceContext is not needed in front of it. A nil lp means the provider in
// OpenTelemetry's globals, whichever that is when a record is logged: the
// handler may be made before Setup and follows each. A nil SinkOption is
// skipped.
//
// Beyond otelslog:
//
//   - records below a level, by default Info, cost what a disabled level
//     costs, also when a processor would take every level;
//   - every error among the attributes is kept under its key, as text; the
//     first is also the record's exception;
//   - severities outside those of OpenTelemetry, 1 to 24, become the nearest,
//     and the severity text keeps the level as it was;
//   - what an exporter logs while it exports is not exported, and so it
//     neither deadlocks nor feeds itself: it is known by its context, or by
//     its goroutine when it exports where it is called. For one that exports
//     in a goroutine of its own and logs without its context, there is the
//     rate limit;
//   - a panic while a record is converted or exported is returned as an error.
func NewHandler(scope string, lp log.LoggerProvider, opts ...SinkOption) slog.Handler {
	c := &sinkConfig{level: slog.LevelInfo, perSecond: defaultPerSecond}
	for _, o := range opts {
		if o != nil {
			o.apply(c)
		}
	}
	s := &shared{scope: scope, level: c.level, traceBased: c.traceBased, keep: c.keep}
	s.limit.set(c.perSecond)
	return &sink{
		shared: s,
		next:   otelslog.NewHandler(scope, otelslog.WithLoggerProvider(&provider{next: lp, shared: s}), otelslog.WithSource(c.source)),
	}
}

// A SinkOption sets one thing of NewHandler.
type SinkOption interface{ apply(*sinkConfig) }

type sinkOptionFunc func(*sinkConfig)

func (f sinkOptionFunc) apply(c *sinkConfig) { f(c) }

type sinkConfig struct {
	level      slog.Leveler
	traceBased bool
	keep       slog.Leveler
	perSecond  float64
	source     bool
}

// WithLevel sets the level below which records are not exported; a
// *slog.LevelVar changes it while running. By default, and when min is nil,
// Info.
func WithLevel(min slog.Leveler) SinkOption {
	return sinkOptionFunc(func(c *sinkConfig) {
		if min == nil {
			min = slog.LevelInfo
		}
		c.level = min
	})
}

// WithTraceBased drops the records of traces that are not sampled, unless
// their level is keep or above. A nil keep drops all of them. Records outside
// a trace are not concerned. By default, the sampling of traces does not
// matter to logs.
func WithTraceBased(keep slog.Leveler) SinkOption {
	return sinkOptionFunc(func(c *sinkConfig) { c.traceBased, c.keep = true, keep })
}

// WithRateLimit sets how many records a second are exported, and how many at
// once after a silence; more are dropped, counted, and reported to
// OpenTelemetry's error handler at most once in ten seconds. By default,
// 10,000. Zero or less, or NaN, sets no limit.
func WithRateLimit(perSecond float64) SinkOption {
	return sinkOptionFunc(func(c *sinkConfig) { c.perSecond = perSecond })
}

// WithSource adds code.file.path, code.function.name and code.line.number of
// the call. By default, they are not added.
func WithSource() SinkOption {
	return sinkOptionFunc(func(c *sinkConfig) { c.source = true })
}

// Dropped returns how many records the rate limit and the guard against
// exporters that log have dropped, of h and of all that is derived from the
// same NewHandler. It returns 0 when h is not of NewHandler.
func Dropped(h slog.Handler) uint64 {
	s, ok := h.(*sink)
	if !ok {
		return 0
	}
	return s.limit.dropped.Load() + s.recursive.Load()
}

// sink is what NewHandler returns.
type sink struct {
	*shared
	next slog.Handler // otelslog's
	err  error        // the last that was given to With
}

var _ slog.Handler = (*sink)(nil)

func (h *sink) Enabled(ctx context.Context, level slog.Level) bool {
	return h.wants(ctx, level) && h.next.Enabled(ctx, min(level, maxLevel))
}

// maxLevel is the highest that otelslog can take: it adds 9.
const maxLevel = math.MaxInt - 9

// wants is Enabled without the provider.
func (s *shared) wants(ctx context.Context, level slog.Level) bool {
	if level < s.level.Level() {
		return false
	}
	if s.traceBased && (s.keep == nil || level < s.keep.Level()) {
		if sc := trace.SpanContextFromContext(ctx); sc.IsValid() && !sc.IsSampled() {
			return false
		}
	}
	return !exporting(ctx)
}

func (h *sink) Handle(ctx context.Context, r slog.Record) (err error) {
	if ctx == nil {
		ctx = context.Background()
	}
	if !h.wants(ctx, r.Level) {
		if exporting(ctx) {
			h.recursive.Add(1)
		}
		return nil
	}
	if !h.limit.allow() {
		h.report()
		return nil
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("logbridge: exporting a record panicked: %v", v)
		}
	}()
	r, exception := settleRecord(r)
	r.Level = min(r.Level, maxLevel)
	if exception == nil {
		exception = h.err
	}
	if exception != nil {
		r.AddAttrs(slog.Any("exception", exception)) // otelslog takes it out again
	}
	return h.next.Handle(ctx, r)
}

func (h *sink) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	derived := *h
	settled, exception := settle(attrs)
	if exception != nil {
		derived.err = exception
	}
	derived.next = h.next.WithAttrs(settled)
	return &derived
}

func (h *sink) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	derived := *h
	derived.next = h.next.WithGroup(name)
	return &derived
}

// report tells OpenTelemetry's error handler of what was dropped.
func (s *shared) report() {
	if n, due := s.limit.due(); due {
		otel.Handle(fmt.Errorf("logbridge: %d records of scope %q dropped so far, more than %g a second", n, s.scope, s.limit.perSecond))
	}
}
