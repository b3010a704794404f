// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"sync/atomic"
	"time"
)

// Counter is a counter with name and tags already looked up, for hot paths. A
// nil Counter discards. All methods may be called concurrently.
type Counter struct {
	series   *series
	overflow bool // what is added goes to the series "other"
}

// Counter returns the counter that Count means by name and tags.
func (c *Client) Counter(name string, tags ...Tag) *Counter {
	if c == nil {
		return nil
	}
	s, overflow := c.core.bind(kindCounter, c.scope, name, tags)
	return &Counter{s, overflow}
}

// Add adds delta.
func (c *Counter) Add(delta int64) {
	if c == nil {
		return
	}
	if c.overflow {
		c.series.core.stats.overflow.Add(1)
	}
	c.series.count(delta)
}

// Inc adds one.
func (c *Counter) Inc() { c.Add(1) }

// Timer is a timer with name and tags already looked up, for hot paths. A nil
// Timer discards. All methods may be called concurrently.
type Timer struct {
	series   *series
	overflow bool // what is recorded goes to the series "other"
}

// Timer returns the timer that Timing means by name and tags.
func (c *Client) Timer(name string, tags ...Tag) *Timer {
	if c == nil {
		return nil
	}
	s, overflow := c.core.bind(kindTiming, c.scope, name, tags)
	return &Timer{s, overflow}
}

// Record records one duration.
func (t *Timer) Record(d time.Duration) {
	if t == nil {
		return
	}
	if t.overflow {
		t.series.core.stats.overflow.Add(1)
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
			t.Record(time.Since(start))
		}
	}
}
