// SPDX-License-Identifier: Apache-2.0

package metrics

import "time"

// Datagrams that arrive faster than they are read wait in the receiver's
// buffer. The default one of Linux holds 92 of ours; what comes then is lost,
// and nobody is told.
const (
	paceWindow  = time.Millisecond
	pacePackets = 64
)

// pacer lets at most pacePackets go in any window.
type pacer struct {
	sent [pacePackets]time.Time
	next int
}

// wait blocks until one more packet may go.
func (p *pacer) wait() {
	now := time.Now()
	if early := paceWindow - now.Sub(p.sent[p.next]); early > 0 {
		time.Sleep(early)
		now = time.Now()
	}
	p.sent[p.next] = now
	p.next = (p.next + 1) % pacePackets
}
