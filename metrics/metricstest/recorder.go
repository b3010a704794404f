// SPDX-License-Identifier: Apache-2.0

package metricstest

import (
	"context"
	"testing"

	"github.com/waymark-otel/waymark/metrics"
)

// Recorder is a client that writes to memory. Every question flushes the
// client first, so nothing has to wait.
type Recorder struct {
	Sink
	client *metrics.Client
}

// NewRecorder returns a recorder whose client has opts. The client is closed
// when the test ends, and a line that no receiver would read fails the test
// then.
func NewRecorder(t testing.TB, opts ...metrics.Option) *Recorder {
	r := &Recorder{}
	r.client = metrics.New(&r.Sink, opts...)
	r.sync = func() { _ = r.client.Flush(context.Background()) }
	t.Cleanup(func() {
		if err := r.client.Close(); err != nil {
			t.Errorf("metricstest: %v", err)
		}
		for _, line := range r.Bad() {
			_, err := Parse(line)
			t.Error(err)
		}
	})
	return r
}

// Client returns the client to record with.
func (r *Recorder) Client() *metrics.Client { return r.client }
