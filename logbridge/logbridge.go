// SPDX-License-Identifier: Apache-2.0

// Package logbridge joins log/slog with traces. Two decorators add to every
// line, two sinks take records elsewhere:
//
//	TraceContext   decorator  trace_id, span_id, trace_flags, correlation_id
//	ContextAttrs   decorator  what the request has gathered in its context
//	SpanEvents     sink       a record becomes an event of the current span
//	NewHandler     sink       a record becomes an OpenTelemetry log record
//
// What a decorator adds stands at the top level of the line whatever
// Logger.WithGroup was called, and never twice. Fan out to several sinks with
// slog.NewMultiHandler.
//
// All handlers may be used from several goroutines.
package logbridge
