// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/metrics"
)

// The name of the timer and the keys of its tags.
const (
	timerName    = "db.client.operation"
	tagSummary   = "summary"
	tagOperation = "operation"
	tagError     = "error"
)

// The keys of a slow statement's log record. The ids are named as logbridge
// names them, so that it does not add them a second time.
const (
	logSummary  = "summary"
	logText     = "query"
	logDuration = "duration"
	logError    = "error"
	logAttempts = "attempts"
	logTraceID  = "trace_id"
	logSpanID   = "span_id"
)

// Bounds of what comes from the program or the database.
const (
	maxSummaryBytes = 255 // as the conventions say
	maxTextBytes    = 64 << 10
	maxErrorBytes   = 1 << 10
	maxStackBytes   = 64 << 10
)

// clean returns s as valid UTF-8 of at most limit bytes: OTLP rejects a whole
// batch for one string that is not valid. What is cut off is not kept alive.
func clean(s string, limit int) string {
	if len(s) > limit {
		s = strings.Clone(s[:limit])
		for i := len(s) - 1; i >= 0 && i >= len(s)-utf8.UTFMax; i-- {
			if utf8.RuneStart(s[i]) {
				if !utf8.FullRuneInString(s[i:]) {
					s = s[:i]
				}
				break
			}
		}
	}
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "?")
}

// report tells those who want to hear of each operation, apart from tracers
// and meters.
func (op *operation) report(out outcome, took time.Duration) {
	if op.o.timer != nil {
		op.time(out, took)
	}
	if op.o.events {
		op.event(out, took)
	}
	if op.o.slow && took >= op.o.slowAfter {
		op.logSlow(out, took)
	}
}

func timerTags(key seriesKey) []metrics.Tag {
	// A tag without a value is left out.
	return []metrics.Tag{
		metrics.T(tagOperation, key.operation),
		metrics.T(tagSummary, key.summary),
		metrics.T(tagError, key.errorType),
	}
}

func (op *operation) time(out outcome, took time.Duration) {
	if !out.failed {
		op.d.timer.Record(took)
		return
	}
	key, _ := op.o.series.admit(seriesKey{op.d.key.operation, op.d.key.summary, out.errorType, out.statusCode})
	op.o.timer.Timing(timerName, took, timerTags(key)...)
}

// event adds the operation to the caller's span.
func (op *operation) event(out outcome, took time.Duration) {
	span := trace.SpanFromContext(op.parent)
	if !span.IsRecording() {
		return
	}
	attrs := make([]attribute.KeyValue, 0, len(op.d.attrs)+5)
	attrs = append(attrs, op.d.attrs...)
	attrs = append(attrs, keyDuration.Float64(took.Seconds()))
	if op.attempts > 0 {
		attrs = append(attrs, keyAttempts.Int(op.attempts+1))
	}
	if op.rows > 0 {
		attrs = append(attrs, keyReturnedRows.Int64(op.rows))
	}
	if out.failed {
		attrs = append(attrs, keyErrorType.String(out.errorType))
		if out.statusCode != "" {
			attrs = append(attrs, keyStatusCode.String(out.statusCode))
		}
	}
	span.AddEvent(op.d.name, trace.WithAttributes(attrs...))
}

// logSlow writes one record about the operation. All that is in it is the
// program's own, a number, or what the query text mode lets through.
func (op *operation) logSlow(out outcome, took time.Duration) {
	defer contain("WithSlowQuery")
	logger := op.o.slowLog
	if logger == nil {
		logger = slog.Default()
	}
	if !logger.Enabled(op.ctx, slog.LevelWarn) {
		return
	}
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs, slog.String(logSummary, op.d.name), slog.Duration(logDuration, took))
	if op.d.text != "" {
		attrs = append(attrs, slog.String(logText, op.d.text))
	}
	if out.failed {
		attrs = append(attrs, slog.String(logError, out.errorType))
	}
	if op.attempts > 0 {
		attrs = append(attrs, slog.Int(logAttempts, op.attempts+1))
	}
	if sc := trace.SpanContextFromContext(op.ctx); sc.IsValid() {
		attrs = append(attrs,
			slog.String(logTraceID, sc.TraceID().String()),
			slog.String(logSpanID, sc.SpanID().String()))
	}
	logger.LogAttrs(op.ctx, slog.LevelWarn, "slow statement", attrs...)
}
