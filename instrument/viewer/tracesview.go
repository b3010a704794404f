// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"math"
	"net/http"
	"slices"
	"strings"
)

// The page shows names in full up to here; whoever wants more copies the JSON.
const (
	maxNameRunes    = 200
	maxServiceRunes = 80
	maxListed       = 200
)

// summary is a trace in a list.
type summary struct {
	ID       string         `json:"id"`
	Service  string         `json:"service"` // of the root, else of the first span
	Name     string         `json:"name"`
	Kind     string         `json:"kind,omitempty"`
	Start    Micros         `json:"start"`
	Duration Micros         `json:"duration"`
	Spans    int            `json:"spans"`
	Errors   int            `json:"errors"`
	Logs     int            `json:"logs"`
	NoRoot   bool           `json:"noRoot,omitempty"`
	Missing  int            `json:"missing,omitempty"`
	Services []serviceCount `json:"services"` // in the order in which they came in
}

type serviceCount struct {
	Name   string `json:"name"`
	Spans  int    `json:"spans"`
	Errors int    `json:"errors,omitempty"`
}

func (a *api) summary(spans []*held) summary {
	s := summary{ID: spans[0].TraceID, Spans: len(spans), Logs: len(a.logs.of(spans[0].TraceID)), NoRoot: true}
	first, last := extent(spans)
	s.Duration = last - first
	ids := make(map[string]bool, len(spans))
	for _, sp := range spans {
		ids[sp.ID] = true
	}
	places := make(map[string]int)
	missing := make(map[string]bool)
	var head *Span
	for _, h := range spans {
		sp := &h.Span
		if head == nil || before(sp, head) {
			head = sp
		}
		s.NoRoot = s.NoRoot && sp.ParentID != ""
		if sp.ParentID != "" && !ids[sp.ParentID] {
			missing[sp.ParentID] = true
		}
		name := sp.Service()
		i, known := places[name]
		if !known && len(places) < 50 {
			i, known = len(s.Services), true
			places[name] = i
			s.Services = append(s.Services, serviceCount{Name: printable(orElse(name, "?"), maxServiceRunes)})
		}
		if known {
			s.Services[i].Spans++
		}
		if sp.Failed() {
			s.Errors++
			if known {
				s.Services[i].Errors++
			}
		}
	}
	s.Missing = len(missing)
	s.Service = printable(orElse(head.Service(), "?"), maxServiceRunes)
	s.Name = printable(orElse(head.Name, "(no name)"), maxNameRunes)
	s.Kind = head.Kind
	s.Start = when(spans)
	return s
}

// before tells whether a stands for its trace rather than b: a root does, then
// the one that started first.
func before(a, b *Span) bool {
	if (a.ParentID == "") != (b.ParentID == "") {
		return a.ParentID == ""
	}
	return compareTimes(a.Timestamp, b.Timestamp) < 0
}

// extent returns when the first span of a trace began and the last one ended,
// zeros when no time is known.
func extent(spans []*held) (first, last Micros) {
	first = math.MaxInt64
	for _, s := range spans {
		if s.Timestamp > 0 {
			first = min(first, s.Timestamp)
			last = max(last, s.Timestamp.plus(s.Duration))
		}
	}
	if last == 0 {
		return 0, 0
	}
	return first, last
}

// listView is what the page's first screen shows.
type listView struct {
	Traces  []summary `json:"traces"`
	Matched int       `json:"matched"`
	Stats   Stats     `json:"stats"`
}

// list answers the page's search: Zipkin's parameters, and id for a trace id
// or a correlation id.
func (a *api) list(w http.ResponseWriter, r *http.Request) {
	q, err := parseQuery(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	q.limit = min(q.limit, maxListed)
	traces := a.store.all()
	if id := strings.TrimSpace(r.URL.Query().Get("id")); id != "" {
		traces = a.named(traces, id)
	}
	traces = slices.DeleteFunc(traces, func(spans []*held) bool { return !q.matches(spans) })
	latestFirst(traces)
	view := listView{Traces: []summary{}, Matched: len(traces), Stats: a.stats()}
	for _, spans := range traces[:min(len(traces), q.limit)] {
		view.Traces = append(view.Traces, a.summary(spans))
	}
	reply(w, view)
}

// named returns the traces with an id: their own, or a correlation id in a tag
// of a span or in a line of their logs.
func (a *api) named(traces [][]*held, id string) [][]*held {
	key, _ := traceKey(strings.ToLower(id))
	logged := a.logs.correlated(id)
	return slices.DeleteFunc(traces, func(spans []*held) bool {
		trace := spans[0].TraceID
		return trace != key && !logged[trace] && !slices.ContainsFunc(spans, func(s *held) bool { return correlated(&s.Span, id) })
	})
}

func correlated(s *Span, id string) bool {
	for k, v := range s.Tags {
		if v == id && isCorrelationKey(k) {
			return true
		}
	}
	return false
}

// isCorrelationKey knows correlation_id, correlation.id, X-Correlation-ID and
// their like.
func isCorrelationKey(key string) bool {
	const longest = 64
	if len(key) > longest {
		return false
	}
	key = strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(key))
	return strings.HasSuffix(key, "correlationid") || strings.HasSuffix(key, "requestid")
}
