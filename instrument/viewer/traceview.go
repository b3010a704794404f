// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxLogsShown = 1000

// traceView is a trace as the page draws it: every span in its row, without
// its tags, which are asked for one span at a time.
type traceView struct {
	summary
	First    Micros    `json:"first"` // where the scale begins
	Rows     []rowView `json:"rows"`
	Lines    []logView `json:"lines"`
	LinesCut int       `json:"linesCut,omitempty"` // left out
}

type rowView struct {
	Span    int    `json:"n"` // place in the order of arrival
	ID      string `json:"id"`
	Depth   int    `json:"depth,omitempty"`
	Service string `json:"service"`
	Name    string `json:"name"`
	Kind    string `json:"kind,omitempty"`
	At      Micros `json:"at"` // after the scale's beginning
	Took    Micros `json:"took"`
	Untimed bool   `json:"untimed,omitempty"`
	Failed  bool   `json:"failed,omitempty"`
	Why     string `json:"why,omitempty"` // what the error tag says
	Events  int    `json:"events,omitempty"`
	Note    string `json:"note,omitempty"`
}

type logView struct {
	Span    string      `json:"span,omitempty"` // id
	Time    int64       `json:"time"`           // microseconds since 1970
	Level   string      `json:"level"`
	Message string      `json:"message"`
	Attrs   [][2]string `json:"attrs,omitempty"`
}

// found returns the spans of the trace that the path names, or answers why not.
func (a *api) found(w http.ResponseWriter, r *http.Request) []*held {
	key, ok := traceKey(strings.ToLower(r.PathValue("id")))
	if !ok {
		http.Error(w, fmt.Sprintf("viewer: trace id %s is not 1 to 32 hexadecimal digits, or is zero", quote(r.PathValue("id"))), http.StatusBadRequest)
		return nil
	}
	spans := a.store.trace(key)
	if spans == nil {
		http.Error(w, "viewer: no trace "+key+" here", http.StatusNotFound)
	}
	return spans
}

func (a *api) traceView(w http.ResponseWriter, r *http.Request) {
	spans := a.found(w, r)
	if spans == nil {
		return
	}
	first, _ := extent(spans)
	v := traceView{summary: a.summary(spans), First: first, Rows: make([]rowView, 0, len(spans)), Lines: []logView{}}
	for _, row := range rows(spans) {
		rv := rowView{
			Span: row.place, ID: row.ID, Depth: row.depth, Kind: row.Kind, Took: row.Duration, Untimed: row.Timestamp == 0,
			Service: printable(service(row), maxServiceRunes), Name: printable(name(row), maxNameRunes),
			Failed: row.Failed(), Events: len(row.Annotations), Note: row.note,
		}
		if !rv.Untimed {
			rv.At = row.Timestamp - first
		}
		if why := row.Tags["error"]; why != "true" {
			rv.Why = printable(why, maxNameRunes)
		}
		v.Rows = append(v.Rows, rv)
	}
	lines := a.logs.of(spans[0].TraceID)
	if len(lines) > maxLogsShown {
		v.LinesCut = len(lines) - maxLogsShown
		lines = lines[:maxLogsShown]
	}
	for _, l := range lines {
		v.Lines = append(v.Lines, l.view())
	}
	reply(w, v)
}

func (l *logLine) view() logView {
	v := logView{Span: l.span, Time: l.at.UnixMicro(), Level: printable(l.level, 20), Message: printable(l.message, maxLogMessage)}
	for _, a := range l.attrs {
		if a[1] == l.trace && a[1] == l.correlation {
			continue // the id of the trace once more, as where none came in
		}
		v.Attrs = append(v.Attrs, [2]string{printable(a[0], maxLogKey), printable(a[1], maxLogValue)})
	}
	return v
}

// traceText is a trace to be pasted into a ticket.
func (a *api) traceText(w http.ResponseWriter, r *http.Request) {
	const width, most = 100, 2000
	spans := a.found(w, r)
	if spans == nil {
		return
	}
	s := a.summary(spans)
	p := picture{id: s.ID, spans: spans, roots: 1, missing: s.Missing}
	if s.NoRoot {
		p.roots = 0
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(waterfall(p, width, most, false)))
}

// printable returns at most n runes of s, fit for a page: text is never taken
// for markup there, but characters that steer, hide or turn it would still
// mislead. Line ends and tabs stay.
func printable(s string, n int) string {
	if n <= 0 {
		return ""
	}
	var b strings.Builder
	used := 0
	for i, r := range s {
		if used == n-1 && !lastRune(s[i:]) {
			b.WriteRune('…')
			break
		}
		if !unicode.IsPrint(r) && r != '\n' && r != '\t' && r != '\u00a0' {
			r = utf8.RuneError
		}
		b.WriteRune(r)
		if used++; used == n {
			break
		}
	}
	return b.String()
}
