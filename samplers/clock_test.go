// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/samplers"
)

// blocking is a processor whose queue is full until it is opened.
type blocking struct {
	nothing
	room chan struct{}
}

func (b *blocking) OnEnd(sdktrace.ReadOnlySpan) { <-b.room }

// blockedTail has a tick under way that waits for the room it does not have.
func blockedTail(t *testing.T, next *blocking) *pipeline {
	tail := samplers.KeepErrors(next).(*samplers.Tail)
	p := &pipeline{T: t, tail: tail, provider: sdktrace.NewTracerProvider(
		sdktrace.WithSpanProcessor(tail), sdktrace.WithSampler(samplers.AlwaysRecord(nil)))}
	ctx, _ := p.root("never ends")
	p.failing(ctx, "a")
	time.Sleep(2 * samplers.DefaultMaxAge)
	synctest.Wait()
	return p
}

func TestShutdownWaitsForWhatIsHandedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &blocking{room: make(chan struct{})}
		p := blockedTail(t, next)
		time.AfterFunc(time.Second, func() { close(next.room) })
		began := time.Now()
		assert.NoError(t, p.tail.Shutdown(context.Background()))
		assert.Equal(t, time.Second, time.Since(began))
	})
}

func TestShutdownAndFlushReturnWithTheirContext(t *testing.T) {
	for name, call := range map[string]func(*samplers.Tail, context.Context) error{
		"shutdown": (*samplers.Tail).Shutdown,
		"flush":    (*samplers.Tail).ForceFlush,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				next := &blocking{room: make(chan struct{})}
				p := blockedTail(t, next)
				ctx, _ := p.root("undecided")
				p.failing(ctx, "a")
				short, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				began := time.Now()
				assert.ErrorIs(t, call(p.tail, short), context.DeadlineExceeded)
				assert.Equal(t, time.Second, time.Since(began))
				close(next.room) // the bubble ends only when no goroutine is left
			})
		})
	}
}

func TestClockStartsAgainAfterItHadNothingToDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipeline(t)
		for range 3 {
			ctx, _ := p.root("never ends")
			p.failing(ctx, "a")
			p.failing(context.Background(), "kept, and remembered for a while")
			time.Sleep(time.Hour)
			synctest.Wait()
			assert.Zero(t, p.tail.Stats().Buffered)
		}
		assert.EqualValues(t, 6, p.tail.Stats().Kept)
		assert.EqualValues(t, 3, p.tail.Stats().Remembered, "the roots that never end")
		assert.NoError(t, p.tail.Shutdown(context.Background()))
		p.root("after shutdown")
		assert.Zero(t, p.tail.Stats().Remembered)
	})
}
