// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

func TestPoisonCostsItselfAlone(t *testing.T) {
	backwards, ancient := stub(), stub()
	backwards.EndTime = backwards.StartTime.Add(-time.Second)
	ancient.StartTime = time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, poison := range map[string]sdktrace.ReadOnlySpan{
		"end before start": backwards.Snapshot(), "before 1970": ancient.Snapshot(), "nil": nil, "panics": broken{},
	} {
		for _, at := range []int{0, 255, 511} {
			t.Run(name, func(t *testing.T) {
				c := instrumenttest.NewCollector(t)
				e := dial(t, c.URL)
				spans := batch(512)
				spans[at] = poison
				err := e.ExportSpans(context.Background(), spans)
				assert.ErrorContains(t, err, "1 of 512 spans dropped (1 invalid)")
				assert.Len(t, c.Spans(), 511)
				s := settled(t, e, err)
				assert.Equal(t, Dropped{Invalid: 1}, s.Dropped)
				assert.EqualValues(t, 511, s.Sent)
			})
		}
	}
}

func TestABatchOfPoisonMakesNoRequest(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	e := dial(t, c.URL)
	err := e.ExportSpans(context.Background(), []sdktrace.ReadOnlySpan{nil, nil})
	assert.Equal(t, Dropped{Invalid: 2}, settled(t, e, err).Dropped)
	require.NoError(t, e.ExportSpans(context.Background(), nil))
	assert.Empty(t, c.Requests())
	assert.Empty(t, c.Probes())
}

func TestCountersAreExactFromManyGoroutinesAndUnderEveryFault(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	faults := []instrumenttest.Answer{
		accepted, accepted, accepted, instrumenttest.Status(503), instrumenttest.Status(400), instrumenttest.Reset(), instrumenttest.Redirect("/x"),
		instrumenttest.Status(429), instrumenttest.TooLarge(300), instrumenttest.Drip(200, time.Millisecond), instrumenttest.EndlessBody(500),
	}
	var script []instrumenttest.Answer
	for range 300 {
		script = append(script, faults[r.IntN(len(faults))])
	}
	c := instrumenttest.NewCollector(t, append(script, accepted)...)
	e := dial(t, c.URL)
	const goroutines, exports = 64, 8
	taken := 0
	var wg sync.WaitGroup
	stop := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			s := e.Stats()
			if !assert.Equal(t, s.Taken, s.Sent+s.InFlight+s.Dropped.Total(), "at any moment") {
				return
			}
		}
	})
	for g := range goroutines {
		for i := range exports {
			taken += 1 + (g+i)%7
		}
		wg.Go(func() {
			for i := range exports {
				spans := batch(1 + (g+i)%7)
				if i == 3 {
					spans[0] = nil
				}
				_ = e.ExportSpans(context.Background(), spans)
			}
		})
	}
	wg.Wait()
	close(stop)
	watch.Wait()
	s := settled(t, e)
	assert.EqualValues(t, taken, s.Taken)
	assert.EqualValues(t, len(c.Spans()), s.Sent)
	assert.EqualValues(t, goroutines, s.Dropped.Invalid)
	assert.EqualValues(t, len(c.Requests()), s.Requests)
	assert.Positive(t, s.Dropped.Rejected)
}

func TestAClientThatPanicsIsCountedAndSeen(t *testing.T) {
	e := dial(t, "http://collector.example", WithClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { panic("boom") })}))
	assert.PanicsWithValue(t, "boom", func() { _ = e.ExportSpans(context.Background(), batch(4)) })
	assert.Equal(t, Dropped{Unavailable: 4}, settled(t, e).Dropped)
	require.NoError(t, e.Shutdown(context.Background()), "nothing is under way")
}

func TestDroppedListsItsReasons(t *testing.T) {
	d := Dropped{1, 2, 3, 4, 5, 6, 7}
	assert.EqualValues(t, 28, d.Total())
	assert.Equal(t, "1 invalid, 2 too large, 3 rejected, 4 unavailable, 5 canceled, 6 stopped, 7 own", d.String())
	assert.Equal(t, "none", Dropped{}.String())
}

func TestProbeSaysWhetherSpansAreTaken(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	e := dial(t, c.URL)
	require.NoError(t, e.Probe(context.Background()))
	require.Len(t, c.Probes(), 1)
	assert.Equal(t, "tok/abc+def", c.Probes()[0].Header.Get("X-Token"))

	c.Play(instrumenttest.Status(403).WithBody("bad key sk-0123456789"))
	err := e.Probe(context.Background())
	assert.ErrorContains(t, err, `zipkin: POST "http://REDACTED@127.0.0.1:`)
	assert.ErrorContains(t, err, `: 403 Forbidden: "bad key REDACTED"`)
	settled(t, e, err)

	c.Close()
	err = e.Probe(context.Background())
	assert.Error(t, err)
	s := settled(t, e, err)
	assert.Zero(t, s.Taken)
	assert.Zero(t, s.Requests)
	require.NoError(t, e.Shutdown(context.Background()))
	assert.ErrorIs(t, e.Probe(context.Background()), ErrShutdown)
}
