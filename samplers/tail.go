// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	"context"
	"math/bits"
	"runtime"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// KeepErrors is a span processor that hands to next what the sampler kept, as
// it is, and besides every local trace that failed or was slow. A local trace
// is a root of this process, with its parent in another or none, and the spans
// under it. It needs [AlwaysRecord] around the sampler: what is not recorded
// cannot be kept.
//
// The spans that were not sampled wait for their root to end. If one of them
// is a reason ([WithReason]; by default [Failure]) or the root was slow
// ([WithSlow]), all of them go to next as sampled, with the attribute
// [ReasonKey] and without a threshold; else they are discarded. Spans that end
// after their root follow its fate. ForceFlush and Shutdown hand on the traces
// that have failed so far and discard the other spans that wait.
//
// What waits is bounded in traces, spans and age, and what is kept in traces
// per second; each option has its default, and each discarded span is counted.
// The processor is a *[Tail]; its Stats tells the counts. Services called by
// the trace were told that it is not sampled and kept nothing of it.
//
// next sees the start of every span and the end of those it is handed, each
// from the goroutine that caused it, and never under a lock. A nil next
// discards everything. It may be used from several goroutines.
func KeepErrors(next sdktrace.SpanProcessor, opts ...TailOption) sdktrace.SpanProcessor {
	return newTail(next, tailConfigOf(opts))
}

// Tail is the processor that [KeepErrors] returns.
type Tail struct {
	next   sdktrace.SpanProcessor
	config tailConfig
	hash   traceHash
	shards []shard
	shift  int // of a hash, to the index of a shard
	clock  clock

	shutdown sync.Once
}

var _ sdktrace.SpanProcessor = (*Tail)(nil)

func newTail(next sdktrace.SpanProcessor, c tailConfig) *Tail {
	if next == nil {
		next = nowhere{}
	}
	// Small bounds are exact, in one shard; of larger ones each shard has its
	// part, and enough of it that chance does not fill one early.
	n := min(c.maxTraces/256, c.maxBuffered/2048, 4*runtime.GOMAXPROCS(0), 256)
	log := max(bits.Len(uint(max(n, 1)))-1, 0)
	n = 1 << log
	c.maxTraces, c.maxBuffered = c.maxTraces/n, c.maxBuffered/n
	t := &Tail{next: next, config: c, hash: newTraceHash(), shards: make([]shard, n), shift: 64 - log}
	b := newBucket(c.keptPerSecond)
	for i := range t.shards {
		s := &t.shards[i]
		s.limits, s.bucket = &t.config, b
	}
	t.clock.interval = max(c.maxAge/maxAgeTicks, time.Millisecond)
	t.clock.tick, t.clock.waits = t.expire, t.waits
	return t
}

func (t *Tail) shardOf(hash uint64) *shard { return &t.shards[hash>>t.shift] }

// OnStart implements [sdktrace.SpanProcessor].
func (t *Tail) OnStart(ctx context.Context, span sdktrace.ReadWriteSpan) {
	t.next.OnStart(ctx, span)
	sc := span.SpanContext()
	if sc.IsSampled() {
		return
	}
	// The span in ctx is the parent, unless a new root was asked for. To ask
	// the span for its parent would take its lock.
	above := trace.SpanFromContext(ctx)
	parent := above.SpanContext()
	if !parent.IsValid() || parent.IsRemote() || parent.TraceID() != sc.TraceID() {
		t.startRoot(sc, trace.SpanID{})
		return
	}
	id := sc.TraceID()
	hash := t.hash.of(&id)
	s := t.shardOf(hash)
	s.mu.Lock()
	known := s.traces.get(hash, &id)
	isUnder := known != nil && known.outside != parent.SpanID()
	if isUnder {
		known.start(sc.SpanID(), parent.SpanID())
	}
	s.mu.Unlock()
	if !isUnder && !sees(above, span) {
		t.startRoot(sc, parent.SpanID())
	}
}

// sees reports whether span processors see the span above one: it is the
// SDK's, recorded, and of the same provider. If it is, and its local trace is
// not known, that was discarded, or sampled. If not, it is a span of another
// process that was put into the context without saying so.
func sees(above trace.Span, span sdktrace.ReadWriteSpan) bool {
	parent, ok := above.(sdktrace.ReadWriteSpan)
	return ok && parent.TracerProvider() == span.TracerProvider()
}

// startRoot remembers a local root. outside is its parent, if that looks local.
func (t *Tail) startRoot(sc trace.SpanContext, outside trace.SpanID) {
	id := sc.TraceID()
	hash := t.hash.of(&id)
	s := t.shardOf(hash)
	s.mu.Lock()
	kept := s.startRoot(hash, id, sc.SpanID(), outside)
	s.mu.Unlock()
	t.clock.start()
	t.handOn(kept)
}

// OnEnd implements [sdktrace.SpanProcessor].
func (t *Tail) OnEnd(span sdktrace.ReadOnlySpan) {
	sc := span.SpanContext()
	if sc.IsSampled() {
		t.next.OnEnd(span)
		return
	}
	why := t.config.reason(span)
	slow := t.config.slow > 0 && span.EndTime().Sub(span.StartTime()) >= t.config.slow
	id := sc.TraceID()
	hash := t.hash.of(&id)
	s := t.shardOf(hash)

	s.mu.Lock()
	known := s.traces.get(hash, &id)
	if known == nil {
		s.mu.Unlock()
		t.endUnknown(s, span, why, slow)
		return
	}
	b := s.end(known.of(sc.SpanID()), sc.SpanID(), span, why, slow)
	var kept []batch
	if s.buffered > s.limits.maxBuffered {
		kept = s.overflow()
	}
	s.mu.Unlock()
	t.handOnOne(b)
	t.handOn(kept)
}

// endUnknown decides a span whose local trace is not remembered.
func (t *Tail) endUnknown(s *shard, span sdktrace.ReadOnlySpan, why string, slow bool) {
	parent := span.Parent()
	isRoot := !parent.IsValid() || parent.IsRemote()
	if why == "" && slow {
		why = reasonSlow
	}
	s.mu.Lock()
	keep := s.endUnknown(isRoot, why)
	s.mu.Unlock()
	if keep {
		t.next.OnEnd(keptSpanOf(span, why))
	}
}

func (t *Tail) handOn(kept []batch) {
	for _, b := range kept {
		t.handOnOne(b)
	}
}

func (t *Tail) handOnOne(b batch) {
	for _, span := range b.spans {
		t.next.OnEnd(keptSpanOf(span, b.why))
	}
}

// ForceFlush hands on the undecided traces that have failed, discards the
// other spans that wait, and flushes next. It returns when ctx ends, whether
// next has or not.
func (t *Tail) ForceFlush(ctx context.Context) error {
	return within(ctx, func() error {
		t.settle(false)
		return t.next.ForceFlush(ctx)
	})
}

// Shutdown does once what ForceFlush does, and shuts next down. Spans that end
// after it are discarded.
func (t *Tail) Shutdown(ctx context.Context) (err error) {
	t.shutdown.Do(func() {
		err = within(ctx, func() error {
			t.clock.stop(ctx)
			t.settle(true)
			return t.next.Shutdown(ctx)
		})
	})
	return err
}

// within waits for f as long as ctx allows: a next that blocks on a full queue
// in OnEnd knows of no context.
func within(ctx context.Context, f func() error) error {
	if ctx.Done() == nil {
		return f()
	}
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *Tail) settle(closing bool) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		kept := s.settleAll(closing)
		s.mu.Unlock()
		t.handOn(kept)
	}
}

// expire is a tick of the clock.
func (t *Tail) expire() {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		kept := s.expire()
		s.mu.Unlock()
		t.handOn(kept)
	}
}

// waits reports whether a local trace is remembered.
func (t *Tail) waits() bool {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		n := s.remembered()
		s.mu.Unlock()
		if n > 0 {
			return true
		}
	}
	return false
}

// Stats returns the counts so far.
func (t *Tail) Stats() (stats TailStats) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		s.counts.addTo(&stats)
		stats.Buffered += uint64(s.buffered)
		stats.Remembered += uint64(s.remembered())
		s.mu.Unlock()
	}
	return stats
}

// nowhere takes spans and does nothing with them.
type nowhere struct{}

func (nowhere) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (nowhere) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (nowhere) ForceFlush(context.Context) error                { return nil }
func (nowhere) Shutdown(context.Context) error                  { return nil }
