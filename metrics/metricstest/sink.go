// SPDX-License-Identifier: Apache-2.0

package metricstest

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/waymark-otel/waymark/metrics"
)

// Sink holds lines and answers questions about them. Where a question names
// tags, it is about the metrics that carry all of them, whatever else they
// carry. All methods may be called concurrently.
type Sink struct {
	sync func() // brings lines that are on their way

	mu      sync.Mutex
	packets []string
}

// Write takes one packet.
func (s *Sink) Write(packet []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.packets = append(s.packets, string(packet))
	return len(packet), nil
}

// Packets returns the packets so far, as they came.
func (s *Sink) Packets() []string {
	if s.sync != nil {
		s.sync()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.packets)
}

// Lines returns the lines so far, without their line breaks.
func (s *Sink) Lines() []string {
	var lines []string
	for _, p := range s.Packets() {
		if p != "" {
			lines = append(lines, strings.Split(strings.TrimSuffix(p, "\n"), "\n")...)
		}
	}
	return lines
}

// Metrics returns the lines so far that [Parse] reads.
func (s *Sink) Metrics() []Metric {
	var list []Metric
	for _, line := range s.Lines() {
		if m, err := Parse(line); err == nil {
			list = append(list, m)
		}
	}
	return list
}

// Bad returns the lines so far that [Parse] refuses.
func (s *Sink) Bad() []string {
	var bad []string
	for _, line := range s.Lines() {
		if _, err := Parse(line); err != nil {
			bad = append(bad, line)
		}
	}
	return bad
}

// Count returns the total of a counter, each value divided by its rate.
func (s *Sink) Count(name string, tags ...metrics.Tag) float64 {
	var total float64
	for _, m := range s.find("c", name, tags) {
		total += m.Value / m.Rate
	}
	return total
}

// Gauge returns where a gauge stands, and false if nothing set or changed it.
func (s *Sink) Gauge(name string, tags ...metrics.Tag) (float64, bool) {
	list := s.find("g", name, tags)
	var level float64
	for _, m := range list {
		// As the reference server does it: a sign means a change, but a gauge
		// at zero is set.
		if m.Signed {
			level += m.Value
		} else {
			level = m.Value
		}
	}
	return level, len(list) > 0
}

// Timings returns the durations of a timer, in the order they came.
func (s *Sink) Timings(name string, tags ...metrics.Tag) []time.Duration {
	var list []time.Duration
	for _, m := range s.find("ms", name, tags) {
		list = append(list, time.Duration(m.Value*float64(time.Millisecond)+0.5))
	}
	return list
}

// Values returns the values of a histogram, in the order they came, whether it
// travelled as a timer or as "h".
func (s *Sink) Values(name string, tags ...metrics.Tag) []float64 {
	var list []float64
	for _, m := range append(s.find("ms", name, tags), s.find("h", name, tags)...) {
		list = append(list, m.Value)
	}
	return list
}

// Members returns the distinct members of a set, sorted.
func (s *Sink) Members(name string, tags ...metrics.Tag) []string {
	var list []string
	for _, m := range s.find("s", name, tags) {
		list = append(list, m.Member)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Reset forgets what came so far.
func (s *Sink) Reset() {
	if s.sync != nil {
		s.sync()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.packets = nil
}

func (s *Sink) find(kind, name string, tags []metrics.Tag) []Metric {
	return slices.DeleteFunc(s.Metrics(), func(m Metric) bool {
		if m.Type != kind || m.Name != name {
			return true
		}
		for _, t := range tags {
			if m.Tag(t.Key) != t.Value {
				return true
			}
		}
		return false
	})
}
