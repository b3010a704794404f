// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"context"
	"encoding/hex"

	"go.opentelemetry.io/otel/trace"
)

// maxTraceStateBytes is how much of a tracestate W3C wants to be kept.
const maxTraceStateBytes = 512

// commented returns query with a comment that names the span in ctx.
func (o *observer) commented(ctx context.Context, query string) string {
	if !o.commenter {
		return query
	}
	pairs := make([][2]string, 0, len(o.comment)+2)
	for _, kv := range o.comment {
		pairs = append(pairs, [2]string{string(kv.Key), kv.Value.String()})
	}
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		pairs = append(pairs, [2]string{"traceparent", traceparent(sc)})
		if state := sc.TraceState().String(); state != "" && len(state) <= maxTraceStateBytes {
			pairs = append(pairs, [2]string{"tracestate", state})
		}
	}
	if len(pairs) == 0 {
		return query
	}
	return withCommentFor(o.value(keySystem), query, pairs)
}

// traceparent is W3C Trace Context's header.
func traceparent(sc trace.SpanContext) string {
	traceID, spanID := sc.TraceID(), sc.SpanID()
	b := make([]byte, 0, 55)
	b = append(b, "00-"...)
	b = hex.AppendEncode(b, traceID[:])
	b = append(b, '-')
	b = hex.AppendEncode(b, spanID[:])
	b = append(b, '-')
	b = hex.AppendEncode(b, []byte{byte(sc.TraceFlags())})
	return string(b)
}
