// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/http"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// skipped is the context and the span below a request that is skipped. The
// span records nothing and is not sampled, so whoever starts a child of it is
// told to be silent as well: by its flags, and by its provider.
type skipped struct {
	context.Context
	noop.Span
	sc trace.SpanContext
}

func (s *skipped) Value(key any) any {
	if _, ok := key.(layerKey); ok {
		return s
	}
	return s.Context.Value(key)
}

func (s *skipped) SpanContext() trace.SpanContext { return s.sc }

// serveSkipped serves a request that nothing is recorded of.
func (h *handler) serveSkipped(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	inner := copyOf(silence(ctx), r)
	defer copyBack(r, inner)
	h.next.ServeHTTP(w, inner)
}

// silence returns ctx with a span that continues its trace, or a new one, as
// not sampled. A new one must have ids, or children would be roots.
func silence(ctx context.Context) context.Context {
	s := &skipped{Context: ctx}
	parent := trace.SpanContextFromContext(ctx)
	s.sc = parent.WithTraceFlags(parent.TraceFlags() &^ trace.FlagsSampled).WithRemote(false)
	if !parent.IsValid() {
		s.sc = trace.NewSpanContext(trace.SpanContextConfig{TraceID: newTraceID(), SpanID: newSpanID()})
	}
	return trace.ContextWithSpan(s, s)
}

func newTraceID() (id trace.TraceID) {
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:8], rand.Uint64())
		binary.NativeEndian.PutUint64(id[8:], rand.Uint64())
	}
	return id
}

func newSpanID() (id trace.SpanID) {
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:], rand.Uint64())
	}
	return id
}
