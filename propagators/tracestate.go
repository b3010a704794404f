// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"slices"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const (
	// maxTracestateBytes bounds the work before a tracestate is parsed. W3C
	// asks for at least 512 bytes; 32 members of ordinary size fit.
	maxTracestateBytes = 8192

	maxTracestateMembers = 32
)

// extractTracestate returns the tracestate of the carrier, all its headers
// joined, or an empty one when it is malformed.
func extractTracestate(carrier propagation.TextMapCarrier) trace.TraceState {
	list, ok := tracestateField.joined(carrier, maxTracestateBytes)
	if !ok {
		reject(tracestateTooLarge)
		return trace.TraceState{}
	}
	if list == "" {
		return trace.TraceState{}
	}
	state, err := trace.ParseTraceState(list)
	if err == nil {
		return state
	}
	if list, ok = tidyTracestate(list); ok {
		state, err = trace.ParseTraceState(list)
	}
	if !ok || err != nil {
		reject(tracestateMalformed)
		return trace.TraceState{}
	}
	return state
}

// tidyTracestate returns list without what W3C allows and ParseTraceState does
// not: empty members, all but the first of equal keys, and members whose keys
// have level 2's grammar only. It reports false when list is malformed or too
// long by W3C's rules, which discard it as a whole.
func tidyTracestate(list string) (tidy string, ok bool) {
	var kept, keys []string
	for member := range strings.SplitSeq(list, ",") {
		if member = strings.Trim(member, " \t"); member == "" {
			continue
		}
		key, value, found := strings.Cut(member, "=")
		if !found || !isTracestateKey(key) || !isTracestateValue(value) || len(keys) == maxTracestateMembers {
			return "", false
		}
		if slices.Contains(keys, key) {
			continue
		}
		keys = append(keys, key)
		if _, err := trace.ParseTraceState(member); err == nil {
			kept = append(kept, member)
		}
	}
	return strings.Join(kept, ","), true
}

var (
	tracestateKeyChars = charset("abcdefghijklmnopqrstuvwxyz0123456789_-*/@")
	tracestateKeyStart = charset("abcdefghijklmnopqrstuvwxyz0123456789")
)

// isTracestateKey follows W3C level 2, section 3.3.1.3.1.
func isTracestateKey(key string) bool {
	if key == "" || len(key) > 256 || !tracestateKeyStart[key[0]] {
		return false
	}
	for i := range len(key) {
		if !tracestateKeyChars[key[i]] {
			return false
		}
	}
	return true
}

// isTracestateValue follows W3C level 2, section 3.3.1.3.2: printable ASCII
// without comma and "=", at most 256 bytes. Spaces at its end are trimmed.
func isTracestateValue(value string) bool {
	if value == "" || len(value) > 256 {
		return false
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' || c > '~' || c == '=' {
			return false
		}
	}
	return true
}
