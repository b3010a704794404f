// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"context"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// maxTokenBytes is the longest token.
const maxTokenBytes = 255

// Token returns the trace id, span id, flags and correlation id in ctx as one
// printable string of at most 255 bytes, for what has room for one string: a
// queue message, a job row, argv, an environment variable. It is a W3C
// traceparent, then ";" and the correlation id if there is one; either may be
// missing, and "" stands for neither. A correlation id that would not fit is
// left out. Tracestate, baggage and B3's debug are not in it.
func Token(ctx context.Context) string {
	var buf [maxTokenBytes]byte
	token := buf[:0]
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		token = appendTraceparent(token, sc)
	}
	if id := CorrelationIDFromContext(ctx); id != "" && len(token)+1+len(id) <= maxTokenBytes {
		token = append(append(token, ';'), id...)
	}
	return string(token)
}

// ContextWithToken returns a context with what Token put in a string: a remote
// span context to start a child of or to link to, and the correlation id. The
// empty token returns ctx. So does one that is malformed, with an error.
func ContextWithToken(ctx context.Context, token string) (context.Context, error) {
	if token == "" {
		return ctx, nil
	}
	parent, id, correlated := strings.Cut(token, ";")
	var e extraction
	flags, ok := trace.TraceFlags(0), parent == "" && correlated
	if len(parent) == traceparentLen {
		flags, ok = parseTraceparent(parent, &e.traceID, &e.spanID)
	}
	if !ok || len(token) > maxTokenBytes || correlated && !validCorrelationID(id, maxCorrelationBytes) {
		return ctx, fmt.Errorf("propagators: token %.64q is not a traceparent, \";\" and a correlation id, or either", token)
	}
	if parent != "" {
		e.decision = sampledDecision(flags&trace.FlagsSampled != 0)
		e.random = flags&trace.FlagsRandom != 0
		ctx = e.apply(ctx)
	}
	if correlated {
		ctx = ContextWithCorrelationID(ctx, id)
	}
	return ctx, nil
}
