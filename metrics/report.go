// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"errors"
	"fmt"
	"time"
)

// reportInterval is how often an error handler hears of trouble.
const reportInterval = time.Minute

// reporter tells the error handler what went wrong since it was last told.
type reporter struct {
	at       time.Time
	dropped  uint64
	failures uint64
}

func (r *reporter) report(c *core) {
	if c.onError == nil || !r.at.IsZero() && time.Since(r.at) < reportInterval {
		return
	}
	drops := c.stats.drops()
	failures := c.stats.failures.Load()
	var errs []error
	if n := drops.Total() - r.dropped; n > 0 {
		errs = append(errs, fmt.Errorf("metrics: %d values dropped (so far: closed %d, invalid %d, oversize %d, queue full %d, write %d)",
			n, drops.Closed, drops.Invalid, drops.Oversize, drops.Queue, drops.Write))
	}
	if n := failures - r.failures; n > 0 {
		errs = append(errs, fmt.Errorf("metrics: %d attempts to send failed, the last: %s", n, *c.stats.lastError.Load()))
	}
	if len(errs) == 0 {
		return
	}
	r.at, r.dropped, r.failures = time.Now(), drops.Total(), failures
	// As with a Writer: a panic is the user's, but the goroutine is ours.
	defer func() {
		if v := recover(); v != nil {
			c.stats.failed(fmt.Errorf("metrics: error handler panicked: %v", v))
		}
	}()
	c.onError(errors.Join(errs...))
}
