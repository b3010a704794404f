// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/metricstest"
)

func TestFractionsOfCountersAreNotLost(t *testing.T) {
	for name, tc := range map[string]struct {
		steps      []float64
		plain, dog []string
		lines      []string // of DogStatsD, one a call
	}{
		"whole":        {[]float64{3}, []string{"n:3|c"}, []string{"n:3|c"}, []string{"n:3|c"}},
		"below one":    {[]float64{0.25}, nil, []string{"n:0.25|c"}, []string{"n:0.25|c"}},
		"makes one":    {[]float64{0.25, 0.75}, []string{"n:1|c"}, []string{"n:1|c"}, []string{"n:0.25|c", "n:0.75|c"}},
		"leaves some":  {[]float64{1.5, 1.25}, []string{"n:2|c"}, []string{"n:2.75|c"}, []string{"n:1.5|c", "n:1.25|c"}},
		"down":         {[]float64{-1.5}, []string{"n:-1|c"}, []string{"n:-1.5|c"}, []string{"n:-1.5|c"}},
		"across":       {[]float64{0.5, -1.5}, []string{"n:-1|c"}, []string{"n:-1|c"}, []string{"n:0.5|c", "n:-1.5|c"}},
		"not a number": {[]float64{math.NaN(), math.Inf(1)}, nil, nil, nil},
		"huge":         {[]float64{1e300}, []string{"n:1000000000000000000|c"}, []string{"n:1000000000000000000|c"}, []string{"n:1000000000000000000|c"}},
	} {
		t.Run(name, func(t *testing.T) {
			do := func(c *metrics.Client) {
				for _, step := range tc.steps {
					c.CountFloat("n", step)
				}
			}
			assert.Equal(t, tc.plain, written(t, do))
			assert.Equal(t, tc.dog, written(t, do, metrics.WithDialect(metrics.DogStatsD)))
			assert.Equal(t, tc.lines, written(t, do, metrics.WithDialect(metrics.DogStatsD), metrics.WithoutAggregation()))
		})
	}

	t.Run("over many flushes", func(t *testing.T) {
		rec := metricstest.NewRecorder(t)
		for range 1000 {
			rec.Client().CountFloat("n", 0.125)
			require.NoError(t, rec.Client().Flush(context.Background()))
		}
		assert.EqualValues(t, 125, rec.Count("n"))
	})
}
