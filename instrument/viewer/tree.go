// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"cmp"
	"slices"
)

// row is a span at its place in the waterfall.
type row struct {
	*Span
	place int // among the spans, in the order of arrival
	depth int
	note  string // why it stands at the top although it has a parent
}

// none is the parent of a root, lost that of an orphan.
const (
	none = -1
	lost = -2
)

// rows orders the spans of a trace parents first, siblings by time. Every
// span has exactly one row, whatever the parents say.
func rows(spans []*held) []row {
	byID := make(map[string][]int, len(spans))
	for i, s := range spans {
		byID[s.ID] = append(byID[s.ID], i)
	}
	children := make([][]int, len(spans))
	var tops, circles []int
	notes := make([]string, len(spans))
	for i := range spans {
		switch p := parentOf(spans, i, byID); p {
		case none:
			tops = append(tops, i)
		case lost:
			tops = append(tops, i)
			notes[i] = "parent " + spans[i].ParentID + " is not here"
		default:
			children[p] = append(children[p], i)
		}
	}
	byTime := func(a, b int) int {
		return cmp.Or(compareTimes(spans[a].Timestamp, spans[b].Timestamp), a-b)
	}
	// A root leads even where an orphan's clock says that it was first.
	slices.SortFunc(tops, func(a, b int) int {
		return cmp.Or(cmp.Compare(min(1, len(notes[a])), min(1, len(notes[b]))), byTime(a, b))
	})
	out := make([]row, 0, len(spans))
	done := make([]bool, len(spans))
	type visit struct{ span, depth int }
	var stack []visit // not the goroutine's: depth is the sender's choice
	walk := func(top int) {
		stack = append(stack[:0], visit{top, 0})
		for len(stack) > 0 {
			v := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if done[v.span] {
				continue
			}
			done[v.span] = true
			out = append(out, row{Span: &spans[v.span].Span, place: v.span, depth: v.depth, note: notes[v.span]})
			below := children[v.span]
			slices.SortFunc(below, byTime)
			for _, c := range slices.Backward(below) {
				stack = append(stack, visit{c, v.depth + 1})
			}
		}
	}
	for _, top := range tops {
		walk(top)
	}
	for i := range spans {
		if !done[i] {
			circles = append(circles, i)
		}
	}
	slices.SortFunc(circles, byTime)
	for _, i := range circles {
		if !done[i] {
			notes[i] = "its parents run in a circle"
			walk(i)
		}
	}
	return out
}

// compareTimes puts what has no time last.
func compareTimes(a, b Micros) int {
	if (a == 0) != (b == 0) {
		return cmp.Compare(b, a)
	}
	return cmp.Compare(a, b)
}

// parentOf finds the span above spans[i]. In B3's older use an id has two
// halves: the server's stands below the client's, and what is below the id
// belongs to the half of its own service, else to the server's.
func parentOf(spans []*held, i int, byID map[string][]int) int {
	const most = 8 // of one id, looked at; an honest id has two
	s := spans[i]
	if s.Shared || s.Kind == "SERVER" {
		for _, j := range byID[s.ID][:min(most, len(byID[s.ID]))] {
			if j != i && !spans[j].Shared && spans[j].Kind == "CLIENT" {
				return j
			}
		}
	}
	if s.ParentID == "" {
		return none
	}
	best := lost
	for _, j := range byID[s.ParentID][:min(most, len(byID[s.ParentID]))] {
		if spans[j].Service() == s.Service() {
			return j
		}
		if best == lost || spans[j].Shared || spans[j].Kind == "SERVER" {
			best = j
		}
	}
	return best
}
