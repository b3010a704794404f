// SPDX-License-Identifier: Apache-2.0

package metrics

import "time"

// Datagrams that arrive faster than they are read wait in the receiver's
// buffer. The default one of Linux holds 92 of ours; what comes then is lost,
// and nobody is told.
const (
	// No window sees more packets than this, however much there is to do: it
	// is what a receiver can hold while it does something else.
	paceWindow  = time.Millisecond
	pacePackets = 64

	// As long as little waits there is no hurry: after a first burst, packets go
	// at a speed that the reference server, which runs on Node, keeps up with.
	// Eight packets of forty lines make 320,000 lines a second; four times that
	// is for when more comes.
	paceCalm  = 8
	paceBrisk = 32
)

// pacer says when a packet may go.
type pacer struct {
	sent [pacePackets]time.Time // when the last ones went
	next int

	credit   int // packets that may go at once
	credited time.Time
}

// wait blocks until one more packet may go, if so many go in a window.
func (p *pacer) wait(speed int) {
	now := time.Now()
	if speed < pacePackets {
		p.accrue(now, speed)
		if p.credit == 0 {
			time.Sleep(paceWindow - now.Sub(p.credited))
			now = time.Now()
			p.accrue(now, speed)
		}
		p.credit = max(p.credit-1, 0)
	}
	if early := paceWindow - now.Sub(p.sent[p.next]); early > 0 {
		time.Sleep(early)
		now = time.Now()
	}
	p.sent[p.next] = now
	p.next = (p.next + 1) % pacePackets
}

// accrue gives credit for the whole windows that have passed.
func (p *pacer) accrue(now time.Time, speed int) {
	most := pacePackets - speed
	windows := now.Sub(p.credited) / paceWindow
	if windows >= pacePackets { // also at first, when nothing was ever credited
		p.credit, p.credited = most, now
		return
	}
	p.credit = min(p.credit+int(windows)*speed, most)
	p.credited = p.credited.Add(windows * paceWindow)
}
