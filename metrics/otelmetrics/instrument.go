// SPDX-License-Identifier: Apache-2.0

package otelmetrics

import (
	"context"
	"strings"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// instrument is one of OpenTelemetry's; only the field of its kind is set.
type instrument struct {
	counter   metric.Int64Counter
	gauge     metric.Float64Gauge
	histogram metric.Float64Histogram

	mu     sync.Mutex
	states map[attribute.Distinct]*state
}

type instrumentKey struct {
	kind kind
	name string
}

// instrument returns the instrument of a name, which it makes once. Names
// beyond the bound meet in "other". What cannot be made is reported to
// OpenTelemetry's error handler and discards.
func (s *shared) instrument(k kind, name string) *instrument {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := instrumentKey{k, name}
	if i, ok := s.instruments[key]; ok {
		return i
	}
	if len(s.instruments) >= int(s.maxSeries) {
		key.name, name = "other", "other"
		if i, ok := s.instruments[key]; ok {
			return i
		}
	}
	i := new(instrument)
	var err error
	switch k {
	case kindCounter:
		i.counter, err = s.meter.Int64Counter(name)
		if i.counter == nil {
			i.counter = noop.Int64Counter{}
		}
	case kindGauge:
		i.gauge, err = s.meter.Float64Gauge(name)
		if i.gauge == nil {
			i.gauge = noop.Float64Gauge{}
		}
	case kindTiming:
		i.histogram, err = s.meter.Float64Histogram(name, metric.WithUnit("s"),
			metric.WithExplicitBucketBoundaries(durationBounds...))
	case kindHistogram:
		i.histogram, err = s.meter.Float64Histogram(name)
	case kindSet:
		_, err = s.meter.Int64ObservableGauge(name, metric.WithInt64Callback(i.observeSets))
	}
	if i.histogram == nil {
		i.histogram = noop.Float64Histogram{}
	}
	if err != nil {
		otel.Handle(err)
	}
	s.instruments[key] = i
	return i
}

// durationBounds are those that the semantic conventions advise for durations
// in seconds; the default ones are made for milliseconds.
var durationBounds = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}

// observeSets tells how many distinct members each set had.
func (i *instrument) observeSets(_ context.Context, o metric.Int64Observer) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, s := range i.states {
		o.Observe(s.take(), metric.WithAttributeSet(s.set))
	}
	return nil
}

// stateOf returns the state of a gauge or a set with these attributes.
func (i *instrument) stateOf(set attribute.Set) *state {
	i.mu.Lock()
	defer i.mu.Unlock()
	s := i.states[set.Equivalent()]
	if s == nil {
		if i.states == nil {
			i.states = make(map[attribute.Distinct]*state)
		}
		s = &state{set: set}
		i.states[set.Equivalent()] = s
	}
	return s
}

const maxInstrumentName = 255

// instrumentName makes a name one that OpenTelemetry accepts: letters, digits
// and _ . - /, a letter first, at most 255 of them.
func instrumentName(name string) string {
	letter := func(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }
	name = strings.Map(func(r rune) rune {
		if letter(r) || '0' <= r && r <= '9' || strings.ContainsRune("_.-/", r) {
			return r
		}
		return '_'
	}, name)
	if name == "" || !letter(rune(name[0])) {
		name = "n" + name
	}
	return name[:min(len(name), maxInstrumentName)]
}
