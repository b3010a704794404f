// SPDX-License-Identifier: Apache-2.0

package otelmetrics

import (
	"context"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/waymark-otel/waymark/metrics"
)

// kind is what a value means.
type kind uint8

const (
	kindCounter kind = iota
	kindGauge
	kindTiming
	kindHistogram
	kindSet
)

// series is an instrument with attributes, both made once.
type series struct {
	*instrument
	shared *shared
	kind   kind

	// What the caller wrote, and by which recorder.
	prefix string
	common []metrics.Tag
	name   string
	tags   []metrics.Tag

	set    attribute.Set
	add    []metric.AddOption
	record []metric.RecordOption

	state *state // of gauges and sets; nil beyond the bound
}

// state is what a gauge or a set remembers, whichever way its tags are written.
type state struct {
	set attribute.Set

	mu      sync.Mutex
	level   float64
	members map[string]struct{}
}

var seed = maphash.MakeSeed()

// hashName mixes a name and tags into h.
func hashName(h uint64, name string, tags []metrics.Tag) uint64 {
	const odd = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio
	h = (h ^ maphash.String(seed, name)) * odd
	for i := range tags {
		h = (h>>29 ^ h ^ maphash.String(seed, tags[i].Key)) * odd
		h = (h>>31 ^ h ^ maphash.String(seed, tags[i].Value)) * odd
	}
	return h>>32 ^ h
}

// find returns the series that a call means.
func (r *Recorder) find(k kind, name string, tags []metrics.Tag) *series {
	h := hashName(r.hash+uint64(k), name, tags)
	if known, ok := r.shared.series.Load(h); ok {
		if s := known.(*series); s.means(r, k, name, tags) {
			return s
		}
	}
	return r.meet(h, k, name, tags)
}

func (s *series) means(r *Recorder, k kind, name string, tags []metrics.Tag) bool {
	return s.kind == k && s.name == name && slices.Equal(s.tags, tags) &&
		s.prefix == r.prefix && slices.Equal(s.common, r.tags)
}

// meet makes a series. Two names of one hash cannot both be remembered, which
// happens to nobody; the second is made anew each time.
func (r *Recorder) meet(h uint64, k kind, name string, tags []metrics.Tag) *series {
	s := &series{
		shared: r.shared, kind: k,
		prefix: r.prefix, common: r.tags,
		name: strings.Clone(name), tags: cloneTags(tags),
	}
	attrs := make([]attribute.KeyValue, 0, len(r.tags)+len(tags))
	for _, t := range append(slices.Clip(s.common), s.tags...) {
		if t.Key != "" && t.Value != "" {
			attrs = append(attrs, attribute.String(t.Key, t.Value))
		}
	}
	s.set = attribute.NewSet(attrs...) // the later of two wins
	s.add = []metric.AddOption{metric.WithAttributeSet(s.set)}
	s.record = []metric.RecordOption{metric.WithAttributeSet(s.set)}
	s.instrument = r.shared.instrument(k, instrumentName(r.prefix+name))
	if r.shared.known.Load() >= r.shared.maxSeries {
		return s
	}
	r.shared.known.Add(1)
	if k == kindGauge || k == kindSet {
		s.state = s.instrument.stateOf(s.set)
	}
	if known, loaded := r.shared.series.LoadOrStore(h, s); loaded {
		if known := known.(*series); known.means(r, k, name, tags) {
			return known
		}
	}
	return s
}

// cloneTags copies tags and their strings, which may be slices of something
// large, or of memory that is used again.
func cloneTags(tags []metrics.Tag) []metrics.Tag {
	clones := make([]metrics.Tag, len(tags))
	for i, t := range tags {
		clones[i] = metrics.Tag{Key: strings.Clone(t.Key), Value: strings.Clone(t.Value)}
	}
	return clones
}

func (s *series) count(ctx context.Context, delta int64) {
	if delta < 0 { // OpenTelemetry's counters only go up
		s.shared.dropped.Add(1)
		return
	}
	s.counter.Add(ctx, delta, s.add...)
}

func (s *series) time(ctx context.Context, d time.Duration) {
	s.histogram.Record(ctx, max(d, 0).Seconds(), s.record...)
}

func (s *series) observe(ctx context.Context, v float64) {
	if !finite(v) {
		s.shared.dropped.Add(1)
		return
	}
	s.histogram.Record(ctx, v, s.record...)
}

func (s *series) setLevel(ctx context.Context, v float64) {
	switch {
	case !finite(v):
		s.shared.dropped.Add(1)
	case s.state == nil:
		s.gauge.Record(ctx, v, s.record...)
	default:
		s.state.mu.Lock()
		defer s.state.mu.Unlock() // recorded in the order of the levels
		s.state.level = v
		s.gauge.Record(ctx, v, s.record...)
	}
}

func (s *series) change(ctx context.Context, delta float64) {
	if !finite(delta) || s.state == nil {
		s.shared.dropped.Add(1)
		return
	}
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	s.state.level += delta
	s.gauge.Record(ctx, s.state.level, s.record...)
}

func (s *series) insert(member string) {
	if member == "" || s.state == nil || !s.state.insert(member) {
		s.shared.dropped.Add(1)
	}
}

// maxMembers bounds a set between two collections.
const maxMembers = 10_000

func (s *state) insert(member string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.members[member]; ok {
		return true
	}
	if len(s.members) >= maxMembers {
		return false
	}
	if s.members == nil {
		s.members = make(map[string]struct{})
	}
	s.members[strings.Clone(member)] = struct{}{}
	return true
}

// take returns the number of distinct members and starts again.
func (s *state) take() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.members)
	clear(s.members)
	return int64(n)
}
