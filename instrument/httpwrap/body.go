// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"io"
	"net/http"
	"sync/atomic"
)

// requestBody counts what a handler reads of a request.
type requestBody struct {
	io.ReadCloser
	read atomic.Int64
}

func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.read.Add(int64(n))
	}
	return n, err
}

// watch puts b in the place of r's body. No body, and http.NoBody, stay what
// they are: their identity tells a handler that there is nothing to read.
func (b *requestBody) watch(r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	b.ReadCloser = r.Body
	r.Body = b
}
