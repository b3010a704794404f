// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

const (
	// randomBits is how much of a trace id takes part in a decision: the
	// random flag of W3C Trace Context level 2 promises its low 56 bits.
	randomBits = 56
	// hexDigits is how many lower-case hexadecimal digits 56 bits take.
	hexDigits = randomBits / 4
	// precision is how many significant digits of a threshold are written,
	// the default of the OpenTelemetry specification: leading f (or 0) digits
	// are not significant.
	precision = 4

	// neverThreshold is above every randomness.
	neverThreshold uint64 = 1 << randomBits
	// minRatio is the smallest probability a threshold can express.
	minRatio = 0x1p-56
)

// usableRatio returns p when it is a probability that can be sampled with,
// and 0 for everything else: a ratio that makes no sense must never mean more
// sampling than was asked for. NaN fails both comparisons.
func usableRatio(p float64) float64 {
	if p >= minRatio && p <= 1 {
		return p
	}
	return 0
}

// thresholdOf returns T such that R ≥ T holds for the fraction p of all
// randomness values, rounded to the digits that are written, so that what is
// written and what is decided are the same number.
func thresholdOf(p float64) uint64 {
	if p = usableRatio(p); p == 0 {
		return neverThreshold
	}
	t := neverThreshold - uint64(math.Round(p*float64(neverThreshold)))
	leading := max(leadingDigits(t), leadingDigits(neverThreshold-1-t))
	digits := leading + precision
	if digits >= hexDigits {
		return t
	}
	unit := uint64(1) << (4 * (hexDigits - digits))
	return (t + unit/2) &^ (unit - 1)
}

// leadingDigits counts the leading zero digits of a 14-digit number.
func leadingDigits(t uint64) int {
	return (bits.LeadingZeros64(t) - (64 - randomBits)) / 4
}

// formatThreshold writes T as 14 digits without the trailing zeros.
func formatThreshold(t uint64) string {
	if t == 0 {
		return "0"
	}
	s := strconv.FormatUint(neverThreshold|t, 16)[1:]
	return strings.TrimRight(s, "0")
}

// parseThreshold reads 1 to 14 lower-case digits; trailing zeros may be
// missing.
func parseThreshold(s string) (uint64, bool) {
	if len(s) == 0 || len(s) > hexDigits {
		return 0, false
	}
	v, ok := parseHex(s)
	return v << (4 * (hexDigits - len(s))), ok
}

// parseRandomness reads exactly 14 lower-case digits.
func parseRandomness(s string) (uint64, bool) {
	if len(s) != hexDigits {
		return 0, false
	}
	return parseHex(s)
}

// formatRandomness writes 14 digits into dst.
func formatRandomness(dst []byte, r uint64) {
	for i := hexDigits - 1; i >= 0; i-- {
		dst[i] = "0123456789abcdef"[r&0xf]
		r >>= 4
	}
}

// parseHex takes lower-case digits only, as tracestate handling demands;
// strconv would take capitals.
func parseHex(s string) (v uint64, ok bool) {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			v = v<<4 | uint64(c-'a'+10)
		default:
			return 0, false
		}
	}
	return v, true
}

// randomnessOf returns the low 56 bits of a trace id. The byte before them
// holds the variant bits of a UUID and must not take part.
func randomnessOf(id trace.TraceID) uint64 {
	return binary.BigEndian.Uint64(id[8:]) & (neverThreshold - 1)
}
