// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFloatsAreWrittenInPlainDecimals(t *testing.T) {
	for name, tc := range map[string]struct {
		value   float64
		want    string
		clamped bool
	}{
		"zero":                {0, "0", false},
		"minus zero":          {math.Copysign(0, -1), "0", false},
		"whole":               {12, "12", false},
		"negative":            {-12.5, "-12.5", false},
		"fraction":            {0.1, "0.1", false},
		"nine decimals":       {1e-9, "0.000000001", false},
		"below nine decimals": {9e-10, "0", true},
		"smallest":            {5e-324, "0", true},
		"minus smallest":      {-5e-324, "0", true},
		"large":               {1e18, "1000000000000000000", false},
		"larger":              {1.1e18, "1000000000000000000", true},
		"huge":                {1e300, "1000000000000000000", true},
		"minus huge":          {-math.MaxFloat64, "-1000000000000000000", true},
		"beyond 2^53":         {1 << 59, "576460752303423488", false},
	} {
		t.Run(name, func(t *testing.T) {
			v, clamped := clamp(tc.value)
			assert.Equal(t, tc.want, string(appendFloat(nil, v)))
			assert.Equal(t, tc.clamped, clamped)
		})
	}
}

func TestEveryFloatIsShortAndReadsBack(t *testing.T) {
	decimal := regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	for range 100_000 {
		v := math.Float64frombits(rand.Uint64())
		if !finite(v) {
			continue
		}
		v, _ = clamp(v)
		text := string(appendFloat(nil, v))
		require.Regexp(t, decimal, text)
		require.LessOrEqual(t, len(text), maxNumberBytes, text)
		back, err := strconv.ParseFloat(text, 64)
		require.NoError(t, err)
		require.Equal(t, v, back)
	}
}

func TestDurationsAreMillisecondsToTheMicrosecond(t *testing.T) {
	for name, tc := range map[string]struct {
		d    time.Duration
		want string
	}{
		"zero":            {0, "0"},
		"below half":      {499, "0"},
		"half":            {500, "0.001"},
		"microsecond":     {time.Microsecond, "0.001"},
		"ten":             {10 * time.Microsecond, "0.01"},
		"hundred":         {100 * time.Microsecond, "0.1"},
		"all three":       {123456 * time.Microsecond, "123.456"},
		"inner zero":      {1005 * time.Microsecond, "1.005"},
		"half a ms":       {12*time.Millisecond + 500*time.Microsecond, "12.5"},
		"rounds up":       {999_999_500, "1000"},
		"longest":         {math.MaxInt64, "9223372036854.776"},
		"almost longest":  {math.MaxInt64 - 499, "9223372036854.775"},
		"whole second":    {time.Second, "1000"},
		"one nanosecond":  {1, "0"},
		"just over a ms":  {1_000_400, "1"},
		"middle and last": {11 * time.Microsecond, "0.011"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, string(appendMillis(nil, tc.d)))
		})
	}
}

func TestRatesHaveNoSignAndNoExponent(t *testing.T) {
	for rate, want := range map[float64]string{
		1:          "1",
		0.5:        "0.5",
		1.0 / 3:    "0.3333333333333333",
		1e-3:       "0.001",
		1e-7:       "0.0000001",
		1e-9:       "0.000000001",
		5e-324:     "0.000000001",
		0.99999999: "0.99999999",
	} {
		assert.Equal(t, want, string(appendRate(nil, rate)))
	}
}

func TestSumsSaturate(t *testing.T) {
	for name, tc := range map[string]struct{ a, b, want int64 }{
		"plain":         {1, 2, 3},
		"signs":         {5, -7, -2},
		"top":           {math.MaxInt64, 1, math.MaxInt64},
		"top twice":     {math.MaxInt64, math.MaxInt64, math.MaxInt64},
		"bottom":        {math.MinInt64, -1, math.MinInt64},
		"bottom twice":  {math.MinInt64, math.MinInt64, math.MinInt64},
		"exact bottom":  {math.MinInt64 + 1, -1, math.MinInt64},
		"across":        {math.MaxInt64, math.MinInt64, -1},
		"nothing added": {math.MinInt64, 0, math.MinInt64},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, addSaturated(tc.a, tc.b))
			assert.Equal(t, tc.want, addSaturated(tc.b, tc.a))
		})
	}
}
