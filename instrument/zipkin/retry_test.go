// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// inBubble runs f with an exporter to c whose time is that of a bubble, and
// with the times at which c got its requests.
func inBubble(t *testing.T, c *instrumenttest.Collector, f func(e *Exporter, at func() []time.Duration), opts ...Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		requests := &clock{since: time.Now()}
		client := &http.Client{Transport: inside{c, requests.tick}}
		e, err := New(c.URL, append([]Option{WithClient(client)}, opts...)...)
		require.NoError(t, err)
		f(e, func() []time.Duration {
			requests.mu.Lock()
			defer requests.mu.Unlock()
			return append([]time.Duration{}, requests.times...)
		})
		assert.NoError(t, e.Shutdown(context.Background()))
	})
}

func TestRepetitionsWaitLongerEachTimeAndEndWithTheDeadline(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Status(503))
	inBubble(t, c, func(e *Exporter, at func() []time.Duration) {
		begin := time.Now()
		err := e.ExportSpans(context.Background(), batch(5))
		assert.Error(t, err)
		assert.LessOrEqual(t, time.Since(begin), 10*time.Second)
		times := at()
		require.GreaterOrEqual(t, len(times), 5)
		for i, whole := range []time.Duration{200, 400, 800, 1600} {
			wait := times[i+1] - times[i]
			assert.GreaterOrEqual(t, wait, whole*time.Millisecond/2)
			assert.LessOrEqual(t, wait, whole*time.Millisecond)
		}
		s := settled(t, e, err)
		assert.Equal(t, Dropped{Unavailable: 5}, s.Dropped)
		assert.EqualValues(t, len(times)-1, s.Retried)
	})
}

func TestRetryAfterIsHonored(t *testing.T) {
	// A bubble's time begins at midnight UTC, 2000-01-01.
	midnight := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		after    string
		min, max time.Duration
	}{
		"seconds":             {"3", 3 * time.Second, 3 * time.Second},
		"date":                {midnight.Add(4 * time.Second).Format(http.TimeFormat), 4 * time.Second, 4 * time.Second},
		"no time":             {"0", 100 * time.Millisecond, 200 * time.Millisecond},
		"past date":           {midnight.Add(-time.Hour).Format(http.TimeFormat), 100 * time.Millisecond, 200 * time.Millisecond},
		"an hour":             {"3600", maxWait, maxWait},
		"absurd":              {"999999999999999999999999999", maxWait, maxWait},
		"absurd date":         {"Fri, 31 Dec 9999 23:59:59 GMT", maxWait, maxWait},
		"negative":            {"-5", 100 * time.Millisecond, 200 * time.Millisecond},
		"not a number":        {"1e9", 100 * time.Millisecond, 200 * time.Millisecond},
		"space around":        {" 2 ", 2 * time.Second, 2 * time.Second},
		"less than the usual": {"", 100 * time.Millisecond, 200 * time.Millisecond},
	} {
		for _, status := range []int{429, 502, 503, 504} {
			t.Run(name, func(t *testing.T) {
				c := instrumenttest.NewCollector(t, instrumenttest.RetryAfter(status, tc.after), instrumenttest.Accepted())
				inBubble(t, c, func(e *Exporter, at func() []time.Duration) {
					require.NoError(t, e.ExportSpans(context.Background(), batch(5)))
					require.Len(t, at(), 2)
					assert.GreaterOrEqual(t, at()[1], tc.min)
					assert.LessOrEqual(t, at()[1], tc.max)
					assert.EqualValues(t, 5, settled(t, e).Sent)
				})
			})
		}
	}
}

func TestAWaitThatTheDeadlineCutsShortIsNotBegun(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.RetryAfter(429, "4"))
	inBubble(t, c, func(e *Exporter, _ func() []time.Duration) {
		begin := time.Now()
		err := e.ExportSpans(context.Background(), batch(5))
		require.Error(t, err)
		assert.Zero(t, time.Since(begin), "the next batch has its turn at once")
		assert.Equal(t, Dropped{Unavailable: 5}, settled(t, e, err).Dropped)
	}, WithTimeout(3*time.Second))
}

func TestFailuresAreToldOnceAnIntervalWithTheNumberOfSpans(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Status(400))
	synctest.Test(t, func(t *testing.T) {
		e, err := New(c.URL, WithClient(&http.Client{Transport: inside{handler: c}}))
		require.NoError(t, err)
		ctx := context.Background()
		assert.ErrorContains(t, e.ExportSpans(ctx, batch(3)), "3 of 3 spans dropped (3 rejected)")
		for range 4 {
			time.Sleep(time.Second)
			assert.NoError(t, e.ExportSpans(ctx, batch(3)))
		}
		time.Sleep(time.Second)
		assert.ErrorContains(t, e.ExportSpans(ctx, batch(3)), "; 12 more spans dropped in 4 exports since the last report")
		assert.NoError(t, e.ExportSpans(ctx, batch(2)))
		assert.NotEmpty(t, e.Stats().LastError)
		err = e.Shutdown(ctx)
		assert.ErrorContains(t, err, "zipkin: 2 spans dropped in 1 exports since the last report, the last of them: zipkin: 2 of 2")
		assert.NoError(t, e.Shutdown(ctx), "told once")
		assert.Equal(t, Dropped{Rejected: 20}, settled(t, e, err).Dropped)
	})
}

func TestErrorIntervalOfZeroTellsEachFailure(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Status(400))
	e := dial(t, c.URL, WithErrorInterval(0))
	for range 3 {
		assert.Error(t, e.ExportSpans(context.Background(), batch(1)))
	}
}

func TestABatchProcessorTellsTheHandlerOnce(t *testing.T) {
	told := handled(t)
	c := instrumenttest.NewCollector(t, instrumenttest.Status(400).WithBody("hunter2"))
	e := dial(t, c.URL)
	tp := sdktrace.NewTracerProvider(sdktrace.WithBatcher(e, sdktrace.WithMaxExportBatchSize(2), sdktrace.WithBlocking()))
	for range 60 {
		_, span := tp.Tracer("test").Start(context.Background(), "work")
		span.End()
	}
	require.NoError(t, tp.ForceFlush(context.Background()))
	err := tp.Shutdown(context.Background())
	require.Len(t, told(), 1)
	assert.Contains(t, told()[0], "spans dropped")
	assert.NotContains(t, told()[0], "hunter2")
	assert.ErrorContains(t, err, "58 spans dropped", "Shutdown tells the rest")
	assert.Equal(t, Dropped{Rejected: 60}, settled(t, e, err).Dropped)
}

func TestBackoffIsBetweenHalfAndWhole(t *testing.T) {
	for n := range 100 {
		whole := maxWait
		if n < 5 {
			whole = firstBackoff << n
		}
		for range 50 {
			d := backoff(n)
			assert.GreaterOrEqual(t, d, whole/2, "repetition %d", n)
			assert.LessOrEqual(t, d, whole, "repetition %d", n)
		}
	}
}
