// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"sync/atomic"
	"time"
)

// Counter is a counter with name and tags already looked up, for hot paths. A
// nil Counter discards. All methods may be called concurrently.
type Counter struct{ series *series }

// Counter returns the counter that Count means by name and tags.
func (c *Client) Counter(name string, tags ...Tag) *Counter {
	if c == nil {
		return nil
	}
	return &Counter{c.core.find(kindCounter, c.scope, name, tags)}
}

// Add adds delta.
func (c *Counter) Add(delta int64) {
	if c == nil {
		return
	}
	c.series.count(delta)
}

// Inc adds one.
func (c *Counter) Inc() { c.Add(1) }

// Timer is a timer with name and tags already looked up, for hot paths. A nil
// Timer discards. All methods may be called concurrently.
type Timer struct{ series *series }

// Timer returns the timer that Timing means by name and tags.
func (c *Client) Timer(name string, tags ...Tag) *Timer {
	if c == nil {
		return nil
	}
	return &Timer{c.core.find(kindTiming, c.scope, name, tags)}
}

// Record records one duration.
func (t *Timer) Record(d time.Duration) {
	if t == nil {
		return
	}
	t.series.time(d)
}

// Time starts the timer and returns what stops it; the second stop does
// nothing.
func (t *Timer) Time() (stop func()) {
	if t == nil {
		return func() {}
	}
	start := time.Now()
	var stopped atomic.Bool
	return func() {
		if !stopped.Swap(true) {
			t.series.time(time.Since(start))
		}
	}
}
