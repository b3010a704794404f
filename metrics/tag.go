// SPDX-License-Identifier: Apache-2.0

package metrics

import "strings"

// Tag is one dimension of a metric: a key and its value, both of low
// cardinality. Each distinct set of tags is a series of its own on the server,
// so ids, paths and whatever else a caller controls do not belong here.
//
// What the wire cannot carry is taken out (see [Dialect]); a tag whose key or
// value is then empty is dropped. Where a key is given twice the later tag
// wins, so a call overrides [Client.With].
type Tag struct {
	Key   string
	Value string
}

// T returns the tag key=value.
func T(key, value string) Tag { return Tag{Key: key, Value: value} }

// Path joins parts into a dotted name. A dot inside a part becomes a dash, as
// in sprockets.mixins.metrics, so a host name or an address stays one level of
// a Graphite tree. Empty parts are left out.
func Path(parts ...string) string {
	var b strings.Builder
	for _, part := range parts {
		if part == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(strings.ReplaceAll(part, ".", "-"))
	}
	return b.String()
}
