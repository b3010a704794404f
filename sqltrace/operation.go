// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"context"
	"database/sql/driver"
	"runtime/debug"
	"slices"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// operation is one statement, BEGIN, COMMIT or ROLLBACK as it is observed,
// from the first call of the driver that is made for it to the last. It lives
// on the stack of the call, and is copied to where the next call finds it.
type operation struct {
	o  *observer
	in *instruments // nil when nothing is measured
	d  *described

	parent context.Context // what the caller gave
	ctx    context.Context // what the driver gets
	span   trace.Span      // nil when there is none

	query    string // "" for one that is no statement
	began    time.Time
	attempts int   // beyond the first
	rows     int64 // returned, where they are watched
	done     bool
}

// open reports whether something began that has not ended.
func (op *operation) open() bool { return op.o != nil && !op.done }

// begin begins to observe the statement query. It returns false when there is
// nothing to do, so that nobody pays for it.
func (o *observer) begin(op *operation, ctx context.Context, query string) bool {
	tracer, in := o.at(ctx)
	if tracer == nil && in == nil && !o.always {
		return false
	}
	if o.waiting.take(op, ctx, query, nil) {
		return true
	}
	o.start(op, ctx, tracer, in, o.describe(ctx, query))
	op.query = query
	return true
}

// beginAt is begin for what began earlier.
func (o *observer) beginAt(op *operation, ctx context.Context, query string, at time.Time) bool {
	tracer, in := o.at(ctx)
	if tracer == nil && in == nil && !o.always {
		return false
	}
	d := o.describe(ctx, query)
	o.start(op, ctx, nil, in, d)
	op.query = query
	if at.IsZero() {
		at = time.Now()
	}
	if !op.began.IsZero() {
		op.began = at
	}
	if tracer != nil {
		op.ctx, op.span = tracer.Start(ctx, d.name, append(slices.Clip(d.start), trace.WithTimestamp(at))...)
	}
	return true
}

// beginFixed is begin for what has no text.
func (o *observer) beginFixed(op *operation, ctx context.Context, d *described) bool {
	tracer, in := o.at(ctx)
	if tracer == nil && in == nil && !o.always {
		return false
	}
	if o.waiting.take(op, ctx, "", d) {
		return true
	}
	o.start(op, ctx, tracer, in, d)
	return true
}

// beginPrepare is begin for a Prepare that is observed on its own.
func (o *observer) beginPrepare(op *operation, ctx context.Context, query string) bool {
	tracer, in := o.at(ctx)
	if tracer == nil && in == nil && !o.always {
		return false
	}
	d := o.describe(ctx, query).preparing(o)
	if o.waiting.take(op, ctx, "", d) {
		return true
	}
	o.start(op, ctx, tracer, in, d)
	return true
}

// at returns what there is to record with: nil for a tracer that would record
// nothing, or must not, and for instruments likewise.
func (o *observer) at(ctx context.Context) (trace.Tracer, *instruments) {
	in := o.meters.At()
	if o.events || o.parentOnly && !trace.SpanContextFromContext(ctx).IsValid() {
		return nil, in
	}
	return o.tracers.At(ctx), in
}

func (o *observer) start(op *operation, ctx context.Context, tracer trace.Tracer, in *instruments, d *described) {
	op.o, op.in, op.d = o, in, d
	op.parent, op.ctx = ctx, ctx
	if in != nil || o.always {
		op.began = time.Now()
	}
	if tracer != nil {
		op.ctx, op.span = tracer.Start(ctx, d.name, d.start...)
	}
}

// now returns the time where somebody will ask for it.
func (o *observer) now() time.Time {
	if o.always || o.meters.At() != nil {
		return time.Now()
	}
	return time.Time{}
}

// returned ends the operation, unless database/sql is about to try it again.
func (op *operation) returned(c *conn, err error) {
	op.done = true
	if err != nil && is(err, driver.ErrBadConn) && op.o.waiting.keep(op, c, err) {
		return
	}
	op.end(err)
}

// escaped ends an operation whose driver did not return: it panicked, or ended
// its goroutine. The panic goes on.
func (op *operation) escaped() {
	if op.done {
		return
	}
	op.done = true
	op.finish(outcome{failed: true, errorType: errorTypePanic, at: time.Now()})
}

// end ends the operation now.
func (op *operation) end(err error) { op.endAt(err, time.Time{}) }

// endAt ends the operation as of a time that has passed, or now when it is
// zero.
func (op *operation) endAt(err error, at time.Time) {
	op.done = true
	out := outcome{at: at, passed: !at.IsZero()}
	if err != nil {
		out.judge(op, err)
	}
	if !out.passed && !op.began.IsZero() {
		out.at = time.Now()
	}
	op.finish(out)
}

// outcome is what an operation came to.
type outcome struct {
	at     time.Time
	passed bool // at is not now

	failed                bool
	errorType, statusCode string
	text                  string // what the error says, where that may be recorded
}

// judge fills in what err is, if it is a failure.
func (out *outcome) judge(op *operation, err error) {
	errorType, statusCode := classify(err)
	if !op.o.failure(op.parent, err, statusCode) {
		return
	}
	if errorType == "" {
		errorType = errorTypeOther
	}
	out.failed, out.errorType, out.statusCode = true, errorType, statusCode
	out.text = errorType
	if op.o.errorText {
		out.text = clean(textOf(err), maxErrorBytes)
	}
}

// finish records the outcome, once.
func (op *operation) finish(out outcome) {
	took := time.Duration(0)
	if !op.began.IsZero() && !out.at.IsZero() {
		took = out.at.Sub(op.began)
	}
	if op.in != nil {
		op.in.duration.Record(op.ctx, took.Seconds(), op.o.series.of(op.d, out.errorType, out.statusCode)...)
	}
	if op.o.always {
		op.report(out, took)
	}
	if op.span == nil {
		return
	}
	if (out.failed || out.passed || op.attempts > 0) && op.span.IsRecording() {
		op.describeOutcome(out)
		if out.passed {
			op.span.End(trace.WithTimestamp(out.at))
			return
		}
	}
	op.span.End()
}

func (op *operation) describeOutcome(out outcome) {
	if op.attempts > 0 {
		op.span.SetAttributes(keyAttempts.Int(op.attempts + 1))
	}
	if op.rows > 0 {
		op.span.SetAttributes(keyReturnedRows.Int64(op.rows))
	}
	if !out.failed {
		return
	}
	op.span.SetAttributes(keyErrorType.String(out.errorType))
	if out.statusCode != "" {
		op.span.SetAttributes(keyStatusCode.String(out.statusCode))
	}
	if out.errorType == errorTypePanic {
		out.text = "the driver did not return"
		op.span.AddEvent("exception", trace.WithAttributes(
			keyExceptionType.String(errorTypePanic),
			keyExceptionStack.String(clean(string(debug.Stack()), maxStackBytes)),
		))
	}
	op.span.SetStatus(codes.Error, out.text)
}
