// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"reflect"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// What the program says of its span stands. Asking the span needs what only
// the SDK's have.

// isRenamed reports whether the program gave the span a name of its own.
func (e *exchange) isRenamed() bool {
	named, ok := e.span.(interface{ Name() string })
	return ok && named.Name() != spanName(e.methodName, e.route, e.pattern)
}

// isDescribed reports whether the program has said of the span how it failed:
// an error without a text would take that away. The type of a status is the
// SDK's, which is not imported here.
func isDescribed(span trace.Span) bool {
	method := reflect.ValueOf(span).MethodByName("Status")
	if !method.IsValid() || method.Type().NumIn() != 0 || method.Type().NumOut() != 1 || method.Type().Out(0).Kind() != reflect.Struct {
		return false
	}
	status := method.Call(nil)[0]
	code, text := status.FieldByName("Code"), status.FieldByName("Description")
	return code.IsValid() && code.CanUint() && codes.Code(code.Uint()) == codes.Error &&
		text.IsValid() && text.Kind() == reflect.String && text.Len() > 0
}
