// SPDX-License-Identifier: Apache-2.0

package sentrylog

import (
	"context"
	"fmt"
	"time"

	"github.com/getsentry/sentry-go"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/propagators"
)

// flushTimeout is how long Notice holds up a program that is about to end.
const flushTimeout = 2 * time.Second

// PanicHandler returns a function for httpwrap.WithPanicHandler: a panic in
// an HTTP handler goes to Sentry, with its stack and the ids of its request.
// A nil hub is as for NewHandler.
func PanicHandler(hub *sentry.Hub) func(ctx context.Context, value any, stack []byte) {
	return func(ctx context.Context, value any, _ []byte) {
		capture(ctx, hub, panicEvent(value))
	}
}

// Notice is to be deferred at the start of a goroutine or of main:
//
//	defer sentrylog.Notice(ctx, nil)
//
// A panic goes to Sentry, with its stack and the ids in ctx, and goes on with
// the same value. Since that ends the program, Notice waits up to two seconds
// until Sentry has it. A nil hub is as for NewHandler.
func Notice(ctx context.Context, hub *sentry.Hub) {
	value := recover()
	if value == nil {
		return
	}
	capture(ctx, hub, panicEvent(value))
	hubFor(ctx, hub).Flush(flushTimeout)
	panic(value)
}

// panicEvent is called while the stack of the panic stands.
func panicEvent(value any) *sentry.Event {
	event := sentry.NewEvent()
	event.Level = sentry.LevelFatal
	unhandled := false
	event.Exception = []sentry.Exception{{
		Type:       fmt.Sprintf("%T", value),
		Value:      fmt.Sprint(value),
		Stacktrace: sentry.NewStacktrace(),
		Mechanism:  &sentry.Mechanism{Type: "panic", Handled: &unhandled},
	}}
	return event
}

func hubFor(ctx context.Context, hub *sentry.Hub) *sentry.Hub {
	if hub != nil {
		return hub
	}
	if ctx != nil {
		if hub := sentry.GetHubFromContext(ctx); hub != nil {
			return hub
		}
	}
	return sentry.CurrentHub()
}

// capture sends the event with the ids in ctx. A panic of one of the hub's
// hooks ends here: what observes must not break what it observes.
func capture(ctx context.Context, hub *sentry.Hub, event *sentry.Event) {
	defer func() { _ = recover() }()
	if ctx == nil {
		ctx = context.Background()
	}
	own := hubFor(ctx, hub).Clone()
	if id := propagators.CorrelationIDFromContext(ctx); id != "" {
		event.Tags["correlation_id"] = id
	}
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		// A scope without a span of Sentry's own takes the ids from its
		// propagation context, whatever the event says.
		own.Scope().SetPropagationContext(sentry.PropagationContext{TraceID: sentry.TraceID(sc.TraceID()), SpanID: sentry.SpanID(sc.SpanID())})
		event.Contexts["trace"] = sentry.Context{"trace_id": sc.TraceID().String(), "span_id": sc.SpanID().String()}
	}
	own.CaptureEventWithHint(event, &sentry.EventHint{Context: ctx})
}
