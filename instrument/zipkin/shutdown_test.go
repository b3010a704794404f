// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

func TestShutdownWaitsForTheExportUnderWay(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Hang())
	e := dial(t, c.URL)
	exported, down := make(chan error, 1), make(chan error, 1)
	go func() { exported <- e.ExportSpans(context.Background(), batch(7)) }()
	c.WaitRequests(1)
	go func() { down <- e.Shutdown(context.Background()) }()
	waitStopped(e)
	assert.ErrorIs(t, e.ExportSpans(context.Background(), batch(2)), ErrShutdown, "no new one begins")
	select {
	case err := <-down:
		t.Fatalf("Shutdown did not wait: %v", err)
	default:
	}
	c.Release()
	assert.NoError(t, <-exported)
	assert.NoError(t, <-down)
	s := settled(t, e)
	assert.EqualValues(t, 7, s.Sent)
	assert.Equal(t, Dropped{Stopped: 2}, s.Dropped)
}

// waitStopped waits until Shutdown has begun.
func waitStopped(e *Exporter) {
	for {
		e.mu.Lock()
		stopped := e.stopped
		e.mu.Unlock()
		if stopped {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestShutdownCancelsWhenItsContextEnds(t *testing.T) {
	for name, answer := range map[string]instrumenttest.Answer{
		"a request": instrumenttest.Hang(), "a wait": instrumenttest.RetryAfter(503, "5"),
	} {
		t.Run(name, func(t *testing.T) {
			c := instrumenttest.NewCollector(t, answer)
			e := dial(t, c.URL, WithTimeout(time.Hour))
			exported := make(chan error, 1)
			go func() { exported <- e.ExportSpans(context.Background(), batch(7)) }()
			c.WaitRequests(1)
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			defer cancel()
			err := e.Shutdown(ctx)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.ErrorContains(t, err, "zipkin: shutdown dropped 7 spans under way")
			exportErr := <-exported
			assert.ErrorIs(t, exportErr, context.Canceled)
			assert.Equal(t, Dropped{Canceled: 7}, settled(t, e, err, exportErr).Dropped)
		})
	}
}

func TestCountersAreFinalWhenShutdownReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := New("http://collector.example", WithClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}))
		require.NoError(t, err)
		go func() { _ = e.ExportSpans(context.Background(), batch(7)) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err = e.Shutdown(ctx)
		assert.Equal(t, Dropped{Canceled: 7}, settled(t, e, err).Dropped)
	})
}

func TestShutdownDoesNotWaitForAClientThatHeedsNoContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e, err := New("http://collector.example", WithClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			<-release
			return &http.Response{StatusCode: 202, Body: http.NoBody, Header: http.Header{}}, nil
		})}))
		require.NoError(t, err)
		go func() { _ = e.ExportSpans(context.Background(), batch(7)) }()
		synctest.Wait()
		begin := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err = e.Shutdown(ctx)
		assert.ErrorContains(t, err, "dropped 7 spans")
		assert.LessOrEqual(t, time.Since(begin), time.Second+50*time.Millisecond)
		close(release)
		synctest.Wait()
		assert.EqualValues(t, 7, settled(t, e).Sent, "it was delivered after all")
	})
}

func TestShutdownTwiceIsNoop(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	e := dial(t, c.URL)
	require.NoError(t, e.ExportSpans(context.Background(), batch(1)))
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	assert.NoError(t, e.Shutdown(canceled), "there is nothing to wait for")
	assert.NoError(t, e.Shutdown(context.Background()))
	for range 2 {
		err := e.ExportSpans(context.Background(), batch(3))
		assert.ErrorIs(t, err, ErrShutdown, "each time")
		assert.ErrorIs(t, e.ExportSpans(context.Background(), nil), ErrShutdown)
	}
	assert.Equal(t, Dropped{Stopped: 6}, settled(t, e).Dropped)
	assert.Len(t, c.Requests(), 1)
}

func TestShutdownFromManyGoroutines(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Status(503).Times(3), accepted)
	e := dial(t, c.URL)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() { _ = e.ExportSpans(context.Background(), batch(3)) })
		wg.Go(func() { assert.NoError(t, e.Shutdown(context.Background())) })
	}
	wg.Wait()
	s := settled(t, e)
	assert.EqualValues(t, 64*3, s.Taken)
	assert.EqualValues(t, len(c.Spans()), s.Sent)
}

func TestShutdownOfTheProviderDeliversWhatIsQueued(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Status(503), accepted)
	e := dial(t, c.URL)
	tp := sdktrace.NewTracerProvider(sdktrace.WithBatcher(e))
	for range 1000 {
		_, span := tp.Tracer("test").Start(context.Background(), "work")
		span.End()
	}
	require.NoError(t, tp.Shutdown(context.Background()))
	assert.Len(t, c.Spans(), 1000)
	assert.EqualValues(t, 1000, settled(t, e).Sent)
}
