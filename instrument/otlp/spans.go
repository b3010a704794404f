// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"sync"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument"
)

// spanSender is an exporter of spans that counts what becomes of each.
type spanSender struct {
	sdktrace.SpanExporter
	*sender

	mu      sync.Mutex
	sent    uint64
	retried uint64
	dropped map[string]uint64
	last    string
}

func newSpanSender(e sdktrace.SpanExporter, s *sender) *spanSender {
	return &spanSender{SpanExporter: e, sender: s, dropped: map[string]uint64{}}
}

// Reasons for which spans are dropped, in the words of the Zipkin exporter.
const (
	droppedRejected    = "rejected"    // the answer does not change by asking again
	droppedUnavailable = "unavailable" // nobody took them in time
	droppedCanceled    = "canceled"    // under way when the export was canceled
)

func (e *spanSender) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	requests := &attempts{}
	returned := false
	var err error
	defer func() { e.count(ctx, len(spans), requests, err, returned) }()
	err = e.told(e.SpanExporter.ExportSpans(context.WithValue(ctx, attemptsKey{}, requests), spans))
	returned = true
	return err
}

// count says what became of n spans. An export that panicked, and so has not
// returned, has lost them.
func (e *spanSender) count(ctx context.Context, n int, requests *attempts, err error, returned bool) {
	made, retryable := requests.made()
	e.mu.Lock()
	defer e.mu.Unlock()
	if made > 1 {
		e.retried += made - 1
	}
	if err == nil && returned {
		e.sent += uint64(n)
		return
	}
	if err != nil {
		e.last = err.Error()
	}
	if rejected, ok := partial(err); ok {
		rejected = min(rejected, uint64(n))
		e.sent += uint64(n) - rejected
		if rejected > 0 {
			e.dropped[droppedRejected] += rejected
		}
		return
	}
	reason := droppedRejected
	switch {
	case errors.Is(ctx.Err(), context.Canceled), errors.Is(err, context.Canceled): // by the caller, or by Shutdown
		reason = droppedCanceled
	case retryable:
		reason = droppedUnavailable
	}
	e.dropped[reason] += uint64(n)
}

// partialSuccess is how the exporters say that a collector took a request and
// not all that was in it. Their type for it is not to be had.
var partialSuccess = regexp.MustCompile(`OTLP partial success: (?s:.*) \((-?\d+) spans rejected\)`)

// partial returns how many spans of a request that was taken were rejected.
func partial(err error) (rejected uint64, ok bool) {
	if err == nil {
		return 0, false
	}
	found := partialSuccess.FindStringSubmatch(whole(err))
	if found == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(found[1], 10, 64)
	return uint64(max(n, 0)), err == nil
}

// whole is the text of an error before it was cut.
func whole(err error) string {
	if s, ok := err.(said); ok {
		return s.err.Error()
	}
	return err.Error()
}

func (e *spanSender) Shutdown(ctx context.Context) error {
	return e.shutdown(e.SpanExporter.Shutdown(ctx))
}

// SpanStats is what became of the spans so far.
func (e *spanSender) SpanStats() instrument.ExporterStats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := instrument.ExporterStats{Sent: e.sent, Retried: e.retried, LastError: e.last, DroppedBy: map[string]uint64{}}
	for reason, n := range e.dropped {
		s.DroppedBy[reason] = n
	}
	return s
}

// attempts counts the requests of one export. Both transports find it in the
// context of the request.
type attempts struct {
	mu        sync.Mutex
	requests  uint64
	retryable bool // what the last one failed of may pass
}

type attemptsKey struct{}

func attemptsOf(ctx context.Context) *attempts {
	a, _ := ctx.Value(attemptsKey{}).(*attempts)
	return a
}

// begin counts a request.
func (a *attempts) begin() {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests++
	a.retryable = true
}

// end says how it ended.
func (a *attempts) end(retryable bool) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.retryable = retryable
}

func (a *attempts) made() (requests uint64, retryable bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.requests, a.retryable
}
