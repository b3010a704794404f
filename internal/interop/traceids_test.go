// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"sync"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// traceIDs is a span processor that remembers which traces it has seen.
type traceIDs struct {
	mu  sync.Mutex
	ids []string
}

func (p *traceIDs) OnStart(_ context.Context, s sdktrace.ReadWriteSpan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ids = append(p.ids, s.SpanContext().TraceID().String())
}

func (p *traceIDs) first() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ids[0]
}

func (*traceIDs) OnEnd(sdktrace.ReadOnlySpan)      {}
func (*traceIDs) ForceFlush(context.Context) error { return nil }
func (*traceIDs) Shutdown(context.Context) error   { return nil }
