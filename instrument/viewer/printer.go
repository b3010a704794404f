// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// impatience is how many quiet times the parents of a trace may be late.
const impatience = 20

// printer writes each trace once it is complete and quiet, from one goroutine
// of its own: a terminal that is held up holds nobody else up.
type printer struct {
	store *store
	out   io.Writer
	quiet time.Duration
	width func() int
	color bool

	once    sync.Once
	stop    chan struct{}
	done    chan struct{}
	abandon atomic.Bool
}

func (p *printer) start() {
	p.stop, p.done = make(chan struct{}), make(chan struct{})
	go p.run()
}

// shutdown prints what waits, complete or not, for as long as ctx allows. A
// write that never returns keeps its goroutine, as the writer wished.
func (p *printer) shutdown(ctx context.Context) error {
	p.once.Do(func() { close(p.stop) })
	select {
	case <-p.done:
		return nil
	default:
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		p.abandon.Store(true)
		return ctx.Err()
	}
}

func (p *printer) run() {
	defer close(p.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		again := p.print(false)
		var wake <-chan time.Time
		if !again.IsZero() {
			timer.Reset(time.Until(again))
			wake = timer.C
		}
		select {
		case <-wake:
		case <-p.store.fed:
		case <-p.stop:
			p.print(true)
			return
		}
	}
}

// print writes what is due and returns when something else will be.
func (p *printer) print(all bool) (again time.Time) {
	for !p.abandon.Load() {
		var due []picture
		due, again = p.store.due(time.Now(), p.quiet, impatience*p.quiet, all)
		if len(due) == 0 {
			break
		}
		for _, d := range due {
			if p.abandon.Load() {
				break
			}
			// One Write for each trace, so that lines of others fall between
			// traces. One that fails loses a picture; the trace is still here.
			_, _ = io.WriteString(p.out, waterfall(d, p.width(), maxRows, p.color)+"\n")
		}
	}
	return again
}
