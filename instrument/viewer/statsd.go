// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"bytes"
	"cmp"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxSeries      = 1000
	maxSeriesBytes = 512    // of a name with its tags
	maxMembers     = 20_000 // of all sets
	window         = 60     // seconds
)

// statsd remembers what StatsD lines have said in the last minute.
type statsd struct {
	mu      sync.Mutex
	series  map[string]*series
	lines   uint64
	members int
	refused uint64 // lines that are malformed, or one series too many
}

// series is one name with its tags and its type.
type series struct {
	name, tags, kind string
	seconds          [window]second
	last             float64          // of a gauge
	members          map[string]int64 // of a set: when each was heard of last
	heard            int64
}

// second is what a series heard in one second.
type second struct {
	at       int64 // unix; what is older than the window counts no more
	n        float64
	sum, max float64
}

func newStatsd() *statsd { return &statsd{series: make(map[string]*series)} }

// StatsD returns a writer whose every Write is a packet of StatsD lines: the
// page shows what they said in the last minute. It takes tags as Datadog,
// InfluxDB and Graphite write them, and never fails. To send to it over UDP,
// use WithStatsD.
//
//	client := metrics.New(v.StatsD())
//
// Of a nil Viewer, and of one that is Elsewhere, it discards.
func (v *Viewer) StatsD() io.Writer {
	if v == nil || v.statsd == nil {
		return io.Discard
	}
	return v.statsd
}

func (d *statsd) Write(packet []byte) (int, error) {
	now := time.Now().Unix()
	d.mu.Lock()
	defer d.mu.Unlock()
	for line := range bytes.SplitSeq(packet, []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			d.lines++
			if !d.line(string(line), now) {
				d.refused++
			}
		}
	}
	return len(packet), nil
}

// line reads name:value[:value…]|type[|@rate][|#tags], with the tags in the
// name as well.
func (d *statsd) line(line string, now int64) bool {
	head, rest, ok := strings.Cut(line, "|")
	name, values, named := strings.Cut(head, ":")
	if !ok || !named || name == "" {
		return false
	}
	fields := strings.Split(rest, "|")
	kind, rate, tags := fields[0], 1.0, ""
	for _, f := range fields[1:] {
		switch {
		case strings.HasPrefix(f, "@"):
			r, err := strconv.ParseFloat(f[1:], 64)
			if err != nil || !(r > 0 && r <= 1) {
				return false
			}
			rate = r
		case strings.HasPrefix(f, "#"):
			tags = f[1:]
		}
	}
	if i := strings.IndexAny(name, ",;"); i > 0 {
		name, tags = name[:i], strings.TrimLeft(name[i+1:]+","+tags, ",")
		tags = strings.ReplaceAll(strings.TrimRight(tags, ","), ";", ",")
	}
	switch kind {
	case "c", "g", "s", "ms", "h", "d":
	default:
		return false
	}
	if len(name)+len(tags) > maxSeriesBytes {
		return false
	}
	for value := range strings.SplitSeq(values, ":") {
		if _, ok := measured(value); !ok && kind != "s" {
			return false // before it takes one of the places
		}
	}
	s := d.find(name, tags, kind, now)
	if s == nil {
		return false
	}
	s.heard = now
	for value := range strings.SplitSeq(values, ":") {
		if !d.take(s, value, rate, now) {
			return false
		}
	}
	return true
}

func (d *statsd) find(name, tags, kind string, now int64) *series {
	key := name + "|" + tags + "|" + kind
	if s := d.series[key]; s != nil {
		return s
	}
	if len(d.series) >= maxSeries {
		d.forget(now)
		if len(d.series) >= maxSeries {
			return nil
		}
	}
	s := &series{name: strings.Clone(name), tags: strings.Clone(tags), kind: kind}
	d.series[key] = s
	return s
}

// forget drops the series that have been silent for a minute.
func (d *statsd) forget(now int64) {
	for key, s := range d.series {
		if s.heard <= now-window {
			d.members -= len(s.members)
			delete(d.series, key)
		}
	}
}

func measured(text string) (float64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

func (d *statsd) take(s *series, text string, rate float64, now int64) bool {
	at := &s.seconds[now%window]
	if at.at != now {
		*at = second{at: now}
	}
	if s.kind == "s" {
		at.n++
		return d.member(s, cut(text, 64), now)
	}
	v, _ := measured(text)
	switch {
	case s.kind == "c":
		at.n += 1 / rate
		at.sum += v / rate
	case s.kind != "g":
		if at.n == 0 || v > at.max {
			at.max = v
		}
		at.n += 1 / rate
		at.sum += v / rate
	case text[0] == '+' || text[0] == '-':
		s.last += v
		at.n++
		at.max = s.last
	default:
		s.last = v
		at.n++
		at.max = v
	}
	return true
}

// member notes who was heard of, unless sets have too many members.
func (d *statsd) member(s *series, name string, now int64) bool {
	if _, known := s.members[name]; !known {
		if d.members >= maxMembers {
			return false
		}
		if s.members == nil {
			s.members = make(map[string]int64)
		}
		d.members++
		name = strings.Clone(name)
	}
	s.members[name] = now
	return true
}

// seriesView is a series as the page shows it.
type seriesView struct {
	Name    string     `json:"name"`
	Tags    string     `json:"tags,omitempty"`
	Kind    string     `json:"kind"` // counter, gauge, set, timer or histogram
	Count   float64    `json:"count"`
	Sum     float64    `json:"sum"`
	Max     float64    `json:"max"`
	Last    float64    `json:"last"`
	Seconds [60]number `json:"seconds"` // the oldest first
}

// number is written as briefly as it can be.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(n), 'g', 6, 64), nil
}

type statsdView struct {
	Series  []seriesView `json:"series"`
	Lines   uint64       `json:"lines"`
	Refused uint64       `json:"refused"`
}

var kindNames = map[string]string{"c": "counter", "g": "gauge", "s": "set", "ms": "timer", "h": "histogram", "d": "histogram"}

// view returns the series that were heard of in the last minute, by name.
func (d *statsd) view() statsdView {
	now := time.Now().Unix()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forget(now)
	out := statsdView{Series: []seriesView{}, Lines: d.lines, Refused: d.refused}
	for _, s := range d.series {
		v := seriesView{Name: clean(s.name, 200), Tags: clean(s.tags, 300), Kind: kindNames[s.kind], Last: finite(s.last)}
		for i := range int64(window) {
			at := s.seconds[(now+1+i)%window]
			if at.at <= now-window {
				continue
			}
			if v.Count == 0 || at.max > v.Max {
				v.Max = finite(at.max)
			}
			v.Count = finite(v.Count + at.n)
			v.Sum = finite(v.Sum + at.sum)
			switch s.kind {
			case "c":
				v.Seconds[i] = number(finite(at.sum))
			case "g":
				v.Seconds[i] = number(finite(at.max))
			default:
				v.Seconds[i] = number(finite(at.n))
			}
		}
		if s.kind == "s" {
			for name, heard := range s.members {
				if heard <= now-window {
					delete(s.members, name)
					d.members--
				}
			}
			v.Last = float64(len(s.members))
		}
		out.Series = append(out.Series, v)
	}
	slices.SortFunc(out.Series, func(a, b seriesView) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Tags, b.Tags), strings.Compare(a.Kind, b.Kind))
	})
	return out
}

// finite keeps sums within what JSON can say.
func finite(f float64) float64 {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return math.Copysign(math.MaxFloat64, f)
	}
	return f
}
