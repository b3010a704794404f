// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"net/textproto"
	"strings"

	"go.opentelemetry.io/otel/propagation"
)

// field is one header in the two spellings a carrier may hold: http.Header
// keeps canonical keys, every other carrier gets lower-case ones.
type field struct{ canonical, lower string }

// newField returns the field for a header name in any case, and false when
// the name is not a token of RFC 9110 and so cannot be a header at all.
func newField(name string) (field, bool) {
	if name == "" {
		return field{}, false
	}
	for i := range len(name) {
		if !tokenChars[name[i]] {
			return field{}, false
		}
	}
	return field{textproto.CanonicalMIMEHeaderKey(name), strings.ToLower(name)}, true
}

// values returns all values of the header. A carrier that holds only one
// returns it in buf, which saves the slice.
func (f field) values(c propagation.TextMapCarrier, buf *[1]string) []string {
	switch c := c.(type) {
	case nil:
		return nil
	case propagation.HeaderCarrier:
		// The canonical key saves the allocation that http.Header.Get spends
		// on a lower-case one.
		return c[f.canonical]
	case propagation.ValuesGetter:
		return c.Values(f.lower)
	}
	if buf[0] = c.Get(f.lower); buf[0] == "" {
		return nil
	}
	return buf[:]
}

// get returns the first value, "" when there is none.
func (f field) get(c propagation.TextMapCarrier) string {
	switch c := c.(type) {
	case nil:
		return ""
	case propagation.HeaderCarrier:
		if v := c[f.canonical]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	return c.Get(f.lower)
}

// one returns the first value and the number of values.
func (f field) one(c propagation.TextMapCarrier) (string, int) {
	var buf [1]string
	v := f.values(c, &buf)
	if len(v) == 0 {
		return "", 0
	}
	return v[0], len(v)
}

// joined returns all values as one list, as RFC 9110 section 5.3 allows for
// headers that are lists. It reports false, and joins nothing, when the list
// is longer than limit bytes.
func (f field) joined(c propagation.TextMapCarrier, limit int) (list string, ok bool) {
	var buf [1]string
	v := f.values(c, &buf)
	total := len(v) - 1
	for _, s := range v {
		if total += len(s); total > limit {
			return "", false
		}
	}
	switch len(v) {
	case 0:
		return "", true
	case 1:
		return v[0], true
	}
	return strings.Join(v, ","), true
}

// set replaces the header's values with one. A nil map is left alone: writing
// to it would panic in the middle of somebody's request.
func (f field) set(c propagation.TextMapCarrier, value string) {
	switch c := c.(type) {
	case nil:
	case propagation.HeaderCarrier:
		if c != nil {
			c[f.canonical] = []string{value}
		}
	case propagation.MapCarrier:
		if c != nil {
			c[f.lower] = value
		}
	default:
		c.Set(f.lower, value)
	}
}

// clear removes a header that would contradict what is injected beside it,
// such as one that a proxy copied from the request it serves. A carrier that
// cannot remove gets an empty value, which every format reads as absent.
func (f field) clear(c propagation.TextMapCarrier) {
	switch c := c.(type) {
	case nil:
	case propagation.HeaderCarrier:
		delete(c, f.canonical)
	case propagation.MapCarrier:
		delete(c, f.lower)
	default:
		if c.Get(f.lower) != "" {
			c.Set(f.lower, "")
		}
	}
}

// tokenChars are the characters of a token, RFC 9110 section 5.6.2.
var tokenChars = charset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

// charset is a set of bytes.
func charset(members string) (set [256]bool) {
	for i := range len(members) {
		set[members[i]] = true
	}
	return set
}
