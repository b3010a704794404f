// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"context"
	"log/slog"
)

// The keys of an access log's record. The ids are named as logbridge names
// them, so that it does not add them a second time.
const (
	logMethod        = "method"
	logRoute         = "route"
	logStatus        = "status"
	logBytes         = "bytes"
	logDuration      = "duration"
	logError         = "error"
	logTraceID       = "trace_id"
	logSpanID        = "span_id"
	logCorrelationID = "correlation_id"
)

// log writes one record about the exchange. All that is in it is the
// program's own, a number, or an id that was checked.
func (e *exchange) log(ctx context.Context, o outcome) {
	level := slog.LevelInfo
	if o.failed {
		level = slog.LevelError
	}
	l := e.handler.accessLog
	if !l.Enabled(ctx, level) {
		return
	}
	defer contain("WithAccessLog")
	attrs := make([]slog.Attr, 0, 9)
	attrs = append(attrs,
		slog.String(logMethod, e.methodName),
		slog.String(logRoute, o.route),
		slog.Int(logStatus, o.status),
		slog.Int64(logBytes, o.responseBytes),
		slog.Duration(logDuration, o.duration),
	)
	if o.errorType != "" {
		attrs = append(attrs, slog.String(logError, o.errorType))
	}
	if e.span != nil {
		if sc := e.span.SpanContext(); sc.IsValid() {
			attrs = append(attrs,
				slog.String(logTraceID, sc.TraceID().String()),
				slog.String(logSpanID, sc.SpanID().String()))
		}
	}
	if e.correlationID != "" {
		attrs = append(attrs, slog.String(logCorrelationID, e.correlationID))
	}
	l.LogAttrs(ctx, level, "request", attrs...)
}
