// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
)

// requestBody counts what a handler reads of a request.
type requestBody struct {
	io.ReadCloser
	read  atomic.Int64
	outer *http.Request // as the server gave it
	inner *http.Request // as the handler has it
}

func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.read.Add(int64(n))
	}
	if err != nil && b.inner.Trailer == nil {
		// Trailers that were announced are in a map that both have. The others
		// the server gives to the request that it knows.
		b.inner.Trailer = b.outer.Trailer
	}
	return n, err
}

// watch puts b in the place of the body of inner, a copy of r. No body, and
// http.NoBody, stay what they are: their identity tells a handler that there
// is nothing to read.
func (b *requestBody) watch(inner, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	b.ReadCloser, b.outer, b.inner = r.Body, r, inner
	inner.Body = b
}

// copyOf returns r with ctx, for a handler that is not observed.
func copyOf(ctx context.Context, r *http.Request) *http.Request {
	inner := r.WithContext(ctx)
	if r.ProtoMajor == 1 && r.ContentLength < 0 {
		new(requestBody).watch(inner, r) // for its trailers
	}
	return inner
}
