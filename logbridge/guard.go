// SPDX-License-Identifier: Apache-2.0

package logbridge

import (
	"context"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/log/embedded"
)

// shared is what the handlers derived from one NewHandler have in common.
type shared struct {
	scope      string
	level      slog.Leveler
	traceBased bool
	keep       slog.Leveler
	limit      rateLimit
	recursive  atomic.Uint64 // records of exporters, dropped
}

// severity returns the nearest one that OpenTelemetry knows.
func severity(s log.Severity) log.Severity {
	return max(log.SeverityTrace1, min(s, log.SeverityFatal4))
}

// emission is the context of a record on its way to the exporters.
type emission struct{ context.Context }

type emissionKey struct{}

func (e *emission) Value(key any) any {
	if _, ok := key.(emissionKey); ok {
		return e
	}
	return e.Context.Value(key)
}

// exporting reports whether ctx is that of a record on its way.
func exporting(ctx context.Context) bool {
	return ctx != nil && ctx.Value(emissionKey{}) != nil
}

// emitting counts the calls of emit that have not returned.
var emitting atomic.Int64

// emit has one call in it, so its frame has the same program counter in every
// stack: by that calledByExporter knows it.
//
//go:noinline
func emit(ctx context.Context, to log.Logger, r log.Record) { to.Emit(ctx, r) }

// maxFrames is how far up a stack is searched.
const maxFrames = 128

// calledByExporter reports whether an emit is further up on this goroutine's
// stack: a processor exports where it is called, and its exporter logs.
// SimpleProcessor holds a lock meanwhile, and would wait for itself.
func calledByExporter() bool {
	var pcs [maxFrames]uintptr
	n := runtime.Callers(2, pcs[:])
	return slices.Contains(pcs[:n], emitPC())
}

// emitPC finds out, with a logger that looks who calls it.
var emitPC = sync.OnceValue(func() uintptr {
	var p probe
	emit(context.Background(), &p, log.Record{})
	return p.caller
})

type probe struct {
	embedded.Logger
	caller uintptr
}

func (p *probe) Emit(context.Context, log.Record) {
	var pcs [1]uintptr
	runtime.Callers(2, pcs[:]) // 0 is Callers, 1 is this
	p.caller = pcs[0]
}

func (*probe) Enabled(context.Context, log.EnabledParameters) bool { return true }
