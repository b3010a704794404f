// SPDX-License-Identifier: Apache-2.0

// Package intent carries through a context what a header or a caller asked of
// sampling, from the propagator or option that heard it to the sampler that
// obeys it and the propagator that passes it on.
//
// An intent is bound to one trace. One that came with ids is bound from the
// start; one that came without is bound by the first root that claims it, and
// no later root of the same context sees it.
package intent

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel/trace"
)

// Decision is what was asked.
type Decision uint8

const (
	// None: nothing was asked.
	None Decision = iota
	// Defer: ids without a sampling state; the receiver decides.
	Defer
	// Deny: do not sample.
	Deny
	// Accept: sample.
	Accept
	// Debug: sample whatever it costs, and tell those downstream.
	Debug
)

// Intent is a decision and the trace it holds for. The zero trace id means
// that it is not bound yet. A nil Intent asks for nothing, in every method.
// An Intent may be used from several goroutines.
type Intent struct {
	decision Decision
	under    *Intent       // what was asked before, for the trace it came with
	given    trace.TraceID // what trace points to when the intent came with ids
	trace    atomic.Pointer[trace.TraceID]
}

type key struct{}

// carrier is a context and its intent in one allocation: extracting a header
// is a hot path, and context.WithValue would make it two.
type carrier struct {
	context.Context
	intent Intent
}

func (c *carrier) Value(k any) any {
	if _, ok := k.(key); ok {
		return &c.intent
	}
	return c.Context.Value(k)
}

// ContextWith returns a context that carries d for the trace id, or, when id
// is zero, for the first root started from the returned context; what was
// asked of a trace that came with ids stays beneath it then. Else it replaces
// the intent already there. None removes it.
func ContextWith(ctx context.Context, d Decision, id trace.TraceID) context.Context {
	if d == None {
		if FromContext(ctx) == nil {
			return ctx
		}
		return context.WithValue(ctx, key{}, (*Intent)(nil))
	}
	c := &carrier{Context: ctx}
	c.intent.decision = d
	if id.IsValid() {
		c.intent.given = id
		c.intent.trace.Store(&c.intent.given)
	} else {
		c.intent.under = FromContext(ctx)
	}
	return c
}

// FromContext returns the intent in ctx, or nil.
func FromContext(ctx context.Context) *Intent {
	i, _ := ctx.Value(key{}).(*Intent)
	return i
}

// For returns what was asked for the trace id, and None when the intent is
// bound to another trace or to none yet.
func (i *Intent) For(id trace.TraceID) Decision {
	if i == nil {
		return None
	}
	bound := i.trace.Load()
	if bound == nil || *bound != id {
		return i.under.For(id)
	}
	return i.decision
}

// Unbound returns the decision when no trace has claimed it yet, else None.
// A propagator that injects where there is no span passes this on.
func (i *Intent) Unbound() Decision {
	if i == nil || i.trace.Load() != nil {
		return None
	}
	return i.decision
}

// Claim binds an unbound intent to the root id and returns its decision. It
// returns what For returns when the intent is bound already: the decision for
// its own trace, None for any other.
func (i *Intent) Claim(id trace.TraceID) Decision {
	if i == nil {
		return None
	}
	if i.trace.Load() == nil {
		claimed := id
		if i.trace.CompareAndSwap(nil, &claimed) {
			return i.decision
		}
	}
	return i.For(id)
}
