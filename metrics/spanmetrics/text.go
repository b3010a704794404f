// SPDX-License-Identifier: Apache-2.0

package spanmetrics

import (
	"strconv"

	"go.opentelemetry.io/otel/attribute"
)

// smallNumbers are the texts of the numbers that attributes hold most: status
// codes, small counts.
var smallNumbers = func() (texts [600]string) {
	for i := range texts {
		texts[i] = strconv.Itoa(i)
	}
	return texts
}()

// text returns a value as a tag has it.
func text(v attribute.Value) string {
	switch v.Type() {
	case attribute.STRING:
		return v.AsString()
	case attribute.BOOL:
		return strconv.FormatBool(v.AsBool())
	case attribute.INT64:
		if n := v.AsInt64(); n >= 0 && n < int64(len(smallNumbers)) {
			return smallNumbers[n]
		}
	}
	return v.String()
}
