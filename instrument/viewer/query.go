// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// query is what GET /api/v2/traces asks. As in Zipkin, the conditions need
// not meet in one span; with a service name, they must meet in spans of that
// service.
type query struct {
	service, name string // compared without regard to case
	remote        string // likewise: the other side of a call
	conditions    []condition
	min, max      Micros // of a span's duration; zero for none
	from, to      Micros // of the trace's time; zero for none
	limit         int
}

// condition asks for a tag with a value, or, when the value is empty, for a
// tag of any value or an annotation.
type condition struct{ key, value string }

// parseQuery reads Zipkin's parameters. Unlike Zipkin's server, the viewer
// looks back without end unless asked not to: what it holds is little enough.
func parseQuery(q url.Values) (*query, error) {
	out := &query{service: q.Get("serviceName"), name: q.Get("spanName"), remote: q.Get("remoteServiceName"), limit: 10}
	if out.name == "all" { // Zipkin's reserved word
		out.name = ""
	}
	for part := range strings.SplitSeq(q.Get("annotationQuery"), " and ") {
		key, value, _ := strings.Cut(part, "=")
		if key = strings.TrimSpace(key); key != "" {
			out.conditions = append(out.conditions, condition{key, strings.TrimSpace(value)})
		}
	}
	if len(out.conditions) > 100 {
		return nil, fmt.Errorf("viewer: annotationQuery has %d conditions, at most 100 are allowed", len(out.conditions))
	}
	var limit, endTs, lookback, shortest, longest int64
	if err := whole(q, map[string]*int64{
		"limit": &limit, "endTs": &endTs, "lookback": &lookback, "minDuration": &shortest, "maxDuration": &longest,
	}); err != nil {
		return nil, err
	}
	switch {
	case longest > 0 && shortest == 0:
		return nil, fmt.Errorf("viewer: maxDuration %d needs a minDuration", longest)
	case longest > 0 && longest < shortest:
		return nil, fmt.Errorf("viewer: maxDuration %d is below minDuration %d", longest, shortest)
	}
	out.min, out.max = Micros(shortest), Micros(longest)
	if limit > 0 {
		out.limit = int(min(limit, 1<<31-1))
	}
	out.during(endTs, lookback)
	return out, nil
}

// whole reads parameters that are whole numbers above zero, or absent.
func whole(q url.Values, into map[string]*int64) error {
	for name, to := range into {
		text := q.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n <= 0 {
			return fmt.Errorf("viewer: %s %s is not a positive whole number", name, quote(text))
		}
		*to = n
	}
	return nil
}

func millis(n int64) Micros {
	const most = int64(1<<63-1) / 1000
	return Micros(min(n, most) * 1000)
}

// find returns the traces that q asks for, the latest first.
func (q *query) find(traces [][]*held) [][]*held {
	traces = slices.DeleteFunc(traces, func(spans []*held) bool { return !q.matches(spans) })
	latestFirst(traces)
	return traces[:min(len(traces), q.limit)]
}

func latestFirst(traces [][]*held) {
	slices.SortFunc(traces, func(a, b []*held) int {
		return cmp.Or(cmp.Compare(when(b), when(a)), strings.Compare(a[0].TraceID, b[0].TraceID))
	})
}

// when returns the time of a trace: its root's, else its earliest span's.
func when(spans []*held) Micros {
	var first Micros
	for _, s := range spans {
		switch {
		case s.Timestamp == 0:
		case s.ParentID == "":
			return s.Timestamp
		case first == 0 || s.Timestamp < first:
			first = s.Timestamp
		}
	}
	return first
}

func (q *query) matches(spans []*held) bool {
	if !q.inside(spans) {
		return false
	}
	service, name, remote, duration := q.service == "", q.name == "", q.remote == "", q.min == 0
	open := slices.Clone(q.conditions)
	for _, s := range spans {
		if q.service != "" && !strings.EqualFold(q.service, s.Service()) {
			continue
		}
		service = true
		name = name || strings.EqualFold(q.name, s.Name)
		remote = remote || s.RemoteEndpoint != nil && strings.EqualFold(q.remote, s.RemoteEndpoint.ServiceName)
		duration = duration || s.Duration >= q.min && (q.max == 0 || s.Duration <= q.max)
		open = slices.DeleteFunc(open, func(c condition) bool { return c.met(&s.Span) })
	}
	return service && name && remote && duration && len(open) == 0
}

func (c condition) met(s *Span) bool {
	if v, ok := s.Tags[c.key]; ok && (c.value == "" || c.value == v) {
		return true
	}
	return c.value == "" && slices.ContainsFunc(s.Annotations, func(a Annotation) bool { return a.Value == c.key })
}
