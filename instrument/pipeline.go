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

var _ sdktrace.SpanProcessor = (*pipeline)(nil)

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
		counted = countsItself(p.exporter)
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer context.AfterFunc(p.halt, cancel)()
		defer cancelWhenAbandoned(ctx, cancel)()
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
