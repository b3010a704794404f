// SPDX-License-Identifier: Apache-2.0

package influx_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics/influx"
)

// server is a database that answers as it is told and remembers its lines.
type server struct {
	*httptest.Server
	answer atomic.Pointer[func(http.ResponseWriter, *http.Request, string) bool]

	mu       sync.Mutex
	lines    []string
	requests []*http.Request
}

func serve(t *testing.T) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		if f := s.answer.Load(); f != nil && (*f)(w, r, string(body)) {
			return
		}
		s.mu.Lock()
		s.lines = append(s.lines, strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")...)
		s.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(s.Close)
	return s
}

// always has the server answer code, and not take the lines.
func (s *server) always(code int, body string, headers ...string) {
	f := func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
		return true
	}
	s.answer.Store(&f)
}

func (s *server) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.lines...)
}

func (s *server) request(i int) *http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[i]
}

func open(t *testing.T, s *server, opts ...influx.Option) *influx.Writer {
	t.Helper()
	w, err := influx.NewWriter(s.URL, "shop", opts...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func point(i int) influx.Point {
	return influx.Point{Measurement: "m", Fields: []influx.Field{influx.Int("v", int64(i))}}
}

func TestPointsArrive(t *testing.T) {
	s := serve(t)
	w := open(t, s, influx.WithRetentionPolicy("week"))
	w.Record(influx.Point{
		Measurement: "request",
		Tags:        []influx.Tag{{Key: "method", Value: "GET"}},
		Fields:      []influx.Field{influx.Int("status", 200), influx.Duration("took", 250*time.Millisecond)},
		Time:        time.Unix(1, 5),
	})
	require.NoError(t, w.Flush(nil)) //lint:ignore SA1012 a nil context is allowed and means none
	assert.Equal(t, []string{"request,method=GET status=200i,took=0.25 1000000005"}, s.got())
	r := s.request(0)
	assert.Equal(t, "/write", r.URL.Path)
	assert.Equal(t, "db=shop&precision=ns&rp=week", r.URL.RawQuery)
	assert.Empty(t, r.Header.Get("Authorization"))
	assert.EqualValues(t, 1, w.Stats().Sent)
}

func TestPointsAreSentWithoutBeingAsked(t *testing.T) {
	s := serve(t)
	w := open(t, s, influx.WithFlushInterval(time.Millisecond))
	w.Record(point(1))
	for len(s.got()) == 0 {
		time.Sleep(time.Millisecond)
	}
}

func TestFullBatchesDoNotWait(t *testing.T) {
	s := serve(t)
	w := open(t, s, influx.WithFlushInterval(time.Hour), influx.WithBatchBytes(1024))
	const n = 1000
	for i := range n {
		w.Record(point(i))
	}
	for len(s.got()) < n/2 {
		time.Sleep(time.Millisecond)
	}
	require.NoError(t, w.Close())
	assert.Len(t, s.got(), n)
	stats := w.Stats()
	assert.EqualValues(t, n, stats.Sent)
	assert.Greater(t, stats.Requests, uint64(20))
	assert.Zero(t, stats.Queued)
}

func TestNoTwoPointsHaveOneTime(t *testing.T) {
	s := serve(t)
	w := open(t, s)
	const goroutines, each = 8, 500
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for i := range each {
				w.Record(point(i))
			}
		})
	}
	wg.Wait()
	require.NoError(t, w.Close())
	times := map[string]bool{}
	for _, line := range s.got() {
		times[line[strings.LastIndexByte(line, ' '):]] = true
	}
	assert.Len(t, times, goroutines*each)
}

func TestCredentials(t *testing.T) {
	s := serve(t)
	for name, tc := range map[string]struct {
		url  string
		opts []influx.Option
		want string
	}{
		"of the URL":         {strings.Replace(s.URL, "://", "://ann:secret@", 1), nil, "Basic YW5uOnNlY3JldA=="},
		"given":              {s.URL, []influx.Option{influx.WithCredentials("ann", "secret")}, "Basic YW5uOnNlY3JldA=="},
		"given wins":         {strings.Replace(s.URL, "://", "://bob:x@", 1), []influx.Option{influx.WithCredentials("ann", "secret")}, "Basic YW5uOnNlY3JldA=="},
		"token of version 2": {s.URL, []influx.Option{influx.WithToken("secret")}, "Token secret"},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := influx.NewWriter(tc.url, "shop", tc.opts...)
			require.NoError(t, err)
			w.Record(point(1))
			require.NoError(t, w.Close())
			s.mu.Lock()
			defer s.mu.Unlock()
			last := s.requests[len(s.requests)-1]
			assert.Equal(t, tc.want, last.Header.Get("Authorization"))
			assert.NotContains(t, last.URL.String(), "secret")
		})
	}
}

func TestMistakesAreErrorsWithoutSecrets(t *testing.T) {
	for name, tc := range map[string]struct {
		url, database string
		opts          []influx.Option
		err           string
	}{
		"no database":    {"http://h:1", "", nil, "influx: no database is named"},
		"no URL":         {"http://ann:secret@h:port\n", "shop", nil, "influx: the address is no URL"},
		"no scheme":      {"h:8086", "shop", nil, `influx: address "h:8086" is not http://host:port`},
		"another scheme": {"udp://ann:secret@h:1", "shop", nil, `influx: address "udp://ann:xxxxx@h:1" is not http://host:port`},
		"no host":        {"http:///x", "shop", nil, `influx: address "http:///x" is not http://host:port`},
		"interval":       {"http://h:1", "shop", []influx.Option{influx.WithFlushInterval(0)}, "influx: flush interval 0s is not positive"},
		"timeout":        {"http://h:1", "shop", []influx.Option{influx.WithTimeout(-1)}, "influx: timeout -1ns is not positive"},
		"batch":          {"http://h:1", "shop", []influx.Option{influx.WithBatchBytes(1)}, "influx: a batch of 1 bytes is less than 1024"},
		"queue":          {"http://h:1", "shop", []influx.Option{nil, influx.WithQueueBytes(1)}, "influx: a queue of 1 bytes is less than a batch of 262144"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := influx.NewWriter(tc.url, tc.database, tc.opts...)
			assert.EqualError(t, err, tc.err)
		})
	}
}

func TestInvalidPointsAreCounted(t *testing.T) {
	s := serve(t)
	w := open(t, s, influx.WithBatchBytes(1024))
	w.Record(influx.Point{})
	w.Record(influx.Point{Measurement: "m"})
	w.Record(influx.Point{Measurement: "m", Fields: []influx.Field{influx.Float("a", math.NaN())}})
	w.Record(influx.Point{Measurement: strings.Repeat("x", 2000), Fields: []influx.Field{influx.Int("v", 1)}})
	w.Record(point(1))
	require.NoError(t, w.Close())
	w.Record(point(2))
	stats := w.Stats()
	assert.Equal(t, influx.Drops{Invalid: 3, Oversize: 1, Fields: 1, Closed: 1}, stats.Dropped)
	assert.EqualValues(t, 1, stats.Sent)
}

func TestANilWriterDiscards(t *testing.T) {
	var w *influx.Writer
	w.Record(point(1))
	assert.NoError(t, w.Flush(context.Background()))
	assert.NoError(t, w.Close())
	assert.Zero(t, w.Stats())
}

func ExampleWriter_Record() {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		line, _ := io.ReadAll(r.Body)
		fmt.Print(string(line))
		w.WriteHeader(http.StatusNoContent)
	}))
	defer s.Close()
	w, err := influx.NewWriter(s.URL, "shop")
	if err != nil {
		fmt.Println(err)
		return
	}
	w.Record(influx.Point{
		Measurement: "request",
		Tags:        []influx.Tag{{Key: "method", Value: "GET"}},
		Fields:      []influx.Field{influx.Int("status", 200), influx.Duration("took", 12500*time.Microsecond)},
		Time:        time.Unix(1767323045, 0),
	})
	_ = w.Close()
	// Output: request,method=GET status=200i,took=0.0125 1767323045000000000
}
