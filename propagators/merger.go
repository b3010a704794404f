// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
)

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
func (m *merger) correlate(names *correlationNames, carrier propagation.TextMapCarrier) {
	if m.correlated {
		return
	}
	if id := names.find(carrier); id != "" {
		m.to, m.correlated = ContextWithCorrelationID(m.to, id), true
	}
}

// foreign asks a propagator whose answer is a context. If its trace is not
// another one than ours, what else it stored there is kept.
func (m *merger) foreign(p propagation.TextMapPropagator, carrier propagation.TextMapCarrier) {
	got := p.Extract(m.from, carrier)
	if got == nil || same(got, m.from) {
		return
	}
	before, after := trace.SpanContextFromContext(m.from), trace.SpanContextFromContext(got)
	asked := intent.FromContext(got)
	heard := asked != nil && asked != intent.FromContext(m.from)
	if after.Equal(before) && !heard {
		m.keep(got)
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
		m.keep(got)
	}
}

// keep adds what got has beyond the context given to Extract.
func (m *merger) keep(got context.Context) {
	if same(m.to, m.from) {
		m.to = got
		return
	}
	m.to = &layered{Context: m.to, from: m.from, below: got}
}

func (m *merger) context() context.Context {
	if !m.answered {
		return m.to
	}
	return m.answer.apply(m.to)
}
