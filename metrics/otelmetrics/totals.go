// SPDX-License-Identifier: Apache-2.0

package otelmetrics

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
)

// totals remember what counters stood at, for those that come as totals: from
// a reader with a temporality of its own, or from a bridge. A StatsD server
// would add the total up again at every export.
type totals map[totalKey]total

type totalKey struct {
	scope, name string
	set         attribute.Distinct
}

type total struct {
	start time.Time
	value float64
}

// point is the series a value belongs to, and since when it is counted.
type point struct {
	set   attribute.Set
	start time.Time
}

// since returns how much of v is new. What started anew is new altogether: its
// start is another, or it fell although it cannot.
func (t totals) since(scope, name string, at point, v float64, monotonic bool) float64 {
	key := totalKey{scope, name, at.set.Equivalent()}
	last, known := t[key]
	t[key] = total{at.start, v}
	if !known || !last.start.Equal(at.start) || monotonic && v < last.value {
		return v
	}
	return v - last.value
}
