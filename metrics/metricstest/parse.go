// SPDX-License-Identifier: Apache-2.0

package metricstest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/waymark-otel/waymark/metrics"
)

// Metric is one line, read back.
type Metric struct {
	Name   string
	Type   string        // "c", "g", "ms", "h" or "s"
	Value  float64       // zero for sets
	Member string        // of a set
	Signed bool          // a gauge that is changed rather than set
	Rate   float64       // 1 when the line has none
	Tags   []metrics.Tag // in the order of the line
}

// Tag returns the value of the tag key, "" if there is none.
func (m Metric) Tag(key string) string {
	for _, t := range m.Tags {
		if t.Key == key {
			return t.Value
		}
	}
	return ""
}

// Parse reads one line, without its line break, in any dialect of package
// metrics. It refuses whatever some receiver would misread: exponents, signs
// where there should be none, a rate outside (0, 1], a tag without a value,
// the same key twice, an unknown type.
func Parse(line string) (Metric, error) {
	refuse := func(rule string) (Metric, error) {
		return Metric{}, fmt.Errorf("metricstest: line %q: %s", line, rule)
	}
	if strings.ContainsFunc(line, unicode.IsControl) || !utf8.ValidString(line) {
		return refuse("has a control character or is no UTF-8")
	}
	head, rest, ok := strings.Cut(line, ":")
	if !ok {
		return refuse("has no value")
	}
	m := Metric{Rate: 1}
	if m.Name, m.Tags, ok = parseHead(head); !ok {
		return refuse("has no proper name")
	}
	fields := strings.Split(rest, "|")
	if len(fields) < 2 {
		return refuse("has no type")
	}
	value := fields[0]
	m.Type = fields[1]
	for i, f := range fields[2:] {
		switch {
		case strings.HasPrefix(f, "@") && i == 0:
			if m.Rate, ok = parseRate(f[1:]); !ok {
				return refuse("has a rate that is no decimal in (0, 1]")
			}
		case strings.HasPrefix(f, "#") && i == len(fields)-3 && len(m.Tags) == 0:
			if m.Tags, ok = parseTags(f[1:], ",", ":"); !ok {
				return refuse("has tags that are not key:value")
			}
		default:
			return refuse("has a part that is neither rate nor tags, or out of order")
		}
	}
	switch m.Type {
	case "s":
		m.Member = value
		if value == "" || strings.Contains(value, ":") {
			return refuse("has no single member")
		}
		return m, nil
	case "c", "g", "ms", "h":
	default:
		return refuse("has an unknown type")
	}
	m.Signed = m.Type == "g" && (strings.HasPrefix(value, "+") || strings.HasPrefix(value, "-"))
	if m.Type == "g" {
		value = strings.TrimPrefix(value, "+")
	}
	if m.Value, ok = parseNumber(value); !ok {
		return refuse("has a value that is no plain decimal")
	}
	if m.Type == "ms" && m.Value < 0 {
		return refuse("is a negative timer")
	}
	return m, nil
}

// parseHead reads a name, and the tags that InfluxDB and Graphite write there.
func parseHead(head string) (name string, tags []metrics.Tag, ok bool) {
	end := strings.IndexAny(head, ",;")
	if end < 0 {
		return head, nil, validName(head)
	}
	name = head[:end]
	tags, ok = parseTags(head[end+1:], head[end:end+1], "=")
	return name, tags, ok && validName(name)
}

func validName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == ""
}

func parseTags(text, between, within string) ([]metrics.Tag, bool) {
	var tags []metrics.Tag
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, between) {
		key, value, ok := strings.Cut(part, within)
		if !ok || key == "" || value == "" || seen[key] || strings.ContainsAny(key+value, ":;,|=# ") {
			return nil, false
		}
		seen[key] = true
		tags = append(tags, metrics.Tag{Key: key, Value: value})
	}
	return tags, true
}

func parseRate(text string) (float64, bool) {
	rate, ok := parseNumber(text)
	return rate, ok && rate > 0 && rate <= 1 && text[0] != '-'
}

// parseNumber reads a plain decimal: an optional minus, digits, and perhaps a
// point and more digits.
func parseNumber(text string) (float64, bool) {
	digits := strings.TrimPrefix(text, "-")
	whole, frac, point := strings.Cut(digits, ".")
	if whole == "" || point && frac == "" || strings.Trim(whole+frac, "0123456789") != "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}
