// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	// maxKept is the size in bytes beyond which a buffer is not kept.
	maxKept = 16 << 20
	// minLearned is the size in bytes below which a 413 does not bring the
	// limit of later requests.
	minLearned = 64 << 10
)

// work is the space that one export needs. It is used again by later ones.
type work struct {
	encoder encoder
	buf     []byte // '[', then each span and a comma
	ends    []int  // of each span in buf: where its comma is
	from    []int  // of each span in buf: its place in the batch
	cut     []bool // of each span in buf: whether values were cut
	single  []byte // one span, cut again
	packed  bytes.Buffer
	zip     *gzip.Writer
}

func newWork(own trace.TraceID, debug func(sdktrace.ReadOnlySpan) bool) *work {
	zip, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	return &work{encoder: encoder{own: own, debug: debug}, zip: zip}
}

func (w *work) reset() {
	w.buf = append(w.buf[:0], '[')
	w.ends, w.from, w.cut = w.ends[:0], w.from[:0], w.cut[:0]
}

// export is one call of ExportSpans.
type export struct {
	e      *Exporter
	w      *work
	caller context.Context
	ctx    context.Context
	cancel context.CancelFunc
	spans  []sdktrace.ReadOnlySpan

	taken   int
	left    int     // neither sent nor dropped yet
	dropped Dropped // of this export
	last    answer  // the last that was not 2xx
}

func newExport(ctx context.Context, e *Exporter, taken int) *export {
	x := &export{e: e, w: e.work.Get().(*work), caller: ctx, taken: taken, left: taken}
	x.ctx, x.cancel = e.bound(ctx)
	return x
}

// close counts what a panic of a client left over.
func (x *export) close() {
	if x.left > 0 {
		x.drop(&x.dropped.Unavailable, x.left)
	}
	x.cancel()
	if max(cap(x.w.buf), cap(x.w.single), x.w.packed.Cap()) <= maxKept {
		x.e.work.Put(x.w)
	}
}

// run sends spans in as few requests as their size allows.
func (x *export) run(spans []sdktrace.ReadOnlySpan) {
	x.spans = spans
	w := x.w
	w.reset()
	for i, span := range spans {
		limit := int(x.e.maxBytes.Load())
		start := len(w.buf)
		out, v := w.encoder.append(w.buf, span)
		w.buf = out
		switch v {
		case invalid:
			x.drop(&x.dropped.Invalid, 1)
			continue
		case own:
			x.drop(&x.dropped.Own, 1)
			continue
		}
		// The comma behind the last span is the place of the bracket.
		if len(w.buf)+1 > limit && len(w.ends) > 0 {
			size := len(w.buf) - start
			x.send(0, len(w.ends), false)
			copy(w.buf[1:], w.buf[start:])
			w.buf = w.buf[:1+size]
			w.ends, w.from, w.cut = w.ends[:0], w.from[:0], w.cut[:0]
		}
		cut := false
		if len(w.buf)+1 > limit {
			if out, cut = w.encoder.appendTruncated(w.buf[:1], span, limit-2); !cut {
				w.buf = w.buf[:1]
				x.drop(&x.dropped.TooLarge, 1)
				continue
			}
			w.buf = out
		}
		w.ends = append(w.ends, len(w.buf))
		w.from = append(w.from, i)
		w.cut = append(w.cut, cut)
		w.buf = append(w.buf, ',')
	}
	if len(w.ends) > 0 {
		x.send(0, len(w.ends), false)
	}
}

// send delivers the spans lo to hi, without hi, of the buffer: in halves when
// they are too large for the collector together. again tells that they were
// part of a request before.
func (x *export) send(lo, hi int, again bool) {
	w := x.w
	start := 0
	if lo > 0 {
		start = w.ends[lo-1]
	}
	end := w.ends[hi-1]
	w.buf[start], w.buf[end] = '[', ']'
	truncated := 0
	for _, cut := range w.cut[lo:hi] {
		if cut {
			truncated++
		}
	}
	payload := w.buf[start : end+1]
	if x.deliver(payload, hi-lo, truncated, again) {
		return
	}
	if hi-lo == 1 {
		x.shrink(x.spans[w.from[lo]], len(payload))
		return
	}
	x.e.learn(len(payload) / 2)
	middle := lo + (hi-lo)/2
	x.send(lo, middle, true)
	x.send(middle, hi, true)
}

// shrink delivers a span that was too large for the collector in size bytes,
// with ever more cut.
func (x *export) shrink(span sdktrace.ReadOnlySpan, size int) {
	w := x.w
	for {
		size /= 2
		w.single = append(w.single[:0], '[')
		out, ok := w.encoder.appendTruncated(w.single, span, size-2)
		if !ok {
			x.drop(&x.dropped.TooLarge, 1)
			return
		}
		w.single = append(out, ']')
		if x.deliver(w.single, 1, 1, true) {
			return
		}
	}
}

// learn lowers the size of later requests to what a collector that answered
// 413 may take. A few small ones more cost less than one refused each time.
func (e *Exporter) learn(size int) {
	size = max(size, minLearned)
	for {
		known := e.maxBytes.Load()
		if int64(size) >= known || e.maxBytes.CompareAndSwap(known, int64(size)) {
			return
		}
	}
}

// deliver posts n spans until they are taken or dropped. It returns false,
// and has counted nothing, when they are too large.
func (x *export) deliver(payload []byte, n, truncated int, again bool) bool {
	e := x.e
	compressed := e.gzipAbove >= 0 && len(payload) > e.gzipAbove
	if compressed {
		payload = x.w.compress(payload)
	}
	for repeat := 0; ; repeat++ {
		if x.ctx.Err() != nil {
			x.expire(n)
			return true
		}
		e.requested(len(payload), again || repeat > 0)
		a := e.attempt(x.ctx, payload, compressed)
		if a.accepted() {
			x.left -= n
			e.sent(n, truncated)
			return true
		}
		x.last = a
		switch {
		case a.status == 413:
			return false
		case a.status == 0 && x.ctx.Err() != nil:
			x.expire(n)
			return true
		case a.final && a.status == 0:
			x.drop(&x.dropped.Unavailable, n)
			return true
		case a.final:
			x.drop(&x.dropped.Rejected, n)
			return true
		}
		wait := max(backoff(repeat), a.after)
		if deadline, ok := x.ctx.Deadline(); ok && time.Until(deadline) <= wait {
			if repeat > 0 {
				x.last.text += fmt.Sprintf(", the last of %d answers", repeat+1)
			}
			x.drop(&x.dropped.Unavailable, n)
			return true
		}
		x.sleep(wait)
	}
}

// sleep waits for d or until the export is over.
func (x *export) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-x.ctx.Done():
	}
}

// expire drops n spans because the export is over, for one of two reasons.
func (x *export) expire(n int) {
	switch {
	case x.e.life.Err() != nil || errors.Is(x.caller.Err(), context.Canceled):
		x.last.err = context.Canceled
		x.drop(&x.dropped.Canceled, n)
	default:
		x.last.err = context.DeadlineExceeded
		x.drop(&x.dropped.Unavailable, n)
	}
	if x.last.text == "" {
		x.last.text = x.last.err.Error()
	}
}

// drop counts n spans for reason, a field of x.dropped, there and in the
// counters of the exporter.
func (x *export) drop(reason *uint64, n int) {
	before := x.dropped
	*reason += uint64(n)
	x.left -= n
	x.e.dropped(before, x.dropped)
}

// compress returns payload as gzip, in space that the next call uses again.
func (w *work) compress(payload []byte) []byte {
	w.packed.Reset()
	w.zip.Reset(&w.packed)
	_, _ = w.zip.Write(payload) // a bytes.Buffer takes everything
	_ = w.zip.Close()
	return w.packed.Bytes()
}

// describe says in one line what an export lost and why.
func (x *export) describe() string {
	text := fmt.Sprintf("zipkin: %d of %d spans dropped (%v)", x.dropped.Total(), x.taken, x.dropped)
	if x.last.text != "" {
		text += fmt.Sprintf(": POST %q: %s", x.e.target.shown, x.last.text)
	}
	return text
}
