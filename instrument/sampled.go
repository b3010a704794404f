// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
)

// Sampled returns a context whose first new trace is sampled, whatever the
// ratio says. It changes nothing for spans of a trace that has begun, nor for
// the second trace begun from the same context. samplers.Forced bounds how
// many a second are.
func Sampled(ctx context.Context) context.Context {
	return intent.ContextWith(ctx, intent.Accept, trace.TraceID{})
}

// Unsampled returns a context whose first new trace is not sampled: health
// checks, polling loops. It changes nothing for spans of a trace that has
// begun.
func Unsampled(ctx context.Context) context.Context {
	return intent.ContextWith(ctx, intent.Deny, trace.TraceID{})
}
