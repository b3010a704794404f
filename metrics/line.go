// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"math"
	"strconv"
	"time"
)

// Bounds of what a line may say. Receivers read numbers as IEEE doubles, and
// not all of them read exponents, so a number is written in at most
// maxNumberBytes decimal characters.
const (
	maxNumber      = 1e18 // as wide as an int64
	minNumber      = 1e-9 // smaller ones are zero
	minRate        = 1e-9 // a smaller rate is this one
	maxNumberBytes = 32
)

// appendFloat appends v in plain decimals. v is neither NaN nor infinite, and
// has been through clamp.
func appendFloat(dst []byte, v float64) []byte {
	if v == math.Trunc(v) { // also turns -0, which would be a relative gauge, into 0
		return strconv.AppendInt(dst, int64(v), 10)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, 64)
}

// appendMillis appends d, which is not negative, in milliseconds with up to
// three decimals.
func appendMillis(dst []byte, d time.Duration) []byte {
	us := uint64(d+500) / 1000 // as unsigned, the sum cannot overflow
	dst = strconv.AppendUint(dst, us/1000, 10)
	frac := us % 1000
	if frac == 0 {
		return dst
	}
	dst = append(dst, '.', byte('0'+frac/100))
	if frac %= 100; frac > 0 {
		dst = append(dst, byte('0'+frac/10))
		if frac %= 10; frac > 0 {
			dst = append(dst, byte('0'+frac))
		}
	}
	return dst
}

// appendRate appends a sample rate in plain decimals: the reference server
// stops when it meets a sign or an exponent.
func appendRate(dst []byte, rate float64) []byte {
	return strconv.AppendFloat(dst, max(rate, minRate), 'f', -1, 64)
}

// clamp returns v within the bounds of a line, and whether that changed it.
func clamp(v float64) (float64, bool) {
	switch a := math.Abs(v); {
	case a > maxNumber:
		return math.Copysign(maxNumber, v), true
	case a < minNumber && a > 0:
		return 0, true
	}
	return v, false
}

// finite reports whether v is a number that can be sent at all.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// addSaturated returns a+b, or the nearest int64.
func addSaturated(a, b int64) int64 {
	sum := a + b
	switch {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	}
	return sum
}

// appendGauge appends the lines that set a gauge to v. A signed number would
// change it instead, so a negative one is set by way of zero, and both lines
// have to travel in one packet.
func (f *frame) appendGauge(dst []byte, v float64, relative bool) []byte {
	if v < 0 && relative {
		dst = append(dst, f.head...)
		dst = append(dst, '0')
		dst = append(dst, f.tail...)
	}
	dst = append(dst, f.head...)
	dst = appendFloat(dst, v)
	return append(dst, f.tail...)
}

// appendGaugeDelta appends the line that changes a gauge by v.
func (f *frame) appendGaugeDelta(dst []byte, v float64) []byte {
	dst = append(dst, f.head...)
	if v >= 0 {
		dst = append(dst, '+')
	}
	dst = appendFloat(dst, v)
	return append(dst, f.tail...)
}

// appendCount appends the line of a counter.
func (f *frame) appendCount(dst []byte, v int64) []byte {
	dst = append(dst, f.head...)
	dst = strconv.AppendInt(dst, v, 10)
	return append(dst, f.tail...)
}

// appendTiming appends the line of a duration.
func (f *frame) appendTiming(dst []byte, d time.Duration) []byte {
	dst = append(dst, f.head...)
	dst = appendMillis(dst, d)
	return append(dst, f.tail...)
}

// appendValue appends the line of a number without a unit.
func (f *frame) appendValue(dst []byte, v float64) []byte {
	dst = append(dst, f.head...)
	dst = appendFloat(dst, v)
	return append(dst, f.tail...)
}

// appendMember appends the line of a member of a set.
func (f *frame) appendMember(dst []byte, member string) []byte {
	dst = append(dst, f.head...)
	dst = append(dst, member...)
	return append(dst, f.tail...)
}
