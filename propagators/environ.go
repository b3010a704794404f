// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"slices"
	"strings"

	"go.opentelemetry.io/otel/propagation"
)

// Environ carries a trace to a child process in environment variables. It has
// the form of os.Environ and of exec.Cmd's Env. A header's name becomes a
// variable's as OpenTelemetry's specification asks: upper case, with "_" for
// whatever is not a letter or a digit, so that traceparent is TRACEPARENT and
// x-b3-traceid is X_B3_TRACEID. It may not be used from several goroutines.
type Environ []string

var _ propagation.TextMapCarrier = (*Environ)(nil)

// Get returns the variable's value, the last one where it is set twice, as
// exec.Cmd reads its Env.
func (e *Environ) Get(key string) string {
	name := environName(key)
	for _, entry := range slices.Backward(*e) {
		if value, ok := strings.CutPrefix(entry, name); ok {
			return value
		}
	}
	return ""
}

// Set sets the variable, and only once.
func (e *Environ) Set(key, value string) {
	name := environName(key)
	*e = append(slices.DeleteFunc(slices.Clone(*e), func(entry string) bool {
		return strings.HasPrefix(entry, name)
	}), name+value)
}

// Keys returns the names of all variables.
func (e *Environ) Keys() []string {
	names := make([]string, 0, len(*e))
	for _, entry := range *e {
		name, _, _ := strings.Cut(entry, "=")
		names = append(names, name)
	}
	return names
}

// environName returns the variable's name with the "=" that ends it.
func environName(key string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, key) + "="
}
