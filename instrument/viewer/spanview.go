// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// What the page shows of one span. The JSON of the trace has all of it.
const (
	maxValueRunes = 4 << 10
	maxPairs      = 200
)

// spanView is what the page opens for a span.
type spanView struct {
	Span     int         `json:"n"`
	ID       string      `json:"id"`
	ParentID string      `json:"parentId,omitempty"`
	Service  string      `json:"service"`
	Name     string      `json:"name"`
	Kind     string      `json:"kind,omitempty"`
	At       Micros      `json:"at"`
	Start    Micros      `json:"start"`
	Took     Micros      `json:"took"`
	Failed   bool        `json:"failed,omitempty"`
	Debug    bool        `json:"debug,omitempty"`
	Shared   bool        `json:"shared,omitempty"`
	Local    string      `json:"local,omitempty"`
	Remote   string      `json:"remote,omitempty"`
	Tags     []tagView   `json:"tags"`
	MoreTags int         `json:"moreTags,omitempty"`
	Events   []eventView `json:"events"`
	MoreEvs  int         `json:"moreEvents,omitempty"`
	Links    []linkView  `json:"links"`
}

type tagView struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	Bytes int    `json:"bytes,omitempty"` // of the whole value, when it is cut
}

type eventView struct {
	At    Micros `json:"at"` // after the trace's beginning
	Value string `json:"value"`
	Bytes int    `json:"bytes,omitempty"`
}

// linkView is another trace that a span names.
type linkView struct {
	Key     string `json:"key"`
	TraceID string `json:"traceId"`
	SpanID  string `json:"spanId,omitempty"`
	Held    bool   `json:"held"`
}

func (a *api) spanView(w http.ResponseWriter, r *http.Request) {
	spans := a.found(w, r)
	if spans == nil {
		return
	}
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 0 || n >= len(spans) {
		http.Error(w, fmt.Sprintf("viewer: span %s is not one of 0 to %d", quote(r.PathValue("n")), len(spans)-1), http.StatusNotFound)
		return
	}
	first, _ := extent(spans)
	s := &spans[n].Span
	v := spanView{
		Span: n, ID: s.ID, ParentID: s.ParentID, Kind: s.Kind, Start: s.Timestamp, Took: s.Duration,
		Service: printable(orElse(s.Service(), "?"), maxServiceRunes), Name: printable(orElse(s.Name, "(no name)"), maxValueRunes),
		Failed: s.Failed(), Debug: s.Debug, Shared: s.Shared,
		Local: s.LocalEndpoint.text(), Remote: s.RemoteEndpoint.text(),
		Tags: []tagView{}, Events: []eventView{}, Links: []linkView{},
	}
	if s.Timestamp > 0 {
		v.At = s.Timestamp - first
	}
	for _, key := range s.tagsInOrder() {
		if len(v.Tags) == maxPairs {
			v.MoreTags = len(s.Tags) - maxPairs
			break
		}
		t := tagView{Key: printable(key, maxNameRunes)}
		t.Value, t.Bytes = bounds(s.Tags[key])
		v.Tags = append(v.Tags, t)
		if trace, span, ok := linked(key, s.Tags[key], s.TraceID); ok {
			v.Links = append(v.Links, linkView{Key: t.Key, TraceID: trace, SpanID: span, Held: a.store.trace(trace) != nil})
		}
	}
	for _, e := range s.eventsInOrder() {
		if len(v.Events) == maxPairs {
			v.MoreEvs = len(s.Annotations) - maxPairs
			break
		}
		ev := eventView{At: max(0, e.Timestamp-first)}
		ev.Value, ev.Bytes = bounds(e.Value)
		v.Events = append(v.Events, ev)
	}
	reply(w, v)
}

// bounds cuts a value and says how long it was where it did.
func bounds(s string) (text string, bytes int) {
	text = printable(s, maxValueRunes)
	if length(s, maxValueRunes+1) > maxValueRunes {
		bytes = len(s)
	}
	return text, bytes
}

// tagsInOrder puts the error first: it is what one looks for.
func (s *Span) tagsInOrder() []string {
	keys := make([]string, 0, len(s.Tags))
	for k := range s.Tags {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if (a == "error") != (b == "error") {
			if a == "error" {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return keys
}

func (s *Span) eventsInOrder() []Annotation {
	events := slices.Clone(s.Annotations)
	slices.SortStableFunc(events, func(a, b Annotation) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
	return events
}

func (e *Endpoint) text() string {
	if e == nil {
		return ""
	}
	var parts []string
	if e.ServiceName != "" {
		parts = append(parts, printable(e.ServiceName, maxServiceRunes))
	}
	for _, ip := range []string{e.IPv4, e.IPv6} {
		switch {
		case ip == "":
		case e.Port > 0:
			parts = append(parts, net.JoinHostPort(ip, strconv.Itoa(int(e.Port))))
		default:
			parts = append(parts, ip)
		}
	}
	return strings.Join(parts, " ")
}

// linked reads the trace that a tag names. Zipkin's JSON has no place for the
// links of OpenTelemetry: the Collector writes them as tags otlp.link.0 and so
// on, "trace|span|…". A tag that is nothing but a trace id of 32 digits, or a
// traceparent, is as good.
func linked(key, value, own string) (trace, span string, ok bool) {
	const longest = 1 << 10
	switch {
	case len(value) < 32 || len(value) > longest:
		return "", "", false
	case strings.HasPrefix(key, "otlp.link."):
		fields := strings.SplitN(value, "|", 3)
		if len(fields) > 1 {
			span = fields[1]
		}
		trace = fields[0]
	case len(value) == 32:
		trace = value
	case len(value) == 55 && value[:3] == "00-" && value[35] == '-' && value[52] == '-':
		trace, span = value[3:35], value[36:52]
	default:
		return "", "", false
	}
	if trace, ok = traceKey(strings.ToLower(trace)); !ok || trace == own {
		return "", "", false
	}
	span, _ = spanKey(strings.ToLower(span))
	return trace, span, true
}
