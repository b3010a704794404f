// SPDX-License-Identifier: Apache-2.0

package influx_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics/influx"
)

func TestWhatTheServerRefusesIsDroppedOrKept(t *testing.T) {
	for name, tc := range map[string]struct {
		code     int
		body     string
		rejected uint64 // of three
		kept     bool
	}{
		"bad request":       {400, `{"error":"unable to parse"}`, 3, false},
		"partial write":     {400, `{"error":"partial write: field type conflict: input field \"v\" on measurement \"m\" is type integer, already exists as type float dropped=1"}`, 1, false},
		"absurd partial":    {400, `{"error":"partial write: x dropped=99"}`, 3, false},
		"unauthorized":      {401, `{"error":"authorization failed"}`, 3, false},
		"no such database":  {404, `{"error":"database not found"}`, 3, false},
		"redirect":          {307, "", 3, false},
		"too many requests": {429, "", 0, true},
		"request timeout":   {408, "", 0, true},
		"server error":      {500, `{"error":"timeout"}`, 0, true},
		"unavailable":       {503, "", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			s.always(tc.code, tc.body, "Location", "http://127.0.0.1:1/elsewhere")
			w := open(t, s)
			for i := range 3 {
				w.Record(point(i))
			}
			assert.ErrorContains(t, w.Flush(context.Background()), "influx: the server answers")
			stats := w.Stats()
			assert.Equal(t, tc.rejected, stats.Dropped.Rejected)
			assert.Contains(t, stats.LastError, "influx: the server answers")
			assert.EqualValues(t, 1, stats.Failures)

			s.answer.Store(nil)
			w.Record(point(3))
			require.NoError(t, w.Flush(context.Background()))
			if tc.kept {
				assert.Len(t, s.got(), 4)
				assert.EqualValues(t, 4, w.Stats().Sent)
			} else {
				assert.Len(t, s.got(), 1)
				assert.EqualValues(t, 4-tc.rejected, w.Stats().Sent)
			}
			assert.Zero(t, w.Stats().Queued)
		})
	}
}

func TestBatchesTooLargeAreHalved(t *testing.T) {
	s := serve(t)
	limit := func(w http.ResponseWriter, _ *http.Request, body string) bool {
		if len(body) > 200 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return true
		}
		return false
	}
	s.answer.Store(&limit)
	w := open(t, s)
	const n = 101
	for i := range n {
		w.Record(point(i))
	}
	w.Record(influx.Point{Measurement: "m", Fields: []influx.Field{influx.String("s", strings.Repeat("line\n", 100))}})
	err := w.Flush(context.Background())
	assert.ErrorContains(t, err, "413", "the one point that no half can help")
	assert.Len(t, s.got(), n)
	stats := w.Stats()
	assert.EqualValues(t, n, stats.Sent)
	assert.EqualValues(t, 1, stats.Dropped.Rejected)
	assert.Zero(t, stats.Queued)
}

func TestAServerMayComeLate(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	var heard atomic.Int64
	w, err := influx.NewWriter("http://"+addr, "shop", influx.WithErrorHandler(func(error) { heard.Add(1) }))
	require.NoError(t, err)
	defer w.Close()
	w.Record(point(1))
	assert.ErrorContains(t, w.Flush(context.Background()), "connection refused")
	assert.EqualValues(t, 1, heard.Load())
	w.Record(point(2))

	l, err = net.Listen("tcp", addr)
	require.NoError(t, err)
	var bodies atomic.Int64
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		bodies.Add(1)
		w.WriteHeader(http.StatusNoContent)
	})}
	go func() { _ = s.Serve(l) }()
	defer s.Close()
	require.NoError(t, w.Flush(context.Background()))
	assert.EqualValues(t, 2, bodies.Load())
	assert.EqualValues(t, 2, w.Stats().Sent)
}

func TestAttemptsBackOff(t *testing.T) {
	s := serve(t)
	s.always(503, "", "Retry-After", "3600")
	w := open(t, s, influx.WithFlushInterval(time.Millisecond))
	w.Record(point(1))
	for w.Stats().Failures == 0 {
		time.Sleep(time.Millisecond)
	}
	for range 50 { // many intervals, no attempt
		w.Record(point(1))
		time.Sleep(time.Millisecond)
	}
	assert.EqualValues(t, 1, w.Stats().Failures)
	s.answer.Store(nil)
	require.NoError(t, w.Flush(context.Background()), "Flush does not wait its turn")
	assert.EqualValues(t, 51, w.Stats().Sent)
}

func TestAServerThatHangsHoldsNobodyUp(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer s.Close()
	defer close(release)
	w, err := influx.NewWriter(s.URL, "shop", influx.WithTimeout(30*time.Millisecond), influx.WithBatchBytes(1024), influx.WithQueueBytes(4096))
	require.NoError(t, err)
	const n = 1000
	for i := range n {
		w.Record(point(i))
	}
	assert.Error(t, w.Flush(context.Background()))
	assert.ErrorContains(t, w.Close(), "points unsent")
	stats := w.Stats()
	assert.EqualValues(t, n, stats.Dropped.Queue+stats.Dropped.Unsent)
	assert.LessOrEqual(t, stats.Dropped.Unsent, uint64(4096/len("m v=0i 1000000005\n")))
	assert.Zero(t, stats.Queued)
}

func TestCloseTwiceIsNoopAndLeavesNothing(t *testing.T) {
	s := serve(t)
	use := func() {
		w, err := influx.NewWriter(s.URL, "shop")
		require.NoError(t, err)
		w.Record(point(1))
		require.NoError(t, w.Close())
		require.NoError(t, w.Close())
		require.NoError(t, w.Flush(context.Background()))
	}
	use()
	s.CloseClientConnections()
	before := runtime.NumGoroutine()
	for range 50 {
		use()
	}
	s.CloseClientConnections()
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(deadline); {
		runtime.Gosched()
	}
	assert.LessOrEqual(t, runtime.NumGoroutine(), before)
}

func TestAPanicOfTheErrorHandlerEndsNothing(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer s.Close()
	w, err := influx.NewWriter(s.URL, "shop", influx.WithErrorHandler(func(error) { panic("oops") }))
	require.NoError(t, err)
	for range 2 {
		w.Record(point(1))
		assert.Error(t, w.Flush(context.Background()))
	}
	assert.NoError(t, w.Close())
	assert.EqualValues(t, 2, w.Stats().Dropped.Rejected)
	assert.Equal(t, "influx: error handler panicked: oops", w.Stats().LastError)
}
