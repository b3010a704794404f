// SPDX-License-Identifier: Apache-2.0

package logbridge

import (
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
)

// maxDepth bounds how deep groups are followed. A LogValuer may return itself
// in a group, for ever.
const maxDepth = 16

// appendAttribute appends a to attrs: resolved, its groups flattened, each
// name after the prefix.
func appendAttribute(attrs []attribute.KeyValue, prefix string, a slog.Attr, depth int) []attribute.KeyValue {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if depth == 0 {
			return append(attrs, attribute.String(prefix+a.Key, "!TOODEEP"))
		}
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, inner := range v.Group() {
			attrs = appendAttribute(attrs, prefix, inner, depth-1)
		}
		return attrs
	}
	if a.Key == "" {
		if v.Any() == nil {
			return attrs // slog: empty attributes are ignored
		}
		a.Key = "!BADKEY" // as slog names a value without a key
	}
	return append(attrs, attribute.KeyValue{Key: attribute.Key(prefix + a.Key), Value: attributeValue(v)})
}

// attributeValue returns v, which is resolved and no group, as what a span
// can hold. Durations keep their unit and times their zone, as text.
func attributeValue(v slog.Value) attribute.Value {
	switch v.Kind() {
	case slog.KindString:
		return attribute.StringValue(v.String())
	case slog.KindInt64:
		return attribute.Int64Value(v.Int64())
	case slog.KindUint64:
		if v.Uint64() > math.MaxInt64 {
			return attribute.StringValue(strconv.FormatUint(v.Uint64(), 10))
		}
		return attribute.Int64Value(int64(v.Uint64()))
	case slog.KindFloat64:
		return attribute.Float64Value(v.Float64())
	case slog.KindBool:
		return attribute.BoolValue(v.Bool())
	case slog.KindDuration:
		return attribute.StringValue(v.Duration().String())
	case slog.KindTime:
		return attribute.StringValue(v.Time().Format(time.RFC3339Nano))
	}
	switch x := v.Any().(type) {
	case []string:
		return attribute.StringSliceValue(x)
	case []int:
		return attribute.IntSliceValue(x)
	case []int64:
		return attribute.Int64SliceValue(x)
	case []float64:
		return attribute.Float64SliceValue(x)
	case []bool:
		return attribute.BoolSliceValue(x)
	case error:
		text, _ := errorText(x)
		return attribute.StringValue(text)
	default:
		return attribute.StringValue(fmt.Sprintf("%+v", x))
	}
}

// errorText returns what err says. It reports false when err panics instead,
// as a nil pointer in an error is apt to.
func errorText(err error) (text string, ok bool) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%v", err) // which says that it panicked, or <nil>
		}
	}()
	return err.Error(), true
}
