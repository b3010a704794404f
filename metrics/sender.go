// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// transport carries packets. The sender's goroutine alone calls it.
type transport interface {
	// send sends a packet, and returns how many of its bytes are gone. It
	// returns soon after ctx ends.
	send(ctx context.Context, packet []byte) (int, error)
	traits() traits
	close()
}

// traits are what the sender has to know of a transport.
type traits struct {
	paced   bool // nobody pushes back, so the sender must not rush
	lossy   bool // a packet that failed once is not worth another attempt
	foreign bool // a Writer of the user's: it may hang whatever ctx says
}

// sender is the one goroutine that formats lines and does input and output.
type sender struct {
	core      *core
	transport transport
	traits    traits
	out       outbox
	pacer     pacer
	retry     retry
	reporter  reporter

	closing bool // nobody will ask again: what cannot be sent now is counted
	giveUp  bool // closing, and the transport has failed

	flushes chan chan error
	once    sync.Once
	stop    chan struct{}
	done    chan struct{}
	err     error // of the last flush; read after done

	ctx    context.Context // ends when time is up
	cancel context.CancelFunc
}

func (s *sender) init(c *core, t transport) {
	s.core, s.transport, s.traits = c, t, t.traits()
	s.out.limit = c.packetBytes
	s.flushes = make(chan chan error)
	s.stop = make(chan struct{})
	s.done = make(chan struct{})
	s.ctx, s.cancel = context.WithCancel(context.Background())
}

// run sends until the client is closed.
func (s *sender) run() {
	defer close(s.done)
	defer s.cancel()
	defer s.transport.close()
	tick := time.NewTicker(s.core.interval)
	defer tick.Stop()
	for {
		select {
		case <-s.core.queue.wake:
			if s.retry.due() {
				_ = s.drainFullChunks() // counted, and reported at the next tick
			}
		case <-tick.C:
			if s.retry.due() {
				_ = s.drain()
			}
			s.reporter.report(s.core)
		case answer := <-s.flushes:
			answer <- s.drain()
		case <-s.stop:
			s.closing = true
			s.err = s.drain()
			if n := s.core.stats.droppedUnsent.Load(); n > 0 {
				s.err = fmt.Errorf("metrics: close: %d values unsent: %w", n, s.err)
			}
			return
		}
	}
}

// drain sends everything recorded so far. While closing, it goes on after a
// failure, in order to count what is lost.
func (s *sender) drain() error {
	var errs []error
	for _, step := range []func() error{
		s.resend,
		func() error { return s.drainQueue(true) },
		s.drainSeries,
		func() error { return s.send(true) },
	} {
		if err := step(); err != nil {
			errs = append(errs, err)
			if !s.closing {
				break
			}
		}
	}
	return errors.Join(errs...)
}

// drainFullChunks sends whole packets of timers, and leaves the rest until the
// next tick.
func (s *sender) drainFullChunks() error {
	if err := s.resend(); err != nil {
		return err
	}
	return s.drainQueue(false)
}

// resend sends what an earlier failure left, before anything is added to it.
func (s *sender) resend() error { return s.send(s.retry.pause > 0) }

func (s *sender) drainQueue(all bool) error {
	q := &s.core.queue
	for i := range q.shards {
		// No more rounds than there are chunks: producers may be as fast as we.
		for range q.chunks {
			c := q.take(&q.shards[i], all)
			if c == nil {
				break
			}
			if s.giveUp { // no need to write them, then
				s.core.stats.droppedUnsent.Add(uint64(c.n))
				c.n = 0
			}
			for _, v := range c.samples[:c.n] {
				s.out.add(v.series.append(s.out.buf, v.bits))
			}
			q.free(c)
			if err := s.send(false); err != nil && !s.closing {
				return err
			}
		}
	}
	return nil
}

func (s *sender) drainSeries() error {
	for _, series := range s.core.gathering() {
		series.collect(&s.out)
		if err := s.send(false); err != nil && !s.closing {
			return err
		}
	}
	return nil
}

// send sends packets while there are full ones, or as long as there is
// anything.
func (s *sender) send(all bool) error {
	defer s.settle()
	var errs []error
	for s.out.full() || all && s.out.entries() > 0 {
		packet := s.out.next()
		if len(packet) == 0 { // only entries that were too large
			continue
		}
		if s.giveUp {
			s.core.stats.droppedUnsent.Add(uint64(s.out.advance(len(packet))))
			continue
		}
		err := s.sendPacket(packet)
		if err == nil {
			continue
		}
		s.core.stats.failed(err)
		errs = append(errs, err)
		if s.traits.lossy && s.ctx.Err() == nil {
			s.core.stats.droppedWrite.Add(uint64(s.out.advance(len(packet))))
			continue
		}
		s.retry.failed()
		if !s.closing {
			break
		}
		s.giveUp = true
	}
	if len(errs) == 0 {
		return nil
	}
	return errors.Join(errs[0])
}

// settle accounts for entries that fit no packet or wait, and tidies up.
func (s *sender) settle() {
	s.core.stats.droppedOversize.Add(s.out.dropped)
	s.out.dropped = 0
	s.out.compact()
	s.core.stats.unsent.Store(int64(s.out.entries()))
}

// sendPacket sends one packet. A connection that turns out to be stale is
// worth a second attempt; a packet too large for the way is halved.
func (s *sender) sendPacket(packet []byte) error {
	for attempt := 0; ; attempt++ {
		if s.traits.paced {
			s.pacer.wait(s.core.queue.speed())
		}
		n, err := s.transport.send(s.ctx, packet)
		if n > 0 {
			n := uint64(n)
			s.core.stats.bytes.Add(n)
			s.core.stats.packets.Add(1)
		}
		s.core.stats.sent.Add(uint64(s.out.advance(n)))
		var stale staleError
		switch {
		case err == nil:
			s.retry.reset()
			return nil
		case tooLarge(err):
			s.shrink(packet)
			return nil
		case errors.As(err, &stale) && attempt == 0 && s.ctx.Err() == nil:
			packet = s.out.next()
		default:
			return err
		}
	}
}

// shrink lowers the limit below a packet that was too large, and drops it if
// that cannot help.
func (s *sender) shrink(packet []byte) {
	if limit := len(packet) / 2; limit >= minPacketBytes {
		s.out.limit = limit
		return
	}
	s.core.stats.droppedOversize.Add(uint64(s.out.advance(len(packet))))
}

// flush asks the goroutine for a drain and waits for the answer.
func (s *sender) flush(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case s.flushes <- answer:
	case <-s.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("metrics: flush: %w", ctx.Err())
	}
	select {
	case err := <-answer:
		if err != nil {
			return fmt.Errorf("metrics: flush: %w", err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("metrics: flush: %w", ctx.Err())
	}
}

// grace is how long a transport of ours may take to notice that time is up,
// far more than it needs.
const grace = time.Second

// close stops the goroutine and waits for it, but no longer than it must: a
// writer that hangs, or an error handler that calls Close, would never let it
// end.
func (s *sender) close(timeout time.Duration) error {
	s.once.Do(func() {
		s.core.shut()
		close(s.stop)
	})
	if s.ended(timeout) {
		return s.err
	}
	s.cancel()
	if !s.traits.foreign && s.ended(grace) {
		return s.err
	}
	return errors.New("metrics: close: the transport is still busy after " + timeout.String())
}

// ended waits for the goroutine.
func (s *sender) ended(timeout time.Duration) bool {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-s.done:
		return true
	case <-timer.C:
		return false
	}
}
