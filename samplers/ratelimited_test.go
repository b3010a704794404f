// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/samplers"
)

// keeps counts how many of n questions asked at once are answered with yes.
func keeps(s sdktrace.Sampler, n int) (count int) {
	for range n {
		if ask(s, context.Background(), dropped).Decision == sdktrace.RecordAndSample {
			count++
		}
	}
	return count
}

func TestRateLimitedStartsFullAndHoldsOneSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := samplers.RateLimited(10)
		assert.Equal(t, 10, keeps(s, 1000), "full at the start")
		time.Sleep(100 * time.Millisecond)
		assert.Equal(t, 1, keeps(s, 1000), "a tenth of a second is one")
		time.Sleep(99 * time.Millisecond)
		assert.Equal(t, 0, keeps(s, 1000))
		time.Sleep(time.Millisecond)
		assert.Equal(t, 1, keeps(s, 1000))
		time.Sleep(250 * time.Millisecond)
		assert.Equal(t, 2, keeps(s, 1000), "half a token stays in the bucket")
		time.Sleep(50 * time.Millisecond)
		assert.Equal(t, 1, keeps(s, 1000))
		time.Sleep(24 * time.Hour)
		assert.Equal(t, 10, keeps(s, 1000), "an idle day saves up one second")
	})
}

func TestRateLimitedNeverExceedsItsRateOverTime(t *testing.T) {
	for name, rate := range map[string]float64{
		"whole": 7, "fraction": 2.5, "does not divide a second": 3, "one in ten seconds": 0.1, "many": 1e5,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := samplers.RateLimited(rate)
				burst := math.Max(1, math.Floor(rate))
				total := keeps(s, int(burst)+10)
				assert.EqualValues(t, burst, total)
				const steps, step = 2000, 17 * time.Millisecond
				for range steps {
					time.Sleep(step)
					total += keeps(s, int(rate*step.Seconds())+3)
				}
				most := rate*(steps*step).Seconds() + math.Max(1, rate)
				assert.LessOrEqual(t, float64(total), most)
				assert.Greater(t, float64(total), most-2-rate*1e-3, "and uses it up")
			})
		})
	}
}

func TestEmptiedBucketIsFullASecondLater(t *testing.T) {
	for _, rate := range []int{1, 3, 7, 30, 60, 999, 12_345, 300_000} {
		t.Run(strconv.Itoa(rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := samplers.RateLimited(float64(rate))
				for second := range 5 {
					assert.Equal(t, rate, keeps(s, rate+10), "second %d", second)
					time.Sleep(time.Second)
				}
			})
		})
	}
}

func TestRateBelowOneIsOneTraceInThatManySeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := samplers.RateLimited(0.1)
		assert.Equal(t, 1, keeps(s, 10))
		time.Sleep(9999 * time.Millisecond)
		assert.Equal(t, 0, keeps(s, 10))
		time.Sleep(time.Millisecond)
		assert.Equal(t, 1, keeps(s, 10))
	})
}

func TestRateThatMakesNoSenseKeepsNothing(t *testing.T) {
	for _, rate := range []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		assert.Zero(t, keeps(samplers.RateLimited(rate), 10), rate)
		assert.Equal(t, "RateLimited{0}", samplers.RateLimited(rate).Description())
		assert.Zero(t, keeps(samplers.AtMost(rate, samplers.Probability(1)), 10), rate)
	}
	assert.Equal(t, 10, keeps(samplers.RateLimited(math.MaxFloat64), 10))
	assert.Equal(t, 1, keeps(samplers.RateLimited(math.SmallestNonzeroFloat64), 10))
}

func TestRateLimitedIsRightUnder64Goroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate, goroutines = 100_000, 64
		s := samplers.RateLimited(rate)
		for second := range 3 {
			var kept atomic.Int64
			var wg sync.WaitGroup
			for range goroutines {
				wg.Go(func() { kept.Add(int64(keeps(s, rate/8))) })
			}
			wg.Wait()
			assert.EqualValues(t, rate, kept.Load(), "second %d", second)
			time.Sleep(time.Second)
		}
	})
}

func TestAtMostBoundsWhatNextKeeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		assert.Equal(t, 5, keeps(samplers.AtMost(5, samplers.Probability(1)), 100))
		assert.Equal(t, 0, keeps(samplers.AtMost(5, samplers.Probability(0)), 100))
		assert.Equal(t, 0, keeps(samplers.AtMost(5, nil), 100))

		s := samplers.AtMost(1, samplers.Probability(0.5))
		ctx := parent{tracestate: "ot=rv:ffffffffffffff;xx:1,v=1"}.context(t, dropped)
		for _, want := range []sdktrace.SamplingDecision{sdktrace.RecordAndSample, sdktrace.Drop} {
			got := ask(s, ctx, dropped)
			assert.Equal(t, want, got.Decision)
			assert.Equal(t, "ot=rv:ffffffffffffff;xx:1,v=1", got.Tracestate.String(), "no threshold is true of it")
		}
		low := parent{tracestate: "ot=rv:00000000000001"}.context(t, dropped)
		for range 10 {
			ask(s, low, dropped)
		}
		time.Sleep(time.Second)
		assert.Equal(t, sdktrace.RecordAndSample, ask(s, ctx, dropped).Decision, "what next drops takes no token")
	})
}

func TestAtMostKeepsARecordOnlyDecision(t *testing.T) {
	s := samplers.AtMost(5, samplers.AlwaysRecord(samplers.Probability(0)))
	assert.Equal(t, sdktrace.RecordOnly, ask(s, context.Background(), kept).Decision)
}
