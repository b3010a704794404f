// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"slices"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const (
	// minValue is the length in bytes of JSON below which no value is cut: a
	// span of so many values that this does not help is too large to send.
	minValue = 16
	// markSize is room for the tag that says that values were cut.
	markSize = len(`"` + keyTruncated + `":"4294967295",`)
)

// appendTruncated appends span in at most size bytes, with its longest values
// cut to one common length, and as little cut as that takes. It reports
// whether that was possible.
func (e *encoder) appendTruncated(dst []byte, span sdktrace.ReadOnlySpan, size int) ([]byte, bool) {
	defer func() { e.measuring, e.limit, e.cut = false, 0, 0 }()
	e.measuring, e.lengths = true, e.lengths[:0]
	out, v := e.append(dst, span)
	if v != encoded || len(out)-len(dst) <= size {
		return out, v == encoded
	}
	e.measuring = false
	limit := fit(e.lengths, len(out)-len(dst)+markSize-size)
	if limit < minValue {
		return dst, false
	}
	e.limit = limit
	out, v = e.append(dst, span)
	if v != encoded || len(out)-len(dst) > size {
		return dst, false
	}
	return out, true
}

// fit returns the greatest length to which those of lengths that exceed it
// can be cut so that excess bytes are saved, or 0 when there is none.
func fit(lengths []int, excess int) int {
	slices.Sort(lengths)
	slices.Reverse(lengths)
	total := 0 // of the n longest
	for i, length := range lengths {
		total += length
		next := 0
		if i+1 < len(lengths) {
			next = lengths[i+1]
		}
		// All of the i+1 longest are cut to one length, not below the next.
		if limit := (total - excess) / (i + 1); total > excess && limit >= next {
			return limit
		}
	}
	return 0
}
