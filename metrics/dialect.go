// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"slices"
	"strconv"
	"strings"
)

// Dialect is how a line writes tags, and which types of metric it knows. The
// zero value is [Plain].
type Dialect uint8

const (
	// Plain is StatsD with tags after "|#", as the reference server, the
	// Prometheus exporter, the OpenTelemetry Collector and Telegraf read them:
	// name:1|c|@0.1|#key:value.
	Plain Dialect = iota
	// NoTags is StatsD without tags. They are folded into the name, sorted by
	// key: name.key.value:1|c. A dot inside a tag becomes a dash.
	NoTags
	// DogStatsD is Datadog's: tags as in [Plain], letters beyond ASCII in them,
	// histograms as "h", and gauges always absolute, because the agent knows no
	// relative ones: [Client.GaugeDelta] counts from what this client sent last.
	DogStatsD
	// InfluxDB writes tags into the name, as Telegraf reads them:
	// name,key=value:1|c.
	InfluxDB
	// Graphite writes tags into the name as Graphite stores them, for the
	// reference server in front of it: name;key=value:1|c.
	Graphite

	dialects // how many there are
)

func (d Dialect) String() string {
	switch d {
	case Plain:
		return "plain"
	case NoTags:
		return "notags"
	case DogStatsD:
		return "dogstatsd"
	case InfluxDB:
		return "influxdb"
	case Graphite:
		return "graphite"
	}
	return "Dialect(" + strconv.Itoa(int(d)) + ")"
}

// kind is what a value means.
type kind uint8

const (
	kindCounter kind = iota
	kindGauge
	kindTiming    // nanoseconds
	kindHistogram // a number without a unit
	kindSet

	kinds // how many a caller can mean

	// Of twins only.
	kindGaugeDelta
	kindCounterFloat
)

// typeOf returns what a line says of k.
func (d Dialect) typeOf(k kind) string {
	switch k {
	case kindCounter:
		return "c"
	case kindGauge:
		return "g"
	case kindSet:
		return "s"
	case kindHistogram:
		if d == DogStatsD {
			return "h"
		}
	}
	return "ms"
}

// signedTimers reports whether a histogram may be negative. Where it travels
// as a timer it may not: the reference server calls that a bad line.
func (d Dialect) signedTimers() bool { return d == DogStatsD }

// relativeGauges reports whether the receiver reads +1 and -1 as changes.
func (d Dialect) relativeGauges() bool { return d != DogStatsD }

// wholeCounters reports whether a counter has to be an integer. The Collector
// and Telegraf cut off what is behind the point.
func (d Dialect) wholeCounters() bool { return d != DogStatsD }

// frame is what stands before and after the value of every line of a series,
// and the key that tells series apart whatever the order of their tags.
type frame struct {
	head string // "name:"
	tail string // "|ms|@0.1|#key:value\n"
	key  string

	rateAt, rateEnd int  // tail[rateAt:rateEnd] is the rate, "" if there is none
	sanitized       bool // it is not what the caller wrote
}

// frame builds the frame of a series. Tags are those of the client, then those
// of the call. A rate of 1 is not written.
func (d Dialect) frame(k kind, prefix, name string, rate float64, tags []Tag) frame {
	raw := name
	if prefix != "" {
		raw = prefix + "." + name
	}
	name = fullName(prefix, name)
	tags, sanitized := d.sanitizeTags(tags)
	sorted := slices.SortedFunc(slices.Values(tags), func(a, b Tag) int {
		return strings.Compare(a.Key, b.Key)
	})

	var head, tail, key strings.Builder
	head.WriteString(name)
	switch d {
	case NoTags:
		for _, t := range sorted {
			head.WriteString("." + t.Key + "." + t.Value)
		}
	case InfluxDB:
		for _, t := range tags {
			head.WriteString("," + t.Key + "=" + t.Value)
		}
	case Graphite:
		for _, t := range tags {
			head.WriteString(";" + t.Key + "=" + t.Value)
		}
	}
	head.WriteByte(':')

	tail.WriteString("|" + d.typeOf(k))
	rateAt := tail.Len()
	if rate < 1 {
		tail.WriteString("|@")
		tail.Write(appendRate(nil, rate))
	}
	rateEnd := tail.Len()
	if d == Plain || d == DogStatsD {
		for i, t := range tags {
			if i == 0 {
				tail.WriteString("|#")
			} else {
				tail.WriteByte(',')
			}
			tail.WriteString(t.Key + ":" + t.Value)
		}
	}
	tail.WriteByte('\n')

	key.WriteByte(byte(k))
	if d == NoTags {
		key.WriteString(head.String())
	} else {
		key.WriteString(name)
		for _, t := range sorted {
			key.WriteString("\n" + t.Key + "\n" + t.Value)
		}
	}
	key.WriteString("\n@")
	key.Write(appendRate(nil, rate))
	return frame{
		head: head.String(), tail: tail.String(), key: key.String(),
		rateAt: rateAt, rateEnd: rateEnd,
		sanitized: sanitized || name != raw,
	}
}

// sanitizeTags returns tags as the dialect may write them: clean, none empty,
// no key twice; and whether one of them was not clean before. The later of two
// wins and stands where the first stood.
func (d Dialect) sanitizeTags(tags []Tag) (clean []Tag, sanitized bool) {
	clean = make([]Tag, 0, len(tags))
	for _, raw := range tags {
		t := Tag{Key: d.sanitizeTag(ownKey(sanitizeTag(raw.Key, d == DogStatsD))), Value: d.sanitizeTag(raw.Value)}
		sanitized = sanitized || t != raw
		if t.Key == "" || t.Value == "" {
			continue
		}
		if i := slices.IndexFunc(clean, func(c Tag) bool { return c.Key == t.Key }); i >= 0 {
			clean[i] = t
			continue
		}
		clean = append(clean, t)
	}
	return clean, sanitized
}

func (d Dialect) sanitizeTag(s string) string {
	s = sanitizeTag(s, d == DogStatsD)
	if !visibleTag(s) {
		return ""
	}
	switch d {
	case Graphite:
		return graphiteTag(s)
	case InfluxDB:
		return strings.ReplaceAll(s, `\`, "")
	case NoTags:
		return pathPart(s)
	}
	return s
}
