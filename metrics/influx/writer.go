// SPDX-License-Identifier: Apache-2.0

package influx

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Writer sends points to a database. A nil Writer discards. All methods may be
// called concurrently, and after Close.
type Writer struct {
	config
	stats counters
	queue queue
	last  atomic.Int64 // the latest time that was made up

	// The goroutine's own.
	pending []*batch // failed, and worth another attempt
	pause   time.Duration
	retryAt time.Time

	wake    chan struct{}
	flushes chan chan error
	once    sync.Once
	stop    chan struct{}
	done    chan struct{}
	err     error // of the last flush; read after done

	ctx    context.Context
	cancel context.CancelFunc
}

const (
	firstPause = 500 * time.Millisecond
	maxPause   = time.Minute
)

// NewWriter returns a writer for a database of the server at endpoint, such as
// http://127.0.0.1:8086. It posts to the path write below it, which InfluxDB 1
// and 2 both have. Nothing is connected yet: a server that is absent is no
// error, an address that cannot be read is.
func NewWriter(endpoint, database string, opts ...Option) (*Writer, error) {
	cfg, err := newConfig(endpoint, database, opts)
	if err != nil {
		return nil, err
	}
	w := &Writer{
		config:  cfg,
		queue:   queue{batchBytes: cfg.batchBytes, queueBytes: cfg.queueBytes},
		wake:    make(chan struct{}, 1),
		flushes: make(chan chan error),
		stop:    make(chan struct{}),
		done:    make(chan struct{}),
	}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	go w.run()
	return w, nil
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// Record adds a point. It does not wait. A point without a time gets one that
// no other point of the writer has: InfluxDB keeps one point of a series and a
// time, the last.
func (w *Writer) Record(p Point) {
	if w == nil {
		return
	}
	at := p.Time
	if at.IsZero() {
		at = w.now()
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	line, invalid, ok := appendPoint((*buf)[:0], p, at)
	if cap(line) <= 64<<10 {
		*buf = line
	}
	w.stats.fields.Add(uint64(invalid))
	switch {
	case !ok:
		w.stats.invalid.Add(1)
		return
	case len(line) > w.batchBytes:
		w.stats.oversize.Add(1)
		return
	}
	switch w.queue.add(line) {
	case filled:
		select {
		case w.wake <- struct{}{}:
		default:
		}
	case full:
		w.stats.queue.Add(1)
	case closed:
		w.stats.closed.Add(1)
	}
}

// now returns the time, or a nanosecond after the one it returned last.
func (w *Writer) now() time.Time {
	for {
		last := w.last.Load()
		now := max(time.Now().UnixNano(), last+1)
		if w.last.CompareAndSwap(last, now) {
			return time.Unix(0, now)
		}
	}
}

// Flush sends everything recorded before it was called. It returns the error
// of the server, or of ctx; what may arrive at another attempt is kept. When
// ctx has no deadline, Flush takes at most the time of [WithTimeout]. After
// Close it does nothing.
func (w *Writer) Flush(ctx context.Context) error {
	if w == nil {
		return nil
	}
	if ctx == nil {
		ctx = context.Background()
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, w.timeout)
		defer cancel()
	}
	answer := make(chan error, 1)
	select {
	case w.flushes <- answer:
	case <-w.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("influx: flush: %w", ctx.Err())
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return fmt.Errorf("influx: flush: %w", ctx.Err())
	}
}

// Close sends what is left and ends the goroutine, within the time of
// [WithTimeout]. It may be called often and from anywhere; every call returns
// the same error, which says how many points could not be sent.
func (w *Writer) Close() error {
	if w == nil {
		return nil
	}
	w.once.Do(func() {
		w.queue.close()
		close(w.stop)
	})
	if w.ended(w.timeout) {
		return w.err
	}
	w.cancel()
	if w.ended(time.Second) { // far more than it needs
		return w.err
	}
	return fmt.Errorf("influx: close: the sender is still busy after %v", w.timeout)
}

func (w *Writer) ended(timeout time.Duration) bool {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-w.done:
		return true
	case <-timer.C:
		return false
	}
}

// run sends until the writer is closed.
func (w *Writer) run() {
	defer close(w.done)
	defer w.cancel()
	tick := time.NewTicker(w.interval)
	defer tick.Stop()
	for {
		select {
		case <-w.wake:
			w.unlessPausing(false)
		case <-tick.C:
			w.unlessPausing(true)
		case answer := <-w.flushes:
			answer <- w.drain(true)
		case <-w.stop:
			w.err = w.drain(true)
			w.giveUp()
			if w.ownClient {
				w.client.CloseIdleConnections()
			}
			return
		}
	}
}

func (w *Writer) unlessPausing(all bool) {
	if !time.Now().Before(w.retryAt) {
		_ = w.drain(all) // counted
	}
}

// drain sends batches until there are none or one has to wait. It returns what
// the server had against them.
func (w *Writer) drain(all bool) error {
	var errs []error
	for {
		b := w.next(all)
		if b == nil {
			return errors.Join(errs...)
		}
		a := w.post(w.ctx, b)
		if a.err != nil {
			w.failed(a.err)
			errs = append(errs, a.err)
		}
		switch {
		case a.tooLarge:
			first, second := b.split()
			w.pending = append([]*batch{first, second}, w.pending...)
			errs = errs[:len(errs)-1] // if the halves pass, all is well
		case a.again:
			w.pending = append([]*batch{b}, w.pending...)
			w.pause = min(max(2*w.pause, firstPause), maxPause)
			w.retryAt = time.Now().Add(max(a.after, w.pause-rand.N(w.pause/4)))
			return errors.Join(errs...)
		default:
			w.settle(b, a.rejected)
		}
	}
}

func (w *Writer) next(all bool) *batch {
	if len(w.pending) == 0 {
		return w.queue.take(all)
	}
	b := w.pending[0]
	w.pending = w.pending[1:]
	return b
}

// settle accounts for a batch that the server has judged.
func (w *Writer) settle(b *batch, rejected int) {
	w.pause, w.retryAt = 0, time.Time{}
	w.queue.done(b)
	w.stats.rejected.Add(uint64(rejected))
	if rejected < b.points() {
		w.stats.sent.Add(uint64(b.points() - rejected))
		w.stats.bytes.Add(uint64(len(b.lines)))
	}
}

// giveUp accounts for what Close could not send.
func (w *Writer) giveUp() {
	var unsent int
	for b := w.next(true); b != nil; b = w.next(true) {
		w.queue.done(b)
		unsent += b.points()
	}
	w.stats.unsent.Add(uint64(unsent))
	if unsent > 0 {
		w.err = fmt.Errorf("influx: close: %d points unsent: %w", unsent, w.err)
	}
}

func (w *Writer) failed(err error) {
	text := err.Error()
	w.stats.lastError.Store(&text)
	w.stats.failures.Add(1)
	if w.onError == nil {
		return
	}
	// A panic is the user's, but the goroutine is ours.
	defer func() {
		if v := recover(); v != nil {
			text := fmt.Sprintf("influx: error handler panicked: %v", v)
			w.stats.lastError.Store(&text)
		}
	}()
	w.onError(err)
}
