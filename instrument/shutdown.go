// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// defaultDeadline bounds ForceFlush and Shutdown when the context does not.
	defaultDeadline = 10 * time.Second
	// grace is how long after its context Shutdown waits for cancelled exports
	// to return, so that their spans are counted.
	grace = 40 * time.Millisecond
)

// ending is the one shutdown of a Telemetry.
type ending struct {
	once   sync.Once
	done   chan struct{}
	result error // once done is closed
	last   func(context.Context) error
}

// ForceFlush exports what waits, in all signals at once, and returns what
// failed. It waits until the context is done, and 10 s when the context has
// no deadline. Runtimes that freeze the process call it after each request.
func (t *Telemetry) ForceFlush(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	return t.each(ctx, func(c component) error { return c.flush(ctx) })
}

// Shutdown exports what waits and stops everything. It waits until the
// context is done, and 10 s when the context has no deadline; then exports in
// flight are cancelled, and the error names how many spans were lost. It runs
// once: every other call waits for the first, within its own context, and
// returns the same.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := withDeadline(ctx)
	first := false
	t.ending.once.Do(func() {
		first = true
		// The first caller's deadline, not its return, ends the shutdown.
		go func() {
			defer cancel()
			t.ending.result = t.shutdown(ctx)
			close(t.ending.done)
		}()
	})
	if !first {
		defer cancel()
	}
	select {
	case <-t.ending.done:
		return t.ending.result
	case <-ctx.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-t.ending.done:
		return t.ending.result
	case <-timer.C:
		return fmt.Errorf("instrument: shutdown goes on behind its context and has lost %d spans: %w", t.unsent(), ctx.Err())
	}
}

func (t *Telemetry) shutdown(ctx context.Context) error {
	t.reporter.cancel()
	err := t.each(ctx, func(c component) error { return c.shutdown(ctx) })
	if t.ending.last != nil {
		// Every processor is shut down already and does so only once; this
		// makes the provider's tracers do nothing from now on.
		go func() { _ = t.ending.last(context.WithoutCancel(ctx)) }()
	}
	t.reporter.wait(ctx)
	end(t)
	return err
}

// each runs f for every component at once and joins what failed. It does not
// wait for a component that goes on after the context is done.
func (t *Telemetry) each(ctx context.Context, f func(component) error) error {
	type outcome struct {
		i   int
		err error
	}
	outcomes := make(chan outcome, len(t.components))
	for i, c := range t.components {
		go func() { outcomes <- outcome{i, contained(func() error { return f(c) })} }()
	}
	done, late := ctx.Done(), (<-chan time.Time)(nil)
	results := make([]error, len(t.components))
	running := make([]bool, len(t.components))
	for i := range running {
		running[i] = true
	}
wait:
	for left := len(t.components); left > 0; {
		select {
		case o := <-outcomes:
			results[o.i], running[o.i] = o.err, false
			left--
		case <-done:
			timer := time.NewTimer(grace * 3 / 4)
			defer timer.Stop()
			done, late = nil, timer.C
		case <-late:
			break wait
		}
	}
	for i, c := range t.components {
		if running[i] {
			results[i] = fmt.Errorf("not finished in time: %w", ctx.Err())
			if c.line != nil {
				results[i] = fmt.Errorf("exporter %s lost %d spans: %w", c.line.name, c.line.stats().Waiting, results[i])
			}
		}
		if results[i] != nil {
			results[i] = fmt.Errorf("instrument: %s: %w", c.name, said{textOf(results[i]), results[i]})
		}
	}
	return errors.Join(results...)
}

// unsent is how many sampled spans ended and were not sent.
func (t *Telemetry) unsent() (n uint64) {
	for _, p := range t.pipelines {
		s := p.stats()
		n += s.Ended - s.Sent
	}
	return n
}

// onceError runs a shutdown once and gives every caller its error.
type onceError struct {
	once   sync.Once
	result error
}

func (o *onceError) do(f func() error) error {
	o.once.Do(func() { o.result = f() })
	return o.result
}

func withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx == nil {
		ctx = context.Background()
	}
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, defaultDeadline)
}
