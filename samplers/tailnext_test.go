// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/samplers"
)

func TestNextSeesEveryStartAndIsFlushedAndShutDownOnce(t *testing.T) {
	next := &countingProcessor{err: errors.New("collector is away")}
	tail := samplers.KeepErrors(next)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(tail), sdktrace.WithSampler(samplers.AlwaysRecord(nil)))
	p := &pipeline{T: t, provider: provider, tail: tail.(*samplers.Tail)}
	p.span(context.Background(), "a")
	p.failing(context.Background(), "b")
	assert.Equal(t, 2, next.started)
	assert.Equal(t, 1, next.ended)
	assert.ErrorIs(t, tail.ForceFlush(context.Background()), next.err)
	assert.ErrorIs(t, tail.Shutdown(context.Background()), next.err)
	assert.NoError(t, tail.Shutdown(context.Background()))
	assert.Equal(t, 1, next.flushed)
	assert.Equal(t, 1, next.shutdown)
	p.failing(context.Background(), "after")
	assert.Equal(t, 1, next.ended)
	requireBalanced(t, p.tail.Stats())
}

type countingProcessor struct {
	started, ended, flushed, shutdown int
	err                               error
}

func (p *countingProcessor) OnStart(context.Context, sdktrace.ReadWriteSpan) { p.started++ }
func (p *countingProcessor) OnEnd(sdktrace.ReadOnlySpan)                     { p.ended++ }
func (p *countingProcessor) ForceFlush(context.Context) error                { p.flushed++; return p.err }
func (p *countingProcessor) Shutdown(context.Context) error                  { p.shutdown++; return p.err }

func TestWithoutNextEverythingIsDiscarded(t *testing.T) {
	tail := samplers.KeepErrors(nil, samplers.TailOption{})
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(tail), sdktrace.WithSampler(samplers.AlwaysRecord(nil)))
	p := &pipeline{T: t, provider: provider}
	p.failing(context.Background(), "a")
	assert.NoError(t, provider.ForceFlush(context.Background()))
	assert.NoError(t, provider.Shutdown(context.Background()))
}

// A processor that starts and ends spans of its own, and asks for the counts,
// would stand still if it were called under a lock.
func TestNextIsNeverCalledUnderALock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipeline{T: t}
		next := &reentrant{}
		tail := samplers.KeepErrors(next, samplers.WithMaxTraces(2), samplers.WithMaxBuffered(2))
		p.provider = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(tail), sdktrace.WithSampler(samplers.AlwaysRecord(nil)))
		p.tail = tail.(*samplers.Tail)
		next.p = p

		done := make(chan struct{})
		go func() {
			defer close(done)
			ctx, root := p.root("kept by its root")
			p.failing(ctx, "a")
			_, late := p.start(ctx, "late")
			root.End()
			late.End()
			ctx, _ = p.root("pushed out")
			p.failing(ctx, "a")
			p.span(ctx, "b")
			p.span(ctx, "c")
			p.root("2")
			p.root("3")
			ctx, _ = p.root("aged")
			p.failing(ctx, "a")
			time.Sleep(2 * samplers.DefaultMaxAge)
			ctx, _ = p.root("flushed")
			p.failing(ctx, "a")
			assert.NoError(t, tail.ForceFlush(context.Background()))
			ctx, _ = p.root("shut down")
			p.failing(ctx, "a")
			assert.NoError(t, tail.Shutdown(context.Background()))
		}()
		<-done
		assert.GreaterOrEqual(t, next.calls.Load(), int32(8))
	})
}

type reentrant struct {
	p     *pipeline
	calls atomic.Int32
}

const ofExporter = "of the exporter"

func (r *reentrant) OnStart(_ context.Context, s sdktrace.ReadWriteSpan) {
	if s.Name() != ofExporter {
		r.reenter()
	}
}

func (r *reentrant) OnEnd(s sdktrace.ReadOnlySpan) {
	r.calls.Add(1)
	if s.Name() != ofExporter {
		r.reenter()
	}
}

func (r *reentrant) ForceFlush(context.Context) error { r.reenter(); return nil }
func (r *reentrant) Shutdown(context.Context) error   { r.reenter(); return nil }

func (r *reentrant) reenter() {
	r.p.tail.Stats()
	ctx, root := r.p.root(ofExporter)
	r.p.failing(ctx, ofExporter)
	root.End()
}

func TestTailUnder64GoroutinesLosesNoCount(t *testing.T) {
	next := &safeCounter{}
	tail := samplers.KeepErrors(next, samplers.WithMaxTraces(40), samplers.WithMaxBuffered(200),
		samplers.WithMaxSpans(5), samplers.WithKeptPerSecond(1e6), samplers.WithMaxAge(8*time.Millisecond)).(*samplers.Tail)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(tail), sdktrace.WithSampler(samplers.AlwaysRecord(samplers.ParentBased(nil))))
	p := &pipeline{T: t, provider: provider, tail: tail}
	var wg sync.WaitGroup
	const goroutines, traces = 64, 50
	for g := range goroutines {
		wg.Go(func() {
			for n := range traces {
				// Few trace ids: many local roots share one.
				ctx, root := p.start(remote(trace.TraceID{0: 1, 15: byte(g % 8)}, byte(g+1)), "root")
				for i := range n % 8 {
					child, s := p.start(ctx, "a")
					p.span(child, "b")
					if i == n%5 {
						s.SetStatus(codes.Error, "")
					}
					if i == 3 {
						wg.Go(func() { s.End() })
						continue
					}
					s.End()
				}
				if n%3 > 0 {
					root.End()
				}
				if n%16 == 0 {
					assert.NoError(t, tail.ForceFlush(context.Background()))
				}
				stats := tail.Stats()
				if stats.Ended != stats.Kept+stats.Discarded()+stats.Buffered {
					assert.Fail(t, "unbalanced", "%+v", stats)
				}
			}
		})
	}
	wg.Wait()
	assert.NoError(t, tail.Shutdown(context.Background()))
	got := tail.Stats()
	requireBalanced(t, got)
	assert.Zero(t, got.Buffered)
	assert.Zero(t, got.Remembered)
	assert.EqualValues(t, next.count(), got.Kept)
	spans := 0
	for n := range traces {
		spans += 2 * (n % 8)
		if n%3 > 0 {
			spans++
		}
	}
	assert.EqualValues(t, goroutines*spans, got.Ended)
	assert.NotZero(t, got.Kept)
}

type safeCounter struct {
	nothing
	mu sync.Mutex
	n  int
}

func (c *safeCounter) OnEnd(sdktrace.ReadOnlySpan) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
}

func (c *safeCounter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

type nothing struct{}

func (nothing) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (nothing) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (nothing) ForceFlush(context.Context) error                { return nil }
func (nothing) Shutdown(context.Context) error                  { return nil }
