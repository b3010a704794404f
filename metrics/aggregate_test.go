// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"context"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/metricstest"
)

// written returns what a client wrote for do.
func written(t *testing.T, do func(*metrics.Client), opts ...metrics.Option) []string {
	t.Helper()
	rec := metricstest.NewRecorder(t, opts...)
	do(rec.Client())
	return rec.Lines()
}

func TestValuesWaitForTheFlushInterval(t *testing.T) {
	for name, interval := range map[string]time.Duration{"default": 0, "chosen": 250 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var opts []metrics.Option
				if interval > 0 {
					opts = append(opts, metrics.WithFlushInterval(interval))
				} else {
					interval = time.Second
				}
				var sink metricstest.Sink
				c := metrics.New(&sink, opts...)
				defer c.Close()
				c.Count("hits", 1)
				c.Timing("t", time.Millisecond)
				time.Sleep(interval - 1)
				synctest.Wait()
				assert.Empty(t, sink.Lines())
				time.Sleep(2 * time.Millisecond)
				synctest.Wait()
				assert.ElementsMatch(t, []string{"t:1|ms", "hits:1|c"}, sink.Lines())

				sink.Reset()
				time.Sleep(3 * interval)
				synctest.Wait()
				assert.Empty(t, sink.Lines(), "nothing new, nothing sent")
			})
		})
	}
}

func TestCountersAreSummed(t *testing.T) {
	for name, tc := range map[string]struct {
		steps []int64
		want  string
	}{
		"sum":                {[]int64{1, 2, 3}, "n:6|c"},
		"up and down":        {[]int64{5, -7}, "n:-2|c"},
		"zero exists":        {[]int64{0}, "n:0|c"},
		"large":              {[]int64{1 << 40, 1 << 50, 1}, "n:1126999418470401|c"},
		"top":                {[]int64{math.MaxInt64}, "n:9223372036854775807|c"},
		"beyond the top":     {[]int64{math.MaxInt64, 1, math.MaxInt64}, "n:9223372036854775807|c"},
		"bottom":             {[]int64{math.MinInt64}, "n:-9223372036854775808|c"},
		"beyond the bottom":  {[]int64{math.MinInt64, -1}, "n:-9223372036854775808|c"},
		"back from the top":  {[]int64{math.MaxInt64, -7}, "n:9223372036854775800|c"},
		"both ends":          {[]int64{math.MinInt64, math.MaxInt64}, "n:-1|c"},
		"many medium steps":  {repeat(1<<31, 1000), "n:2147483648000|c"},
		"many negative ones": {repeat(-1<<31, 1000), "n:-2147483648000|c"},
	} {
		t.Run(name, func(t *testing.T) {
			got := written(t, func(c *metrics.Client) {
				for _, step := range tc.steps {
					c.Count("n", step)
				}
			})
			assert.Equal(t, []string{tc.want}, got)
		})
	}
}

func repeat(v int64, n int) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = v
	}
	return list
}

func TestConcurrentCountsAreExact(t *testing.T) {
	const goroutines, each = 16, 5000
	rec := metricstest.NewRecorder(t, metrics.WithFlushInterval(time.Millisecond))
	c := rec.Client()
	large := c.Counter("large")
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for i := range each {
				c.Count("small", 1, metrics.T("a", "b"))
				large.Add(1 << (i % 40))
				c.Timing("t", time.Microsecond)
				c.GaugeDelta("level", 1)
				if i%1000 == 0 {
					_ = c.Flush(context.Background())
				}
			}
		})
	}
	wg.Wait()
	var sum float64
	for i := range each {
		sum += float64(int64(1) << (i % 40))
	}
	assert.EqualValues(t, goroutines*each, rec.Count("small"))
	assert.InEpsilon(t, goroutines*sum, rec.Count("large"), 1e-12)
	assert.Len(t, rec.Timings("t"), goroutines*each)
	level, _ := rec.Gauge("level")
	assert.EqualValues(t, goroutines*each, level)
	assert.Zero(t, c.Stats().Dropped)
}

func TestGaugesKeepTheirLastValue(t *testing.T) {
	for name, tc := range map[string]struct {
		do    func(*metrics.Client)
		plain []string
		dog   []string
	}{
		"the last wins": {
			func(c *metrics.Client) { c.Gauge("g", 1); c.Gauge("g", 2) },
			[]string{"g:2|g"}, []string{"g:2|g"},
		},
		"changes add up": {
			func(c *metrics.Client) { c.GaugeDelta("g", 5); c.GaugeDelta("g", -2) },
			[]string{"g:+3|g"}, []string{"g:3|g"},
		},
		"a change after a value": {
			func(c *metrics.Client) { c.Gauge("g", 5); c.GaugeDelta("g", -7) },
			[]string{"g:0|g", "g:-2|g"}, []string{"g:-2|g"},
		},
		"a value after a change": {
			func(c *metrics.Client) { c.GaugeDelta("g", 5); c.Gauge("g", 1) },
			[]string{"g:1|g"}, []string{"g:1|g"},
		},
		"no change in the end": {
			func(c *metrics.Client) { c.GaugeDelta("g", 0.1); c.GaugeDelta("g", 0.2); c.GaugeDelta("g", -0.3) },
			[]string{"g:+0|g"}, []string{"g:0|g"},
		},
		"a change after a flush": {
			func(c *metrics.Client) {
				c.Gauge("g", 5)
				_ = c.Flush(context.Background())
				c.GaugeDelta("g", 2)
			},
			[]string{"g:5|g", "g:+2|g"}, []string{"g:5|g", "g:7|g"},
		},
		"bounded": {
			func(c *metrics.Client) { c.GaugeDelta("g", 1e18); c.GaugeDelta("g", 1e18) },
			[]string{"g:+1000000000000000000|g"}, []string{"g:1000000000000000000|g"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.plain, written(t, tc.do))
			assert.Equal(t, tc.dog, written(t, tc.do, metrics.WithDialect(metrics.DogStatsD)))
		})
	}
}

func TestWithoutAggregationEveryCallIsALineInOrder(t *testing.T) {
	do := func(c *metrics.Client) {
		c.Gauge("g", 3)
		c.GaugeDelta("g", -1)
		c.Gauge("g", -4)
		c.GaugeDelta("g", 2)
		c.Count("n", 1)
		c.Count("n", 1)
		c.Set("u", "x")
		c.Set("u", "x")
	}
	lines := written(t, do, metrics.WithoutAggregation())
	assert.Equal(t, []string{"g:3|g", "g:-1|g", "g:0|g", "g:-4|g", "g:+2|g"}, grep(lines, "g:"))
	assert.Equal(t, []string{"n:1|c", "n:1|c"}, grep(lines, "n:"))
	assert.Equal(t, []string{"u:x|s", "u:x|s"}, grep(lines, "u:"))

	dog := written(t, do, metrics.WithoutAggregation(), metrics.WithDialect(metrics.DogStatsD))
	assert.Equal(t, []string{"g:3|g", "g:2|g", "g:-4|g", "g:-2|g"}, grep(dog, "g:"))
}

func grep(lines []string, prefix string) (found []string) {
	for _, l := range lines {
		if strings.HasPrefix(l, prefix) {
			found = append(found, l)
		}
	}
	return found
}

func TestReservoirsWriteTheShareTheyStandFor(t *testing.T) {
	rec := metricstest.NewRecorder(t, metrics.WithReservoir(100), metrics.WithFlushInterval(time.Hour))
	c := rec.Client()
	for i := range 1000 {
		c.Timing("busy", time.Duration(i)*time.Millisecond, metrics.T("a", "b"))
	}
	for range 30 {
		c.Timing("idle", time.Millisecond)
	}
	for range 400 {
		c.Histogram("bytes", 5)
	}
	half, err := c.Sampled(0.5)
	require.NoError(t, err)
	for range 2000 {
		half.Timing("half", time.Millisecond)
	}

	served := map[string]float64{}
	lines := map[string]int{}
	var sum float64
	for _, m := range rec.Metrics() {
		served[m.Name] += 1 / m.Rate
		lines[m.Name]++
		if m.Name == "busy" {
			sum += m.Value
		}
	}
	assert.Equal(t, map[string]int{"busy": 100, "idle": 30, "bytes": 100, "half": 100}, lines)
	assert.InDelta(t, 1000, served["busy"], 1e-6)
	assert.InDelta(t, 30, served["idle"], 1e-6)
	assert.InDelta(t, 400, served["bytes"], 1e-6)
	assert.InDelta(t, 2000, served["half"], 5*44.8)
	assert.InDelta(t, 499.5, sum/100, 5*28.9, "the choice is fair")
	assert.Regexp(t, `^busy:\d+\|ms\|@0\.1\|#a:b$`, grep(rec.Lines(), "busy")[0])
}
