// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// What error.type says of a handler or a base transport that did not return.
const (
	errorTypePanic  = "panic"
	errorTypeAbort  = "http.ErrAbortHandler"
	errorTypeGoexit = "runtime.Goexit"
)

// isAbort reports whether v is how a handler gives up a response on purpose.
func isAbort(v any) bool {
	err, ok := v.(error)
	return ok && err == http.ErrAbortHandler //nolint:errorlint // net/http compares it so
}

func panicText(v any) string { return clean(fmt.Sprint(v), maxTextBytes) }

// notePanic puts a panic on the span as an exception, and tells the program's
// handler. It is called while the stack of the panic still stands.
func (c *config) notePanic(ctx context.Context, span trace.Span, recording bool, v any) {
	if !recording && c.onPanic == nil {
		return
	}
	stack := debug.Stack()
	if recording {
		text := panicText(v)
		span.AddEvent("exception", trace.WithAttributes(
			keyExceptionType.String(fmt.Sprintf("%T", v)),
			keyExceptionText.String(text),
			keyExceptionStack.String(clean(string(stack), maxStackBytes)),
		))
		span.SetStatus(codes.Error, text)
	}
	c.panicked(ctx, v, stack)
}

// maxStackBytes bounds a recorded stack. Go itself leaves out the middle of
// one of more than a hundred frames.
const maxStackBytes = 64 << 10
