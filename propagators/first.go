// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"context"
	"reflect"
	"slices"

	"go.opentelemetry.io/otel/propagation"
)

// First combines propagators so that a request has one parent and one answer
// to whether it is sampled, whatever headers it carries:
//
//   - Each propagator reads from the context given to Extract, not from what
//     another one made of it. The ids of the first that has any are the
//     parent; the first that says a sampling state says it for all.
//   - A later one with the same trace id adds what the parent left unsaid: a
//     tracestate, a state where the parent deferred, debug where the parent
//     said sampled and its format has no word for more.
//   - A later one with another trace id changes nothing: not the parent, not
//     its sampling, nor anything else that one brought. It is counted.
//   - A decision without ids (b3: 0) is for the parent that another one found,
//     or for the first root when none did.
//   - Inject lets all write, each from the same span context. Where two write
//     the same header, the first one's stays.
//
// A context comes back as the identical value when no header was valid. First
// of nothing does nothing; nil propagators are skipped; a First within a First
// is as if its propagators were given in its place.
func First(p ...propagation.TextMapPropagator) propagation.TextMapPropagator {
	var c composite
	c.add(p)
	return &c
}

// composite is what First returns.
type composite struct {
	children []child
	fields   []string
	keys     []string // every header that the children read, canonical
	foreign  bool     // one of the children reads headers that are not known
}

// child is a propagator and what it is to a composite.
type child struct {
	propagation.TextMapPropagator
	format    extractor         // nil if it is not a trace format of ours
	correlate *correlationNames // nil if it is no CorrelationID
}

var _ propagation.TextMapPropagator = (*composite)(nil)

func (c *composite) add(all []propagation.TextMapPropagator) {
	for _, p := range all {
		if isNil(p) {
			continue
		}
		switch p := p.(type) {
		case *composite:
			for _, inner := range p.children {
				c.addOne(inner.TextMapPropagator)
			}
		case *CorrelationID:
			c.addOne(*p)
		default:
			c.addOne(p)
		}
	}
}

func (c *composite) addOne(p propagation.TextMapPropagator) {
	added := child{TextMapPropagator: p}
	var reads []field
	switch p := p.(type) {
	case TraceContext, *TraceContext, B3, *B3, *XTraceInfo:
		// By name: a type that embeds one of these has its unexported methods
		// too, and perhaps an Extract of its own.
		added.format = p.(extractor)
		reads = added.format.reads()
	case Baggage:
		reads = []field{baggageField}
	case CorrelationID:
		names := p.names()
		added.correlate, reads = &names, names.read
	default:
		c.foreign = true
	}
	c.children = append(c.children, added)
	for _, f := range reads {
		c.keys = append(c.keys, f.canonical)
	}
	for _, f := range p.Fields() {
		if !slices.Contains(c.fields, f) {
			c.fields = append(c.fields, f)
		}
	}
}

// isNil finds nil pointers too: most methods of most propagators would panic.
func isNil(p propagation.TextMapPropagator) bool {
	if p == nil {
		return true
	}
	v := reflect.ValueOf(p)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// Inject lets each propagator write.
func (c *composite) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	for i := len(c.children) - 1; i >= 0; i-- {
		if child := &c.children[i]; child.correlate != nil {
			child.correlate.inject(ctx, carrier)
		} else {
			child.Inject(ctx, carrier)
		}
	}
}

// Fields returns the headers that Inject may write, each once.
func (c *composite) Fields() []string { return slices.Clone(c.fields) }

// CorrelationID returns the first CorrelationID of the composite.
func (c *composite) CorrelationID() (CorrelationID, bool) {
	for i := range c.children {
		if id, ok := CorrelationIDOf(c.children[i].TextMapPropagator); ok {
			return id, true
		}
	}
	return CorrelationID{}, false
}

// Extract returns a context with the parent, its sampling state and
// everything else that the carrier's valid headers hold, or ctx itself.
func (c *composite) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	if h, ok := carrier.(propagation.HeaderCarrier); ok && !c.foreign && !c.concerns(h) {
		return ctx
	}
	m := merger{from: ctx, to: ctx}
	for i := range c.children {
		child := &c.children[i]
		switch {
		case child.format != nil:
			if e, ok := child.format.extract(carrier); ok {
				m.add(&e)
			}
		case child.correlate != nil:
			m.correlate(child.correlate, carrier)
		default:
			if b, ok := child.TextMapPropagator.(Baggage); ok {
				m.to = b.Extract(m.to, carrier)
			} else {
				m.foreign(child.TextMapPropagator, carrier)
			}
		}
	}
	return m.context()
}

// concerns reports whether h has any header that a child reads. Most requests
// of most services have none, and this is the cheapest way to know.
func (c *composite) concerns(h propagation.HeaderCarrier) bool {
	for _, key := range c.keys {
		if _, ok := h[key]; ok {
			return true
		}
	}
	return false
}
