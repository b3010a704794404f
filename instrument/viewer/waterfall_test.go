// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// epoch is some moment in microseconds.
const epoch = Micros(1_700_000_000_000_000)

// span makes a span whose id and parent are small numbers; zero is no parent.
func span(id, parent int, service, name string, at, took time.Duration) Span {
	s := Span{
		TraceID: "4e3e0ec6293840b1850409eb1d4b0dee", ID: fmt.Sprintf("%016x", id), Name: name,
		Timestamp: epoch + Micros(at.Microseconds()), Duration: Micros(took.Microseconds()),
	}
	if parent != 0 {
		s.ParentID = fmt.Sprintf("%016x", parent)
	}
	if service != "" {
		s.LocalEndpoint = &Endpoint{ServiceName: service}
	}
	return s
}

// draw stores the spans and draws the trace they belong to.
func draw(width int, color bool, spans ...Span) string {
	st := newStore(1<<30, true)
	st.add(spans)
	due, _ := st.due(time.Now(), 0, 0, true)
	return waterfall(due[0], width, maxRows, color)
}

const ms = time.Millisecond

func checkout() []Span {
	failing := span(5, 4, "legacy", "price", 130*ms, 90*ms)
	failing.Tags = map[string]string{"error": "no such item: 17"}
	return []Span{
		span(2, 1, "front", "GET", 5*ms, 290*ms),
		failing,
		span(4, 3, "catalog", "GET", 120*ms, 110*ms),
		span(6, 3, "catalog", "SELECT items", 20*ms, 850*time.Microsecond),
		span(1, 0, "front", "GET /orders/{id}", 0, 305*ms),
		span(3, 2, "catalog", "GET /items/{id}", 10*ms, 250*ms),
	}
}

func TestWaterfallIsDrawnParentsFirst(t *testing.T) {
	want := `trace 4e3e0ec6293840b1850409eb1d4b0dee, 6 spans, 3 services, 1 error, 305ms
front    GET /orders/{id}      ██████████████████████████████████████████  305ms
front      GET                 ████████████████████████████████████████    290ms
catalog      GET /items/{id}    ██████████████████████████████████         250ms
catalog        SELECT items      █                                         850µs
catalog        GET                             ███████████████             110ms
legacy           price       ✗                  ████████████              90.0ms
                 ✗ no such item: 17
`
	assert.Equal(t, want, draw(80, false, checkout()...))
}

func TestWaterfallFitsItsWidth(t *testing.T) {
	narrow := `trace 4e3e0ec6293840b1850409eb1d4b0dee
  6 spans, 3 services, 1 error, 305ms
front    GET /or…   █████████████  305ms
front      GET      ████████████   290ms
catalog    GET /…   ███████████    250ms
catalog    SELEC…   █              850µs
catalog    GET           █████     110ms
legacy     price  ✗      ████     90.0ms
           ✗ no such item: 17
`
	assert.Equal(t, narrow, draw(40, false, checkout()...))
	assert.Equal(t, narrow, draw(1, false, checkout()...), "40 columns are the least")
	for _, width := range []int{40, 57, 80, 120, 333, 1000} {
		for line := range strings.Lines(draw(width, false, checkout()...)) {
			assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), width, line)
		}
	}
	spanLine := strings.Split(draw(120, false, checkout()...), "\n")[1]
	assert.Equal(t, 120, utf8.RuneCountInString(spanLine), "durations end at the right edge")
}

func TestOrphansAndCirclesAreShownAndMarked(t *testing.T) {
	got := draw(80, false,
		span(1, 0, "a", "root", 0, 100*ms),
		span(2, 9, "a", "orphan", 10*ms, 10*ms),
		span(3, 4, "a", "there", 20*ms, 10*ms),
		span(4, 3, "a", "back", 30*ms, 10*ms),
		span(5, 2, "a", "child of orphan", 11*ms, 5*ms))
	assert.Equal(t, `trace 4e3e0ec6293840b1850409eb1d4b0dee, 5 spans, 1 service, 100ms
  1 missing parent
a  root                ██████████████████████████████████████████████████  100ms
a  orphan                   █████                                         10.0ms
   parent 0000000000000009 is not here
a    child of orphan        ███                                           5.00ms
a  there                         █████                                    10.0ms
   its parents run in a circle
a    back                             █████                               10.0ms
`, got)
}

func TestARootThatNeverCameIsSaid(t *testing.T) {
	got := draw(80, false, span(2, 1, "a", "child", 0, ms))
	assert.Contains(t, got, ", no root yet")
	assert.Contains(t, got, "parent 0000000000000001 is not here")
}

func TestBothHalvesOfASharedIDStandBelowEachOther(t *testing.T) {
	client := span(2, 1, "front", "get", 0, 100*ms)
	client.Kind = "CLIENT"
	server := span(2, 1, "back", "get", 10*ms, 80*ms)
	server.Kind, server.Shared = "SERVER", true
	got := rows(hold(server, span(3, 2, "back", "query", 20*ms, ms), client,
		span(4, 2, "front", "retry", 5*ms, ms), span(1, 0, "front", "root", 0, 100*ms)))
	var lines []string
	for _, r := range got {
		lines = append(lines, strings.Repeat(" ", r.depth)+r.Service()+" "+r.Name+r.note)
	}
	assert.Equal(t, []string{"front root", " front get", "  front retry", "  back get", "   back query"}, lines)
}

func hold(spans ...Span) []*held {
	out := make([]*held, len(spans))
	for i := range spans {
		out[i] = &held{Span: spans[i]}
	}
	return out
}

func TestHostileTextNeverReachesTheTerminal(t *testing.T) {
	evil := []string{
		"\x1b[2J\x1b]0;owned\a", "a\nb\rc\td\x00e\bf\x7f", "\u009b31m\u0090q\u009c", "\u202eright\u2066to\u200fleft",
		"zero\u200bwidth\ufeff", "\xff\xfe\x1b", "line\u2028sep\u2029", strings.Repeat("\x1b[31m", 200_000),
		"\U000e0001tag\U0010fffd", "soft\u00adhyphen", "nb\u00a0space\u3000",
	}
	for _, text := range evil {
		s := span(1, 0, text, text, 0, ms)
		s.Tags = map[string]string{"error": text, text: text}
		for _, color := range []bool{false, true} {
			out := draw(80, color, s)
			if color {
				assert.Contains(t, out, red)
				for _, own := range append([]string{red, bold, faint, plain}, palette...) {
					out = strings.ReplaceAll(out, own, "")
				}
			}
			requireInert(t, out, 80)
			assert.Equal(t, 3, strings.Count(out, "\n"), "one line each: summary, span, error")
		}
	}
}

// requireInert fails when text holds anything that a terminal might obey.
func requireInert(t *testing.T, text string, width int) {
	t.Helper()
	require.True(t, utf8.ValidString(text))
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		require.LessOrEqual(t, utf8.RuneCountInString(line), width, "%q", line)
		for _, r := range line {
			require.True(t, unicode.IsPrint(r), "%q in %q", r, line)
		}
	}
}

func TestOddTimesAreDrawn(t *testing.T) {
	tests := map[string]struct {
		timestamp, duration Micros
		end                 string
	}{
		"no time at all":      {0, 0, " -"},
		"duration only":       {0, 1500, " 1.50ms"},
		"timestamp only":      {epoch, 0, "█ -"},
		"as long as can be":   {1, math.MaxInt64, "█ 2562047h"},
		"beyond the end":      {math.MaxInt64, math.MaxInt64, "█ 2562047h"},
		"minutes":             {epoch, 61_000_000, "█ 1m1s"},
		"a microsecond":       {epoch, 1, "█ 1µs"},
		"just below a second": {epoch, 999_999, "█ 999ms"},
		"just below a minute": {epoch, 59_999_999, "█ 59.99s"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := span(1, 0, "a", "b", 0, 0)
			s.Timestamp, s.Duration = tc.timestamp, tc.duration
			line := strings.Split(draw(80, false, s), "\n")[1]
			assert.Equal(t, 80, utf8.RuneCountInString(line))
			assert.True(t, strings.HasSuffix(line, tc.end), "%q", line)
		})
	}
}

func TestNamelessIsSaid(t *testing.T) {
	got := draw(80, false, span(1, 0, "", "", 0, ms))
	assert.Contains(t, got, "1 span, 0 services,")
	assert.Contains(t, got, "?  (no name)")
}

func TestTenThousandSpansAreDrawnShort(t *testing.T) {
	spans := make([]Span, 10_000)
	for i := range spans {
		spans[i] = span(i+1, i, "deep", fmt.Sprintf("level %d", i), time.Duration(i)*ms, time.Duration(10_000-i)*ms)
	}
	out := draw(80, false, spans...)
	assert.Equal(t, 1+maxRows+1, strings.Count(out, "\n"))
	assert.Contains(t, out, "trace 4e3e0ec6293840b1850409eb1d4b0dee, 10000 spans, 1 service, 10.00s\n")
	assert.Contains(t, out, "level 0 ", "the first is readable however deep the last")
	assert.True(t, strings.HasSuffix(out, "… and 9800 more spans\n"))
	requireInert(t, out, 80)
}

func TestCleanCutsByRunes(t *testing.T) {
	for in, want := range map[string]string{
		"":          "",
		"abc":       "abc",
		"abcdef":    "abcdef",
		"abcdefg":   "abcde…",
		"äöüßéñ":    "äöüßéñ",
		"äöüßéñx":   "äöüßé…",
		"abcde\xff": "abcde\ufffd",
		"a\x1bb":    "a\ufffdb",
	} {
		assert.Equal(t, want, clean(in, 6))
	}
	assert.Empty(t, clean("abc", 0))
}

func TestColorsAreOurOwnAndPaired(t *testing.T) {
	out := draw(80, true, checkout()...)
	assert.Contains(t, out, red+"✗"+plain)
	assert.Equal(t, strings.Count(out, "\x1b["), 2*strings.Count(out, plain))
}

func FuzzWaterfall(f *testing.F) {
	f.Add("front", "GET /", "boom", uint64(1), uint64(0), int64(epoch), int64(1000), 80)
	f.Add("\x1b[2J", "\u202e", "\xff", uint64(2), uint64(2), int64(math.MaxInt64), int64(math.MaxInt64), 1)
	f.Fuzz(func(t *testing.T, service, name, why string, id, parent uint64, at, took int64, width int) {
		a := Span{TraceID: "1", ID: fmt.Sprintf("%016x", id), ParentID: fmt.Sprintf("%016x", parent), Name: name,
			Timestamp: Micros(max(at, 0)), Duration: Micros(max(took, 0)), LocalEndpoint: &Endpoint{ServiceName: service},
			Tags: map[string]string{"error": why}}
		b := Span{TraceID: "1", ID: a.ParentID, ParentID: a.ID, Name: why, Timestamp: 1, Duration: a.Timestamp}
		p := picture{id: "0000000000000001", spans: hold(a, b)}
		requireInert(t, waterfall(p, width, maxRows, false), min(max(width, minWidth), maxWidth))
		require.Len(t, rows(p.spans), 2)
	})
}

func BenchmarkWaterfallOfTenThousandSpans(b *testing.B) {
	spans := make([]Span, 10_000)
	for i := range spans {
		spans[i] = span(i+1, i/3, "service", "an operation", time.Duration(i)*ms, ms)
	}
	p := picture{id: spans[0].TraceID, spans: hold(spans...), roots: 1}
	for b.Loop() {
		waterfall(p, 120, maxRows, true)
	}
}
