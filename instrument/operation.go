// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

const scope = "github.com/waymark-otel/waymark/instrument"

// Do runs f as an operation: a span around it, ended whatever happens. The
// error of f is recorded, makes the span fail, and is returned as it is. When
// f only passes on that its caller's ctx is cancelled or past its deadline,
// the span does not fail. A panic is recorded with its stack and goes on with
// the same value; so does runtime.Goexit.
//
// With a local span in ctx its provider is used; else the global one. Before
// Setup, Do costs a function call. A nil f does nothing and is no error.
func Do(ctx context.Context, name string, f func(context.Context) error, opts ...trace.SpanStartOption) error {
	if f == nil {
		return nil
	}
	if ctx == nil {
		ctx = context.Background()
	}
	t := tracer(ctx)
	if t == nil {
		return f(ctx)
	}
	inner, span := t.Start(ctx, name, opts...)
	o := operation{ctx: ctx, span: span}
	defer o.end()
	o.err = f(inner)
	o.finished = true
	return o.err
}

// Call is Do for a function that also returns a value.
func Call[T any](ctx context.Context, name string, f func(context.Context) (T, error), opts ...trace.SpanStartOption) (T, error) {
	if f == nil {
		var zero T
		return zero, nil
	}
	if ctx == nil {
		ctx = context.Background()
	}
	t := tracer(ctx)
	if t == nil {
		return f(ctx)
	}
	inner, span := t.Start(ctx, name, opts...)
	o := operation{ctx: ctx, span: span}
	defer o.end()
	v, err := f(inner)
	o.err, o.finished = err, true
	return v, err
}

// Go runs f as an operation in a goroutine of its own that outlives the
// request: its context keeps the values of ctx, drops its cancellation and
// deadline, and the span is a child of the one in ctx. Nobody waits for it. A
// panic in f is recorded and then ends the process, as in any goroutine. A
// nil f does nothing.
func Go(ctx context.Context, name string, f func(context.Context)) {
	if f == nil {
		return
	}
	if ctx == nil {
		ctx = context.Background()
	}
	ctx = context.WithoutCancel(ctx)
	go func() {
		_ = Do(ctx, name, func(ctx context.Context) error { f(ctx); return nil })
	}()
}

// AddEvent adds an event to the span in ctx. It does nothing when there is
// none or when it is not recorded.
func AddEvent(ctx context.Context, name string, attrs ...attribute.KeyValue) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.AddEvent(name, trace.WithAttributes(attrs...))
	}
}

// SetAttributes sets attributes of the span in ctx; of two with one key the
// later wins. It does nothing when there is no span or it is not recorded.
func SetAttributes(ctx context.Context, attrs ...attribute.KeyValue) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(attrs...)
	}
}

type operation struct {
	ctx      context.Context // the caller's
	span     trace.Span
	err      error
	finished bool
}

// end is deferred directly, so that it can see a panic. It gives the value on
// after noting it: without its text the exception would say nothing.
func (o *operation) end() {
	if o.finished {
		if o.err != nil {
			// The error's own methods may panic, as those of nil pointers do.
			if err := contained(o.fail); err != nil {
				o.span.SetStatus(codes.Error, textOf(o.err))
			}
		}
		o.span.End()
		return
	}
	value := recover()
	if value == nil { // runtime.Goexit, as from testing.T.FailNow
		o.span.SetStatus(codes.Error, "goroutine exited")
		o.span.End()
		return
	}
	if o.span.IsRecording() {
		text := fmt.Sprint(value)
		o.span.AddEvent(semconv.ExceptionEventName, trace.WithAttributes(
			semconv.ExceptionType(fmt.Sprintf("%T", value)),
			semconv.ExceptionMessage(text),
			semconv.ExceptionStacktrace(string(debug.Stack())),
		))
		o.span.SetStatus(codes.Error, "panic: "+text)
	}
	o.span.End()
	panic(value)
}

func (o *operation) fail() error {
	if !o.span.IsRecording() || passedOn(o.ctx, o.err) {
		return nil
	}
	text := o.err.Error()
	if safe := withoutSecrets(o.err, text); safe != text {
		text = safe
		o.span.AddEvent(semconv.ExceptionEventName, trace.WithAttributes(
			semconv.ExceptionType(fmt.Sprintf("%T", o.err)), semconv.ExceptionMessage(text)))
	} else {
		o.span.RecordError(o.err)
	}
	o.span.SetAttributes(errorType(o.err))
	o.span.SetStatus(codes.Error, text)
	return nil
}

// errorType is semconv's, but for the two that every package of ours calls by
// the names they have for a reader.
func errorType(err error) attribute.KeyValue {
	switch err {
	case context.Canceled:
		return semconv.ErrorTypeKey.String("context.Canceled")
	case context.DeadlineExceeded:
		return semconv.ErrorTypeKey.String("context.DeadlineExceeded")
	}
	return semconv.ErrorType(err)
}

// passedOn says whether err is nothing but the end of the caller's context:
// each of the errors it joins, down to the last, is.
func passedOn(ctx context.Context, err error) bool {
	if ctx.Err() == nil || err == nil {
		return false
	}
	if err == ctx.Err() || err == context.Cause(ctx) {
		return true
	}
	switch wraps := err.(type) {
	case interface{ Unwrap() error }:
		return passedOn(ctx, wraps.Unwrap())
	case interface{ Unwrap() []error }:
		joined := wraps.Unwrap()
		return len(joined) > 0 && !slices.ContainsFunc(joined, func(err error) bool { return !passedOn(ctx, err) })
	default:
		return errors.Is(err, ctx.Err())
	}
}

// cached is the global provider with its tracer, as it was last seen.
type cached struct {
	from   trace.TracerProvider
	tracer trace.Tracer
}

var lastTracer atomic.Pointer[cached]

// unset is the provider that OpenTelemetry has in its globals until somebody
// sets one, and bare the type of a span that only carries ids.
var (
	unset = otel.GetTracerProvider()
	bare  = reflect.TypeOf(trace.SpanFromContext(trace.ContextWithSpanContext(context.Background(),
		trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}}))))
)

type providerKey struct{}

// ContextWithTracerProvider returns a context in which Do, Call and Go use tp
// where they would use the global provider: with no span in the context, or a
// remote parent only. It is for tests that run side by side, and for what New
// returns. A nil tp is the global provider again.
func ContextWithTracerProvider(ctx context.Context, tp trace.TracerProvider) context.Context {
	return context.WithValue(ctx, providerKey{}, tp)
}

// tracer returns the tracer for a span in ctx, or nil when there is nobody to
// record it.
func tracer(ctx context.Context) trace.Tracer {
	parent := trace.SpanFromContext(ctx)
	if sc := parent.SpanContext(); sc.IsValid() && !sc.IsRemote() && reflect.TypeOf(parent) != bare {
		return parent.TracerProvider().Tracer(scope)
	}
	if own, ok := ctx.Value(providerKey{}).(trace.TracerProvider); ok && own != nil {
		return own.Tracer(scope)
	}
	from := otel.GetTracerProvider()
	if reflect.TypeOf(from).Kind() != reflect.Pointer { // it may not compare
		return from.Tracer(scope)
	}
	if c := lastTracer.Load(); c != nil && c.from == from {
		return c.tracer
	}
	if from == unset && reflect.TypeOf(from).String() == "*global.tracerProvider" {
		return nil
	}
	c := &cached{from: from, tracer: from.Tracer(scope)}
	lastTracer.Store(c)
	return c.tracer
}
