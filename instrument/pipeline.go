// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// pipeline is one exporter behind the SDK's batch processor, with a count of
// every span that goes in: sent, waiting, or dropped for a reason. The SDK's
// own processor drops from a full queue without a count and cannot be stopped
// while an exporter hangs; the gate in front and the guard behind do both.
type pipeline struct {
	name, endpoint string
	exporter       sdktrace.SpanExporter
	batcher        sdktrace.SpanProcessor
	queue          int64
	resource       *resource.Resource // when it is not the spans' own, see hidden
	report         func(error)

	ended, sent, failed, late, full atomic.Uint64
	waiting                         atomic.Int64 // in the batcher's queue, not yet handed to the exporter
	stopped                         atomic.Bool  // Shutdown has begun
	drained                         atomic.Bool  // the batcher has ended; what waits has been lost
	lastError                       atomic.Pointer[string]

	halt     context.Context // done when exports must end now
	haltNow  context.CancelFunc
	shutdown sync.Once
	result   error

	mu            sync.Mutex
	flushing      *flight
	flushingAfter *flight // waits for flushing to end
}

// flight is one flush that any number of callers wait for.
type flight struct {
	done chan struct{}
	err  error
}

var _ sdktrace.SpanProcessor = (*pipeline)(nil)

// flushMarkers is how much of its queue the batcher may need for flushes under
// way: it queues a marker for each.
const flushMarkers = 2

func newPipeline(name string, e sdktrace.SpanExporter, b batchSettings, report func(error)) *pipeline {
	p := &pipeline{name: name, endpoint: endpointOf(e), exporter: e, queue: int64(b.queue), report: report}
	p.halt, p.haltNow = context.WithCancel(context.Background())
	p.batcher = sdktrace.NewBatchSpanProcessor(guard{p},
		sdktrace.WithMaxQueueSize(b.queue+flushMarkers),
		sdktrace.WithMaxExportBatchSize(b.size),
		sdktrace.WithBatchTimeout(b.delay),
		sdktrace.WithExportTimeout(b.timeout))
	return p
}

// OnStart marks the spans of a trace that B3 asked to debug, for Zipkin.
func (p *pipeline) OnStart(ctx context.Context, s sdktrace.ReadWriteSpan) { markDebug(ctx, s) }

// OnEnd queues a sampled span, or counts it as dropped. It never waits.
func (p *pipeline) OnEnd(s sdktrace.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	p.ended.Add(1)
	if p.stopped.Load() {
		p.late.Add(1)
		return
	}
	// The batcher's own queue holds as many, so it never overflows unseen.
	if p.waiting.Add(1) > p.queue {
		p.waiting.Add(-1)
		p.full.Add(1)
		return
	}
	p.batcher.OnEnd(s)
}

// ForceFlush exports what waits and returns why it could not.
func (p *pipeline) ForceFlush(ctx context.Context) error {
	before := p.stats().Dropped
	f := p.flush()
	select {
	case <-f.done:
	case <-ctx.Done():
		return fmt.Errorf("exporter %s: %w", p.name, ctx.Err())
	}
	if f.err != nil {
		return fmt.Errorf("exporter %s: %w", p.name, f.err)
	}
	if now := p.stats(); now.Dropped != before {
		return fmt.Errorf("exporter %s dropped %d spans: %s", p.name, now.Dropped-before, now.LastError)
	}
	return nil
}

// flush joins the flush that is to begin next, or begins one. A flush whose
// caller has gone goes on: cancelled, it would leave its marker in the
// batcher's queue, where it takes the place of a span.
func (p *pipeline) flush() *flight {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.flushing == nil {
		p.flushing = &flight{done: make(chan struct{})}
		go p.fly(p.flushing)
		return p.flushing
	}
	// The one under way may have passed the caller's spans by.
	if p.flushingAfter == nil {
		p.flushingAfter = &flight{done: make(chan struct{})}
	}
	return p.flushingAfter
}

func (p *pipeline) fly(f *flight) {
	for f != nil {
		f.err = p.batcher.ForceFlush(p.halt)
		close(f.done)
		p.mu.Lock()
		p.flushing, p.flushingAfter = p.flushingAfter, nil
		f = p.flushing
		p.mu.Unlock()
	}
}

// Shutdown exports what waits until ctx is done, then cancels the export in
// flight. Its error names how many spans it lost.
func (p *pipeline) Shutdown(ctx context.Context) error {
	p.shutdown.Do(func() {
		before := p.stats().Dropped
		p.stopped.Store(true)
		err := p.batcher.Shutdown(ctx)
		p.drained.Store(ctx.Err() == nil)
		p.haltNow()
		if ctx.Err() != nil {
			p.settle()
		}
		now := p.stats()
		lost := now.Waiting + now.Dropped - before
		if lost == 0 {
			p.result = err
			if err != nil {
				p.result = fmt.Errorf("exporter %s: %w", p.name, err)
			}
			return
		}
		switch {
		case now.LastError != "" && err != nil:
			err = fmt.Errorf("%s: %w", now.LastError, err)
		case err != nil:
		case now.LastError != "":
			err = errors.New(now.LastError)
		default:
			err = errors.New("they ended during shutdown")
		}
		p.result = fmt.Errorf("exporter %s lost %d spans: %w", p.name, lost, err)
	})
	return p.result
}

// settle waits a moment for a cancelled export to return, so that its spans
// are counted under their reason.
func (p *pipeline) settle() {
	deadline := time.Now().Add(grace / 2)
	for p.stats().Waiting > 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
}

// guard is the exporter as the batcher sees it: counted, cancellable, and
// unable to bring the process down. It reports failures itself, because the
// batcher would send them to the process-wide handler.
type guard struct{ p *pipeline }

func (g guard) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	p, n := g.p, len(spans)
	p.waiting.Add(-int64(n))
	counted := false // by the exporter, which knows them one by one
	err := p.halt.Err()
	if err == nil {
		_, counted = p.exporter.(accountant)
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer context.AfterFunc(p.halt, cancel)()
		defer cancel()
		spans = withResource(spans, p.resource)
		err = contained(func() error { return p.exporter.ExportSpans(ctx, spans) })
	}
	if err == nil {
		if !counted {
			p.sent.Add(uint64(n))
		}
		return nil
	}
	if p.halt.Err() != nil {
		err = fmt.Errorf("shutdown's time is over: %w", said{textOf(err), err})
	}
	if !counted {
		p.failed.Add(uint64(n))
	}
	text := textOf(err)
	p.lastError.Store(&text)
	p.report(fmt.Errorf("instrument: exporter %s: batch of %d spans: %w", p.name, n, said{text, err}))
	return nil
}

func (g guard) Shutdown(ctx context.Context) error {
	return contained(func() error { return g.p.exporter.Shutdown(ctx) })
}
