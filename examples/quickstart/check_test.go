// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/waymark-otel/waymark/instrument/viewer"
)

// arrived returns the spans that r should leave behind.
func arrived(r request) []viewer.Span {
	spans := make([]viewer.Span, len(expected))
	for i, w := range expected {
		spans[i] = viewer.Span{
			TraceID: "000000000000000a", ID: fmt.Sprintf("%016x", i+1), Kind: w.kind, Name: w.name,
			LocalEndpoint: &viewer.Endpoint{ServiceName: w.service},
		}
		if w.parent >= 0 {
			spans[i].ParentID = spans[w.parent].ID
		}
		if r.fails && !w.aside {
			spans[i].Tags = map[string]string{"error": ""}
		}
		if r.slow && !w.aside {
			spans[i].Duration = viewer.Micros(slowness.Microseconds())
		}
	}
	return spans
}

func TestVerifyAcceptsWhatIsExpected(t *testing.T) {
	for _, r := range requests {
		spans := arrived(r)
		if err := r.verify(1, spans); err != nil {
			t.Errorf("item %s: %v", r.item, err)
		}
		for i := range spans { // as Zipkin's server returns them
			spans[i].Name = strings.ToLower(spans[i].Name)
		}
		if err := r.verify(1, spans); err != nil {
			t.Errorf("item %s in lower case: %v", r.item, err)
		}
	}
}

func TestVerifyFindsEachFault(t *testing.T) {
	plain, slow, failing := requests[0], requests[1], requests[2]
	for name, tc := range map[string]struct {
		request request
		spoil   func([]viewer.Span) []viewer.Span
		want    string
	}{
		"a span is missing": {plain, func(s []viewer.Span) []viewer.Span { return append(s[:3:3], s[4:]...) }, "catalog look up item: arrived 0 times, want once\n7 spans arrived, want 8"},
		"a span came twice": {plain, func(s []viewer.Span) []viewer.Span { return append(s, s[2]) }, "catalog SERVER GET /items/{item}: arrived 2 times, want once\n9 spans arrived, want 8"},
		"a stranger's span": {plain, func(s []viewer.Span) []viewer.Span { return append(s, viewer.Span{ID: "00000000000000ff"}) }, "9 spans arrived, want 8"},
		"the wrong parent":  {plain, func(s []viewer.Span) []viewer.Span { s[6].ParentID = s[3].ID; return s }, `legacy SERVER GET /prices/{item}: parent is "0000000000000004", want "0000000000000006"`},
		"a root with one":   {plain, func(s []viewer.Span) []viewer.Span { s[0].ParentID = "00000000000000ff"; return s }, `front SERVER GET /orders/{item}: parent is "00000000000000ff", want ""`},
		"the wrong service": {plain, func(s []viewer.Span) []viewer.Span { s[7].LocalEndpoint.ServiceName = "front"; return s }, "legacy compute price: arrived 0 times, want once"},
		"the wrong kind":    {plain, func(s []viewer.Span) []viewer.Span { s[7].Kind = "SERVER"; return s }, "legacy compute price: arrived 0 times, want once"},
		"no error mark":     {failing, func(s []viewer.Span) []viewer.Span { s[5].Tags = nil; return s }, "catalog CLIENT GET: marked as an error: false, want true"},
		"an error too many": {plain, func(s []viewer.Span) []viewer.Span { s[3].Tags = map[string]string{"error": ""}; return s }, "catalog look up item: marked as an error: true, want false"},
		"not slow":          {slow, func(s []viewer.Span) []viewer.Span { s[7].Duration--; return s }, "legacy compute price: lasted 299.999ms, want 300ms or more"},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.request.verify(1, tc.spoil(arrived(tc.request)))
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("error is %v, want %s", err, tc.want)
			}
		})
	}
}

func TestVerifyAtARatioTakesAFailureKeptOrSampled(t *testing.T) {
	failing := requests[2]
	all := arrived(failing)
	kept := all[:6:6] // legacy's two are a trace of their own
	for name, tc := range map[string]struct {
		ratio float64
		spans []viewer.Span
		ok    bool
	}{
		"kept":               {0.001, kept, true},
		"sampled by chance":  {0.001, all, true},
		"sampled, in part":   {0.001, all[:7:7], false},
		"kept, in part":      {0.001, kept[:5:5], false},
		"kept, but all is":   {1, kept, false},
		"sampled, as all is": {1, all, true},
	} {
		if err := failing.verify(tc.ratio, tc.spans); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
