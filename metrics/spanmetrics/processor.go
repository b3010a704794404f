// SPDX-License-Identifier: Apache-2.0

package spanmetrics

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/metrics"
)

// Processor is a span processor that records every span it sees with a StatsD
// client. It may be used from several goroutines.
type Processor struct {
	to     *metrics.Client
	keys   []attribute.Key // sorted, distinct
	prefix string
	rename func(string) string

	operations sync.Map // of *operation, by span name
	names      atomic.Int64
}

var _ sdktrace.SpanProcessor = (*Processor)(nil)

// NewProcessor returns a processor that records with to, which it flushes and
// never closes. A nil client discards.
func NewProcessor(to *metrics.Client, opts ...Option) sdktrace.SpanProcessor {
	p := &Processor{to: to, rename: func(name string) string { return name }}
	for _, o := range opts {
		if o != nil {
			o.apply(p)
		}
	}
	slices.Sort(p.keys)
	p.keys = slices.Compact(p.keys)
	return p
}

// OnStart does nothing.
func (p *Processor) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

// OnEnd records the span. It never waits, and does not allocate for a span
// like one before it.
func (p *Processor) OnEnd(s sdktrace.ReadOnlySpan) {
	if p.to == nil {
		return
	}
	op := p.operation(s.Name())
	var v *variant
	if len(p.keys) == 0 {
		v = p.plain(op)
	} else {
		v = p.tagged(op, s.Attributes())
	}
	v.timer.Record(s.EndTime().Sub(s.StartTime()))
	events := s.Events()
	for i := range events {
		p.counter(op, v, events[i].Name, events[i].Attributes).Inc()
	}
}

// ForceFlush sends what was recorded.
func (p *Processor) ForceFlush(ctx context.Context) error { return p.to.Flush(ctx) }

// Shutdown sends what was recorded. The client goes on working.
func (p *Processor) Shutdown(ctx context.Context) error { return p.to.Flush(ctx) }
