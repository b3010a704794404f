// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/waymark-otel/waymark/instrument/viewer"
)

// request is an order to send, and what is known of it beforehand.
type request struct {
	item   string
	status int
	fails  bool // every span on the way to the price is marked as an error
	slow   bool // every span on the way to the price lasts at least slowness
}

var requests = []request{
	{item: plainItem, status: http.StatusOK},
	{item: slowItem, status: http.StatusOK, slow: true},
	{item: lostItem, status: http.StatusBadGateway, fails: true},
}

// want is a span that each request leaves behind.
type want struct {
	service, kind, name string
	parent              int  // place in expected; -1 for the root
	aside               bool // not on the way to the price
}

var expected = []want{
	{service: "front", kind: "SERVER", name: "GET /orders/{item}", parent: -1},
	{service: "front", kind: "CLIENT", name: "GET", parent: 0},
	{service: "catalog", kind: "SERVER", name: "GET /items/{item}", parent: 1},
	{service: "catalog", name: "look up item", parent: 2, aside: true},
	{service: "catalog", kind: "CLIENT", name: "SELECT items", parent: 3, aside: true},
	{service: "catalog", kind: "CLIENT", name: "GET", parent: 2},
	{service: "legacy", kind: "SERVER", name: "GET /prices/{item}", parent: 5},
	{service: "legacy", name: "compute price", parent: 6},
}

func (w want) String() string {
	return strings.Join(strings.Fields(w.service+" "+w.kind+" "+w.name), " ")
}

// is compares as Zipkin does, whose server keeps names in lower case.
func (w want) is(s *viewer.Span) bool {
	return strings.EqualFold(w.service, s.Service()) && w.kind == s.Kind && strings.EqualFold(w.name, s.Name)
}

// keptBelow are the spans that a failed request leaves behind at a ratio below
// 1. X-Trace-Info means "traced", so what is not sampled goes to legacy
// without it, and legacy keeps its failure as a trace of its own.
func keptBelow() []want {
	return slices.DeleteFunc(slices.Clone(expected), func(w want) bool { return w.service == "legacy" })
}

// verify says everything that is wrong with the spans of one request at ratio.
// Below 1 the request may be one that is sampled: then all of it is there.
func (r request) verify(ratio float64, spans []viewer.Span) error {
	if ratio >= 1 || len(spans) == len(expected) {
		return r.compare(expected, spans)
	}
	return r.compare(keptBelow(), spans)
}

// compare says everything that is wrong with the spans of one request.
func (r request) compare(expected []want, spans []viewer.Span) error {
	var errs []error
	wrong := func(w want, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: "+format, append([]any{w}, args...)...))
	}
	found := make([]*viewer.Span, len(expected))
	for i, w := range expected {
		n := 0
		for j := range spans {
			if w.is(&spans[j]) {
				found[i] = &spans[j]
				n++
			}
		}
		if n != 1 {
			wrong(w, "arrived %d times, want once", n)
		}
	}
	if len(spans) != len(expected) {
		errs = append(errs, fmt.Errorf("%d spans arrived, want %d", len(spans), len(expected)))
	}
	for i, w := range expected {
		s, parentID := found[i], ""
		if s == nil {
			continue
		}
		if w.parent >= 0 {
			if found[w.parent] == nil {
				continue // said above
			}
			parentID = found[w.parent].ID
		}
		if s.ParentID != parentID {
			wrong(w, "parent is %q, want %q", s.ParentID, parentID)
		}
		if fails := r.fails && !w.aside; s.Failed() != fails {
			wrong(w, "marked as an error: %t, want %t", s.Failed(), fails)
		}
		if d := s.Duration.Duration(); r.slow && !w.aside && d < slowness {
			wrong(w, "lasted %s, want %s or more", d, slowness)
		}
	}
	return errors.Join(errs...)
}

// errNoQuery is what a collector gives that takes spans but tells nothing.
var errNoQuery = errors.New("no Zipkin query API there")

// check reads every trace back over HTTP, from whoever collected it, and waits
// a little for those that store before they tell.
func check(ctx context.Context, queryURL string, traceIDs []string, ratio float64) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var services []string
	if err := get(ctx, queryURL+"/api/v2/services", &services); err != nil {
		return fmt.Errorf("%w: %w", errNoQuery, err)
	}
	for i, r := range requests {
		if ratio < 1 && !r.fails {
			continue // one in so many arrives
		}
		for last := error(nil); ; {
			var spans []viewer.Span
			err := get(ctx, queryURL+"/api/v2/trace/"+traceIDs[i], &spans)
			if err == nil {
				err = r.verify(ratio, spans)
			}
			if err == nil {
				break
			}
			if ctx.Err() == nil || last == nil { // else the question failed for want of time
				last = err
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("order of item %q, trace %q: %w", r.item, traceIDs[i], last)
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	return nil
}

func get(ctx context.Context, from string, to any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", req.URL.Redacted(), resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(to)
}
