// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"math/rand/v2"
	"time"
)

// retry says when a transport that failed may be asked again.
type retry struct {
	pause time.Duration
	at    time.Time
}

const (
	firstPause = 100 * time.Millisecond
	lastPause  = 10 * time.Second
)

// due reports whether it is time.
func (r *retry) due() bool { return r.pause == 0 || !time.Now().Before(r.at) }

// failed doubles the pause. Jitter keeps a thousand clients from coming back
// in the same millisecond.
func (r *retry) failed() {
	r.pause = min(max(2*r.pause, firstPause), lastPause)
	r.at = time.Now().Add(r.pause - rand.N(r.pause/4))
}

func (r *retry) reset() { r.pause = 0 }

// staleError is a failure of a connection that worked before: the server may
// have been restarted, and a new connection is worth an attempt at once.
type staleError struct{ error }

func (e staleError) Unwrap() error { return e.error }
