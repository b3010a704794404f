// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"errors"
	"io"
	"sync"
)

var errDetached = errors.New("zipkin: request is over")

// body is the body of one attempt. A transport may go on reading it after the
// answer has come; detach keeps it from doing so, because the bytes are used
// again for the next request.
type body struct {
	mu   sync.Mutex
	rest []byte
	gone bool
}

func newBody(data []byte) *body { return &body{rest: data} }

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone {
		return 0, errDetached
	}
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (b *body) Close() error { return nil }

func (b *body) detach() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rest, b.gone = nil, true
}

// bodies makes the bodies of one attempt: a transport asks for another when
// the connection it took from its pool turns out to be closed.
type bodies struct {
	data []byte
	mu   sync.Mutex
	made []*body
	gone bool
}

func (b *bodies) open() (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone {
		return nil, errDetached
	}
	next := newBody(b.data)
	b.made = append(b.made, next)
	return next, nil
}

func (b *bodies) detach() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gone = true
	for _, made := range b.made {
		made.detach()
	}
}
