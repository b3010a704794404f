// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"fmt"
	"io"
)

// writer sends to a Writer of the user's, one Write a packet.
type writer struct{ w io.Writer }

func (w writer) traits() traits { return traits{paced: true, lossy: true, foreign: true} }

// send writes packet. A panic is the user's, but the goroutine is ours: it
// must not take the program down.
func (w writer) send(_ context.Context, packet []byte) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			n, err = 0, fmt.Errorf("metrics: writer panicked: %v", v)
		}
	}()
	n, err = w.w.Write(packet)
	switch {
	case n < 0 || n > len(packet):
		return 0, fmt.Errorf("metrics: writer says it took %d of %d bytes", n, len(packet))
	case err != nil:
		return 0, err
	case n < len(packet):
		return 0, io.ErrShortWrite
	}
	return n, nil
}

func (writer) close() {}
