// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"fmt"
)

// flushMarkers is how much of its queue the batcher may need for flushes under
// way: it queues a marker for each.
const flushMarkers = 2

// flight is one flush that any number of callers wait for.
type flight struct {
	done    chan struct{}
	err     error // once done is closed
	waiting int   // callers, under the pipeline's lock

	abandoned context.Context // done when the last of them has gone
	abandon   context.CancelFunc
}

type flightKey struct{}

func newFlight() *flight {
	f := &flight{done: make(chan struct{})}
	f.abandoned, f.abandon = context.WithCancel(context.Background())
	return f
}

// ForceFlush exports what waits and returns why it could not.
func (p *pipeline) ForceFlush(ctx context.Context) error {
	before := p.stats().Dropped
	f := p.flush()
	select {
	case <-f.done:
	case <-ctx.Done():
		p.leave(f)
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

// flush joins the flush that is to begin next, or begins one. The batcher's
// own flush is never cancelled: it would leave its marker in the queue, where
// it takes the place of a span.
func (p *pipeline) flush() *flight {
	p.mu.Lock()
	defer p.mu.Unlock()
	var f *flight
	switch {
	case p.flushing == nil:
		f = newFlight()
		p.flushing = f
		go p.fly(f)
	case p.flushingAfter == nil: // the one under way may have passed the caller's spans by
		f = newFlight()
		p.flushingAfter = f
	default:
		f = p.flushingAfter
	}
	f.waiting++
	return f
}

// leave is what a caller does whose time is over. When nobody waits any more,
// the export that the flush has begun is cancelled.
func (p *pipeline) leave(f *flight) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		f.abandon()
	}
}

func (p *pipeline) fly(f *flight) {
	for f != nil {
		f.err = p.batcher.ForceFlush(context.WithValue(p.halt, flightKey{}, f))
		close(f.done)
		p.mu.Lock()
		f.abandon()
		p.flushing, p.flushingAfter = p.flushingAfter, nil
		f = p.flushing
		p.mu.Unlock()
	}
}

// cancelWhenAbandoned cancels the export that runs under ctx when it was begun
// by a flush and the last caller of that flush leaves. One that begins after
// they have left goes on: its spans are not theirs alone.
func cancelWhenAbandoned(ctx context.Context, cancel context.CancelFunc) (stop func() bool) {
	f, ok := ctx.Value(flightKey{}).(*flight)
	if !ok || f.abandoned.Err() != nil {
		return func() bool { return true }
	}
	return context.AfterFunc(f.abandoned, cancel)
}
