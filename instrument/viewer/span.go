// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unsafe"
)

// Span is one span of the Zipkin v2 model. Its JSON form is Zipkin's. Ids are
// lower-case hexadecimal digits: 16 of them, or 32 for a trace id that does
// not fit in 64 bits. Names keep the case in which they were sent; Zipkin's
// server lowers it.
type Span struct {
	TraceID        string            `json:"traceId"`
	ParentID       string            `json:"parentId,omitempty"` // empty for a root
	ID             string            `json:"id"`
	Kind           string            `json:"kind,omitempty"` // CLIENT, SERVER, PRODUCER, CONSUMER or empty
	Name           string            `json:"name,omitempty"`
	Timestamp      Micros            `json:"timestamp,omitempty"` // since 1970; zero when not known
	Duration       Micros            `json:"duration,omitempty"`  // zero when not known
	Debug          bool              `json:"debug,omitempty"`
	Shared         bool              `json:"shared,omitempty"` // the server's half of an id that the client started
	LocalEndpoint  *Endpoint         `json:"localEndpoint,omitempty"`
	RemoteEndpoint *Endpoint         `json:"remoteEndpoint,omitempty"`
	Annotations    []Annotation      `json:"annotations,omitempty"`
	Tags           map[string]string `json:"tags,omitempty"`
}

// Endpoint is a side of a call.
type Endpoint struct {
	ServiceName string `json:"serviceName,omitempty"`
	IPv4        string `json:"ipv4,omitempty"`
	IPv6        string `json:"ipv6,omitempty"`
	Port        uint16 `json:"port,omitempty"`
}

// Annotation is an event at a point in time.
type Annotation struct {
	Timestamp Micros `json:"timestamp"` // since 1970
	Value     string `json:"value"`
}

// Micros counts microseconds, the only unit of time in Zipkin's JSON. It is
// never negative.
type Micros int64

// Duration returns m as a duration. What is longer than a duration can hold,
// 292 years, is returned as the longest one.
func (m Micros) Duration() time.Duration {
	if m > math.MaxInt64/Micros(time.Microsecond) {
		return math.MaxInt64
	}
	return time.Duration(m) * time.Microsecond
}

// Time returns m as a time, counted from 1970 in UTC, and the zero time for
// zero.
func (m Micros) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(m)).UTC()
}

// plus adds without wrapping: both may be as large as their sender liked.
func (m Micros) plus(d Micros) Micros {
	if m > math.MaxInt64-d {
		return math.MaxInt64
	}
	return m + d
}

// Service returns the name of the service that recorded the span, or "".
func (s *Span) Service() string {
	if s.LocalEndpoint == nil {
		return ""
	}
	return s.LocalEndpoint.ServiceName
}

// Failed tells whether the span has an error tag, whatever its value, which
// is Zipkin's rule.
func (s *Span) Failed() bool {
	_, failed := s.Tags["error"]
	return failed
}

// Trace is what has arrived of one trace.
type Trace struct {
	ID    string
	Spans []Span // in the order of arrival
}

func (s *Span) clone() Span {
	c := *s
	c.LocalEndpoint = s.LocalEndpoint.clone()
	c.RemoteEndpoint = s.RemoteEndpoint.clone()
	c.Annotations = slices.Clone(s.Annotations)
	c.Tags = maps.Clone(s.Tags)
	return c
}

func (e *Endpoint) clone() *Endpoint {
	if e == nil {
		return nil
	}
	c := *e
	return &c
}

// What a span costs beyond the bytes of its strings, on a 64-bit machine: its
// place in the list and in the index of its trace, how the runtime rounds the
// size of each string up, and a map of tags.
const (
	spanOverhead   = int64(unsafe.Sizeof(held{})) + 96
	stringOverhead = 8
	mapOverhead    = 64
	slotOverhead   = 36
)

// mapSlots is how many places the runtime makes for n entries: 8, or a power
// of two that n fills to seven eighths at most.
func mapSlots(n int) int64 {
	slots := 8
	for n > 8 && slots*7/8 < n {
		slots *= 2
	}
	return int64(slots)
}

// size estimates the memory that s occupies once held, and errs upwards.
func (s *Span) size() int64 {
	n := spanOverhead + int64(len(s.ParentID)+len(s.ID)+len(s.Name)) + 3*stringOverhead
	for _, e := range []*Endpoint{s.LocalEndpoint, s.RemoteEndpoint} {
		if e != nil {
			n += int64(unsafe.Sizeof(*e)) + int64(len(e.ServiceName)+len(e.IPv4)+len(e.IPv6)) + 3*stringOverhead
		}
	}
	for _, a := range s.Annotations {
		n += 2*int64(unsafe.Sizeof(a)) + int64(len(a.Value)) + stringOverhead
	}
	if len(s.Tags) > 0 {
		n += mapOverhead + slotOverhead*mapSlots(len(s.Tags))
	}
	for k, v := range s.Tags {
		n += int64(len(k)+len(v)) + 2*stringOverhead
	}
	return n
}

// traceKey returns the form of a trace id under which it is held: lower-case,
// 16 digits when the upper 64 bits are zero, else 32. It reports whether id is
// 1 to 32 hexadecimal digits and not zero.
func traceKey(id string) (string, bool) {
	if len(id) > 32 || !isLowerHex(id) {
		return "", false
	}
	id = strings.TrimLeft(id, "0")
	switch {
	case id == "":
		return "", false
	case len(id) <= 16:
		return pad(id, 16), true
	}
	return pad(id, 32), true
}

// spanKey is traceKey for the 64 bits of a span id.
func spanKey(id string) (string, bool) {
	if len(id) > 16 || !isLowerHex(id) {
		return "", false
	}
	if strings.Trim(id, "0") == "" {
		return "", false
	}
	return pad(id, 16), true
}

func isLowerHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return s != ""
}

func pad(id string, digits int) string {
	return strings.Repeat("0", digits-len(id)) + id
}
