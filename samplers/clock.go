// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// clock calls tick every interval as long as there is something to wait for.
// It has no goroutine of its own, only a timer, and none while nothing waits.
type clock struct {
	interval time.Duration
	tick     func()
	waits    func() bool // whether anything does
	running  atomic.Bool

	mu      sync.Mutex
	timer   *time.Timer
	ticked  chan struct{} // closed when the tick that timer starts is over
	stopped bool
}

// start is called whenever something has begun to wait.
func (c *clock) start() {
	if c.running.Load() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped && !c.running.Swap(true) {
		c.wind()
	}
}

// wind sets the timer. mu is held.
func (c *clock) wind() {
	ticked := make(chan struct{})
	c.ticked = ticked
	c.timer = time.AfterFunc(c.interval, func() {
		defer close(ticked)
		c.fire()
	})
}

func (c *clock) fire() {
	c.tick()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	// In this order, whoever still saw it running is seen to wait.
	c.running.Store(false)
	if c.waits() {
		c.running.Store(true)
		c.wind()
	}
}

// stop waits for a tick under way, at most as long as ctx allows. There is no
// other after it.
func (c *clock) stop(ctx context.Context) {
	c.mu.Lock()
	c.stopped = true
	timer, ticked := c.timer, c.ticked
	c.mu.Unlock()
	if timer == nil || timer.Stop() {
		return
	}
	select {
	case <-ticked:
	case <-ctx.Done():
	}
}
