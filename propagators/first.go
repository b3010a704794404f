// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"context"
	"reflect"
	"slices"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
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
	children []propagation.TextMapPropagator
	traces   []extractor // parallel to children; nil for those that are none
	fields   []string
}

var _ propagation.TextMapPropagator = (*composite)(nil)

func (c *composite) add(p []propagation.TextMapPropagator) {
	for _, child := range p {
		if isNil(child) {
			continue
		}
		switch given := child.(type) {
		case *composite:
			c.add(given.children)
			continue
		case *CorrelationID:
			child = *given
		}
		e, _ := child.(extractor)
		c.children = append(c.children, child)
		c.traces = append(c.traces, e)
		for _, f := range child.Fields() {
			if !slices.Contains(c.fields, f) {
				c.fields = append(c.fields, f)
			}
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
	for _, child := range slices.Backward(c.children) {
		child.Inject(ctx, carrier)
	}
}

// Fields returns the headers that Inject may write, each once.
func (c *composite) Fields() []string { return slices.Clone(c.fields) }

// CorrelationID returns the first CorrelationID of the composite.
func (c *composite) CorrelationID() (CorrelationID, bool) {
	for _, child := range c.children {
		if id, ok := CorrelationIDOf(child); ok {
			return id, true
		}
	}
	return CorrelationID{}, false
}

// Extract returns a context with the parent, its sampling state and
// everything else that the carrier's valid headers hold, or ctx itself.
func (c *composite) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	m := merger{from: ctx, to: ctx}
	for i, child := range c.children {
		if trace := c.traces[i]; trace != nil {
			if e, ok := trace.extract(carrier); ok {
				m.add(&e)
			}
			continue
		}
		switch child := child.(type) {
		case Baggage:
			m.to = child.Extract(m.to, carrier)
		case CorrelationID:
			m.correlate(child, carrier)
		default:
			m.foreign(child, carrier)
		}
	}
	return m.context()
}

// merger builds one answer out of several.
type merger struct {
	from, to   context.Context // as given; with everything but the answer
	answer     extraction
	answered   bool
	correlated bool
}

// add merges e and reports whether it agrees with what is known.
func (m *merger) add(e *extraction) bool {
	a := &m.answer
	if !m.answered {
		*a, m.answered = *e, true
		return true
	}
	if e.traceID.IsValid() {
		switch {
		case !a.traceID.IsValid():
			a.traceID, a.spanID = e.traceID, e.spanID
		case a.traceID != e.traceID:
			reject(firstOtherTrace)
			return false
		}
		a.state = mergeTraceState(a.state, e.state)
		a.random = a.random || e.random
		a.hashed = a.hashed || e.hashed
	}
	undecided := a.decision == intent.None || a.decision == intent.Defer
	if undecided && e.decision != intent.None || a.decision == intent.Accept && e.decision == intent.Debug {
		a.decision = e.decision
	}
	a.explicit = a.explicit || e.explicit
	return true
}

// mergeTraceState returns first's members and then those of second whose keys
// first does not have.
func mergeTraceState(first, second trace.TraceState) trace.TraceState {
	if first.Len() == 0 || second.Len() == 0 {
		if first.Len() == 0 {
			return second
		}
		return first
	}
	type member struct{ key, value string }
	var members []member
	first.Walk(func(key, value string) bool {
		members = append(members, member{key, value})
		return true
	})
	merged := second
	for _, m := range slices.Backward(members) {
		merged, _ = merged.Insert(m.key, m.value) // valid: it comes from a TraceState
	}
	return merged
}

// correlate takes the id of the first CorrelationID that finds one.
func (m *merger) correlate(c CorrelationID, carrier propagation.TextMapCarrier) {
	if m.correlated {
		return
	}
	if id := c.find(carrier); id != "" {
		m.to, m.correlated = ContextWithCorrelationID(m.to, id), true
	}
}

// foreign asks a propagator whose answer is a context. It reads from the
// context given to Extract first; if its trace is not another one than ours,
// what else it stores is kept by letting it read again on top of the rest.
func (m *merger) foreign(p propagation.TextMapPropagator, carrier propagation.TextMapCarrier) {
	got := p.Extract(m.from, carrier)
	before, after := trace.SpanContextFromContext(m.from), trace.SpanContextFromContext(got)
	asked := intent.FromContext(got)
	heard := asked != nil && asked != intent.FromContext(m.from)
	if after.Equal(before) && !heard {
		m.to = p.Extract(m.to, carrier)
		return
	}
	e := extraction{explicit: heard}
	if !after.Equal(before) {
		e.traceID, e.spanID, e.state = after.TraceID(), after.SpanID(), after.TraceState()
		e.random = after.TraceFlags()&trace.FlagsRandom != 0
		e.decision = sampledDecision(after.IsSampled())
	}
	if heard {
		e.decision = asked.For(e.traceID)
		if e.decision == intent.None {
			e.decision = asked.Unbound()
		}
	}
	if m.add(&e) {
		m.to = p.Extract(m.to, carrier)
	}
}

func (m *merger) context() context.Context {
	if !m.answered {
		return m.to
	}
	return m.answer.apply(m.to)
}
