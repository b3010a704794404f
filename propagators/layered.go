// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"context"
	"reflect"
)

// layered is a context with the values of a second one below its own. Both
// were derived from the same context, from: a value is looked for in the
// second where the first has none but what it got from there.
type layered struct {
	context.Context
	from, below context.Context
}

func (l *layered) Value(key any) any {
	value := l.Context.Value(key)
	if value == nil || same(value, l.from.Value(key)) {
		return l.below.Value(key)
	}
	return value
}

// same reports whether two values are identical, and false where the language
// cannot tell: comparing two maps in interfaces panics.
func same(a, b any) bool {
	if a == nil || b == nil {
		return a == b
	}
	return reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}
