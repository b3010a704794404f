// SPDX-License-Identifier: Apache-2.0

package logbridge

import (
	"context"
	"reflect"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/log/embedded"
)

// provider stands between otelslog and the provider of the program, or the
// one in the globals when next is nil.
type provider struct {
	embedded.LoggerProvider
	next   log.LoggerProvider
	shared *shared
}

func (p *provider) Logger(name string, opts ...log.LoggerOption) log.Logger {
	l := &logger{shared: p.shared, name: name, opts: opts}
	if p.next != nil {
		l.next = p.next.Logger(name, opts...)
	}
	return l
}

type logger struct {
	embedded.Logger
	next   log.Logger // nil: of the provider in the globals
	shared *shared
	name   string
	opts   []log.LoggerOption
	held   atomic.Pointer[heldLogger]
}

// heldLogger is a logger and the global provider it is from.
type heldLogger struct {
	from   log.LoggerProvider
	logger log.Logger
}

func (l *logger) target() log.Logger {
	if l.next != nil {
		return l.next
	}
	from := otel.GetLoggerProvider()
	if !reflect.TypeOf(from).Comparable() {
		return from.Logger(l.name, l.opts...)
	}
	held := l.held.Load()
	if held == nil || held.from != from {
		held = &heldLogger{from, from.Logger(l.name, l.opts...)}
		l.held.Store(held)
	}
	return held.logger
}

func (l *logger) Enabled(ctx context.Context, p log.EnabledParameters) bool {
	p.Severity = severity(p.Severity)
	return l.target().Enabled(ctx, p)
}

func (l *logger) Emit(ctx context.Context, r log.Record) {
	r.SetSeverity(severity(r.Severity()))
	// Only when another record is on its way can this one be of its exporter;
	// only then is it worth a microsecond to look who called.
	defer emitting.Add(-1)
	if emitting.Add(1) > 1 && calledByExporter() {
		l.shared.recursive.Add(1)
		return
	}
	emit(&emission{ctx}, l.target(), r)
}
