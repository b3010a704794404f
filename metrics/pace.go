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

	// As long as little waits there is no hurry: after a first burst of what
	// the window allows, packets go at a speed that the reference server, which
	// runs on Node, keeps up with. Eight packets of forty lines make 320,000
	// lines a second.
	paceCalm = 8
)

// pacer says when a packet may go.
type pacer struct {
	sent [pacePackets]time.Time // when the last ones went
	next int

	credit   int // packets that may go at once when there is no hurry
	credited time.Time
}

// wait blocks until one more packet may go.
func (p *pacer) wait(hurry bool) {
	now := time.Now()
	p.accrue(now)
	if p.credit == 0 && !hurry {
		time.Sleep(paceWindow - now.Sub(p.credited))
		now = time.Now()
		p.accrue(now)
	}
	if early := paceWindow - now.Sub(p.sent[p.next]); early > 0 {
		time.Sleep(early)
		now = time.Now()
	}
	p.credit = max(p.credit-1, 0)
	p.sent[p.next] = now
	p.next = (p.next + 1) % pacePackets
}

// accrue gives credit for the whole windows that have passed.
func (p *pacer) accrue(now time.Time) {
	const most = pacePackets - paceCalm
	windows := now.Sub(p.credited) / paceWindow
	if windows >= most { // also at first, when nothing was ever credited
		p.credit, p.credited = most, now
		return
	}
	p.credit = min(p.credit+int(windows)*paceCalm, most)
	p.credited = p.credited.Add(windows * paceWindow)
}
