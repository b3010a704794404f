// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	"math"
	"sync/atomic"
	"time"
)

// ticksPerNanosecond makes the interval between two tokens fine enough for
// rates that do not divide a second, and lets 63 bits last 18 years.
const (
	ticksPerNanosecond = 16
	ticksPerSecond     = 1e9 * ticksPerNanosecond
	maxInterval        = 1 << 60 // over two years: rates below that are one token
)

// bucket hands out tokens at a steady rate. It starts full, holds at most one
// second's worth and at least one token, and never gives more than the rate.
// It is one number, the moment by which all tokens given so far would have
// been earned (the generic cell rate algorithm), so that turning away is a
// load and a comparison, and no lock is held by anybody.
type bucket struct {
	start    time.Time // monotonic
	interval int64     // ticks a token takes
	window   int64     // ticks the moment may lie ahead
	earned   atomic.Int64
}

// newBucket returns nil, which gives nothing, for a rate that is no positive
// finite number.
func newBucket(perSecond float64) *bucket {
	if perSecond = usableRate(perSecond); perSecond == 0 {
		return nil
	}
	// Rounded down, so that a bucket that was emptied is full again a second
	// later: rounded up, one of three tokens would come a nanosecond too late.
	interval := min(math.Floor(ticksPerSecond/perSecond), maxInterval)
	window := max(math.Ceil(interval*perSecond), interval)
	return &bucket{start: time.Now(), interval: int64(interval), window: int64(window)}
}

// usableRate returns 0 for NaN, infinities and negative numbers. A rate above
// a tick's is one token a tick.
func usableRate(perSecond float64) float64 {
	if perSecond > 0 && perSecond <= math.MaxFloat64 {
		return min(perSecond, ticksPerSecond)
	}
	return 0
}

// take reports whether there was a token.
func (b *bucket) take() bool {
	if b == nil {
		return false
	}
	now := int64(time.Since(b.start)) * ticksPerNanosecond
	for {
		earned := b.earned.Load()
		next := max(earned, now) + b.interval
		if next-now > b.window {
			return false
		}
		if b.earned.CompareAndSwap(earned, next) {
			return true
		}
	}
}
