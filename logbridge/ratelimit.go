// SPDX-License-Identifier: Apache-2.0

package logbridge

import (
	"sync/atomic"
	"time"
)

const (
	defaultPerSecond = 10_000
	reportAfter      = 10 * time.Second
)

// rateLimit lets perSecond records pass a second, and as many at once after a
// silence: a token bucket, kept as the time up to which its tokens are spent.
type rateLimit struct {
	perSecond float64
	interval  int64 // nanoseconds between records; 0 for no limit
	burst     int64 // nanoseconds whose records may come at once
	start     time.Time
	spent     atomic.Int64 // nanoseconds after start
	dropped   atomic.Uint64
	reported  atomic.Int64 // nanoseconds after start; 0 for never
}

func (l *rateLimit) set(perSecond float64) {
	if !(perSecond > 0) { // NaN too
		return
	}
	l.perSecond = perSecond
	l.interval = max(1, int64(min(float64(time.Second)/perSecond, float64(time.Hour))))
	l.burst = max(int64(time.Second), l.interval)
	l.start = time.Now()
	l.spent.Store(-l.burst)
}

func (l *rateLimit) allow() bool {
	if l.interval == 0 {
		return true
	}
	now := int64(time.Since(l.start))
	for {
		old := l.spent.Load()
		spent := max(old, now-l.burst) + l.interval
		if spent > now {
			l.dropped.Add(1)
			return false
		}
		if l.spent.CompareAndSwap(old, spent) {
			return true
		}
	}
}

// due returns how many were dropped so far, and whether it is time to say so.
func (l *rateLimit) due() (dropped uint64, due bool) {
	now, last := int64(time.Since(l.start)), l.reported.Load()
	if last != 0 && now-last < int64(reportAfter) {
		return 0, false
	}
	return l.dropped.Load(), l.reported.CompareAndSwap(last, max(now, 1))
}
