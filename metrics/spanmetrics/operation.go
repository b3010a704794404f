// SPDX-License-Identifier: Apache-2.0

package spanmetrics

import (
	"slices"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"

	"github.com/waymark-otel/waymark/metrics"
)

// Bounds of what is remembered. What comes beyond is recorded all the same, at
// a higher price, and meets in the client's series "other" once that is full.
const (
	maxNames    = 10_000 // names of spans, events and sets of tags together
	maxVariants = 64     // sets of tags of one span name
	maxEvents   = 64     // names of events of one set of tags
	maxCached   = 8      // tags; with more, nothing but names is remembered
)

// operation is what is known of a span name.
type operation struct {
	name     string // of the metric
	variants list[*variant]
}

// variant is what is known of a span name with certain tags.
type variant struct {
	values [maxCached]attribute.Value // of the listed keys, in their order
	tags   []metrics.Tag
	timer  *metrics.Timer
	events list[event]
}

// event is what is known of an event of a variant.
type event struct {
	name    string
	counter *metrics.Counter
}

// list is a short list that is read without a lock. A scan of few is faster
// than a hash.
type list[T any] struct{ items atomic.Pointer[[]T] }

func (l *list[T]) all() []T {
	if items := l.items.Load(); items != nil {
		return *items
	}
	return nil
}

// add appends item unless there are bound already. Two goroutines may add the
// same, which wastes a little and harms nothing.
func (l *list[T]) add(item T, bound int) bool {
	for {
		old := l.items.Load()
		var grown []T
		if old != nil {
			grown = slices.Clip(*old)
		}
		if len(grown) >= bound {
			return false
		}
		grown = append(grown, item)
		if l.items.CompareAndSwap(old, &grown) {
			return true
		}
	}
}

// operation returns what is known of a span name.
func (p *Processor) operation(name string) *operation {
	if known, ok := p.operations.Load(name); ok {
		return known.(*operation)
	}
	op := &operation{name: p.prefix + p.part(name)}
	if !p.remember() {
		return op
	}
	known, _ := p.operations.LoadOrStore(name, op)
	return known.(*operation)
}

// remember reports whether one more name may be remembered.
func (p *Processor) remember() bool {
	if p.names.Load() >= maxNames {
		return false
	}
	p.names.Add(1)
	return true
}

// plain returns what is known of op without tags.
func (p *Processor) plain(op *operation) *variant {
	if known := op.variants.all(); len(known) > 0 {
		return known[0]
	}
	v := &variant{timer: p.to.Timer(op.name)}
	op.variants.add(v, 1)
	return v
}

// tagged returns what is known of op with the tags that attrs make.
func (p *Processor) tagged(op *operation, attrs []attribute.KeyValue) *variant {
	var values [maxCached]attribute.Value
	cached := len(p.keys) <= maxCached && p.find(&values, attrs)
	if cached {
		for _, v := range op.variants.all() {
			if slices.Equal(v.values[:len(p.keys)], values[:len(p.keys)]) {
				return v
			}
		}
	}
	v := &variant{values: values, tags: p.tags(nil, attrs)}
	v.timer = p.to.Timer(op.name, v.tags...)
	if cached && p.remember() {
		op.variants.add(v, maxVariants)
	}
	return v
}

// find sets the values of the listed keys. It reports false if one of them is
// of a type that cannot be compared.
func (p *Processor) find(values *[maxCached]attribute.Value, attrs []attribute.KeyValue) bool {
	for i := range attrs {
		k := slices.Index(p.keys, attrs[i].Key)
		if k < 0 {
			continue
		}
		switch attrs[i].Value.Type() {
		case attribute.STRING, attribute.INT64, attribute.BOOL, attribute.FLOAT64:
			values[k] = attrs[i].Value
		default:
			return false
		}
	}
	return true
}

// tags appends the attributes that are listed, in their order.
func (p *Processor) tags(tags []metrics.Tag, attrs []attribute.KeyValue) []metrics.Tag {
	for i := range attrs {
		if slices.Contains(p.keys, attrs[i].Key) {
			tags = append(tags, metrics.Tag{Key: string(attrs[i].Key), Value: text(attrs[i].Value)})
		}
	}
	return tags
}

// counter returns the counter of an event.
func (p *Processor) counter(op *operation, v *variant, name string, attrs []attribute.KeyValue) *metrics.Counter {
	if len(p.keys) > 0 && slices.ContainsFunc(attrs, func(a attribute.KeyValue) bool { return slices.Contains(p.keys, a.Key) }) {
		// A tag of the event comes later, and so wins.
		return p.to.Counter(op.name+"."+p.part(name), p.tags(slices.Clip(v.tags), attrs)...)
	}
	events := v.events.all()
	for i := range events {
		if events[i].name == name {
			return events[i].counter
		}
	}
	c := p.to.Counter(op.name+"."+p.part(name), v.tags...)
	if p.remember() {
		v.events.add(event{name, c}, maxEvents)
	}
	return c
}

// part returns the name of a span or an event as a part of a metric's, which
// is not empty.
func (p *Processor) part(name string) string {
	if name = p.rename(name); name == "" {
		return "_"
	}
	return name
}
