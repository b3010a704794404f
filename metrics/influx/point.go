// SPDX-License-Identifier: Apache-2.0

package influx

import (
	"math"
	"time"
)

// Point is one measurement. One without a name, without a field or of a time
// that InfluxDB does not keep, before 1678 or after 2262, is dropped and
// counted.
type Point struct {
	Measurement string
	Tags        []Tag     // indexed, of few values; an empty one is left out
	Fields      []Field   // what was measured
	Time        time.Time // zero means now
}

// Tag is a dimension of a point.
type Tag struct {
	Key   string
	Value string
}

// Field is a value of a point: made by Float, Int, Bool, String or Duration.
// The zero Field is left out.
type Field struct {
	key  string
	kind fieldKind
	bits uint64
	text string
}

type fieldKind uint8

const (
	fieldNone fieldKind = iota
	fieldFloat
	fieldInt
	fieldBool
	fieldString
)

// Float is a number. NaN and infinities, which InfluxDB does not know, are
// left out and counted.
func Float(key string, v float64) Field {
	return Field{key: key, kind: fieldFloat, bits: math.Float64bits(v)}
}

// Int is an integer. InfluxDB refuses a field that was a Float before.
func Int(key string, v int64) Field {
	return Field{key: key, kind: fieldInt, bits: uint64(v)}
}

// Bool is true or false.
func Bool(key string, v bool) Field {
	f := Field{key: key, kind: fieldBool}
	if v {
		f.bits = 1
	}
	return f
}

// String is a text.
func String(key, v string) Field {
	return Field{key: key, kind: fieldString, text: v}
}

// Duration is a Float of seconds, as sprockets-influxdb had it.
func Duration(key string, d time.Duration) Field {
	return Float(key, d.Seconds())
}
