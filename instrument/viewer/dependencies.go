// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// dependency says how often one service called another, in Zipkin's words.
type dependency struct {
	Parent     string `json:"parent"`
	Child      string `json:"child"`
	CallCount  int    `json:"callCount"`
	ErrorCount int    `json:"errorCount,omitempty"`
}

// dependencies answers for the traces of a period. Zipkin's server insists on
// its end; here it is now unless it is given.
func (a *api) dependencies(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var endTs, lookback int64
	if err := whole(q, map[string]*int64{"endTs": &endTs, "lookback": &lookback}); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	period := query{}
	period.during(endTs, lookback)
	found := make(links)
	for _, spans := range a.store.all() {
		if period.inside(spans) {
			found.add(spans)
		}
	}
	replyEach(w, found.sorted())
}

// during sets the period that ends at endTs and began lookback before it, both
// in milliseconds and zero when not asked for.
func (q *query) during(endTs, lookback int64) {
	q.to = millis(endTs)
	if lookback > 0 {
		if endTs == 0 {
			endTs = time.Now().UnixMilli()
		}
		q.from = max(1, millis(endTs)-millis(lookback))
	}
}

func (q *query) inside(spans []*held) bool {
	at := when(spans)
	return at >= q.from && (q.to == 0 || at != 0 && at <= q.to)
}

// links counts calls by their two ends.
type links map[[2]string]*dependency

func (l links) count(parent, child string, failed bool) {
	if parent == "" || child == "" {
		return
	}
	d := l[[2]string{parent, child}]
	if d == nil {
		d = &dependency{Parent: parent, Child: child}
		l[[2]string{parent, child}] = d
	}
	d.CallCount++
	if failed {
		d.ErrorCount++
	}
}

func (l links) sorted() []dependency {
	out := make([]dependency, 0, len(l))
	for _, d := range l {
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b dependency) int {
		return cmp.Or(strings.Compare(a.Parent, b.Parent), strings.Compare(a.Child, b.Child))
	})
	return out
}

// add counts the calls of one trace by Zipkin's rules: a call is counted
// where it arrived, or, when that side was not traced, where it was made; a
// queue's where each side names the broker.
func (l links) add(spans []*held) {
	parents, called := parentsOf(spans)
	for i, s := range spans {
		local, remote := s.Service(), ""
		if s.RemoteEndpoint != nil {
			remote = s.RemoteEndpoint.ServiceName
		}
		kind := s.Kind
		if kind == "" && local != "" && remote != "" {
			kind = "CLIENT" // it names both ends, so it made a call
		}
		switch kind {
		case "PRODUCER":
			l.count(local, remote, s.Failed())
		case "CONSUMER":
			l.count(remote, local, s.Failed())
		case "CLIENT":
			if s.Kind == "CLIENT" && called[i] {
				continue // the spans below know better whom it called
			}
			failed := s.Failed()
			if above := remoteAncestor(spans, parents, i); above != nil {
				if name := above.Service(); name != "" && local != "" && name != local {
					l.count(name, local, false) // local is whom the ancestor called
				}
				failed = failed || failedFor(above, &s.Span)
				if local == "" {
					local = above.Service()
				}
			}
			l.count(local, remote, failed)
		case "SERVER":
			failed := s.Failed()
			if above := remoteAncestor(spans, parents, i); above != nil && above.Service() != "" {
				remote = above.Service()
				failed = failed || failedFor(above, &s.Span)
			}
			l.count(remote, local, failed)
		}
	}
}

// failedFor tells whether a client has seen the call fail that s answered;
// halves of one id are not asked, as in Zipkin.
func failedFor(client, s *Span) bool {
	return client.Kind == "CLIENT" && client.Failed() && s.ParentID == client.ID
}

// parentsOf returns the place of the parent of each span, or a negative
// number, and whether the span is a parent itself.
func parentsOf(spans []*held) (parents []int, called []bool) {
	byID := make(map[string][]int, len(spans))
	for i, s := range spans {
		byID[s.ID] = append(byID[s.ID], i)
	}
	parents, called = make([]int, len(spans)), make([]bool, len(spans))
	for i := range spans {
		parents[i] = parentOf(spans, i, byID)
		if parents[i] >= 0 {
			called[parents[i]] = true
		}
	}
	return parents, called
}

// remoteAncestor returns the nearest span above with a kind: what lies between
// is local to its service.
func remoteAncestor(spans []*held, parents []int, i int) *Span {
	for range 1000 { // parents may run in a circle
		if i = parents[i]; i < 0 {
			return nil
		}
		if spans[i].Kind != "" {
			return &spans[i].Span
		}
	}
	return nil
}

// traceMany answers for several ids at once, those that are held.
func (a *api) traceMany(w http.ResponseWriter, r *http.Request) {
	const most = 1000
	asked := strings.Split(r.URL.Query().Get("traceIds"), ",")
	if len(asked) < 2 || len(asked) > most {
		http.Error(w, fmt.Sprintf("viewer: traceIds names %d traces, want 2 to %d; one is at /api/v2/trace/{id}", len(asked), most), http.StatusBadRequest)
		return
	}
	seen := make(map[string]bool, len(asked))
	found := [][]*held{} // never null in JSON
	for _, id := range asked {
		key, ok := traceKey(strings.ToLower(strings.TrimSpace(id)))
		if !ok {
			http.Error(w, fmt.Sprintf("viewer: trace id %s is not 1 to 32 hexadecimal digits, or is zero", quote(id)), http.StatusBadRequest)
			return
		}
		if seen[key] {
			http.Error(w, fmt.Sprintf("viewer: trace id %s is there twice", quote(id)), http.StatusBadRequest)
			return
		}
		seen[key] = true
		if spans := a.store.trace(key); spans != nil {
			found = append(found, spans)
		}
	}
	replyTraces(w, found)
}
