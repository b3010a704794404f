// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// CorrelationID carries an id that people and older services search logs by.
// An id is accepted as it came or not at all: at most MaxBytes of
// A-Z a-z 0-9 . _ : + / = @ # | ~ -. Extract never invents one; the HTTP
// middleware does, with New. The zero value is ready; it may be used from
// several goroutines.
type CorrelationID struct {
	// Header is the one header written. By default, X-Correlation-ID. A name
	// that cannot be a header is as none: nothing is written.
	Header string

	// Accept lists the headers read, in order. Nil means X-Correlation-ID,
	// Correlation-ID, X-Request-ID and Request-Id, after Header when it is
	// none of these. An empty list that is not nil means that no id is taken
	// from outside.
	Accept []string

	// MaxBytes bounds an id. By default, 128; at most 256.
	MaxBytes int

	// Generate makes an id where none came in. By default, the trace id when
	// the context has one, else a UUID of version 7; also when what Generate
	// returned is not a valid id, and when it panics, which is reported to
	// OpenTelemetry's error handler. It may be called from several goroutines.
	Generate func(context.Context) string

	// NoGenerate leaves a request without an id as it is.
	NoGenerate bool
}

var _ propagation.TextMapPropagator = CorrelationID{}

var (
	correlationField  = field{"X-Correlation-Id", "x-correlation-id"}
	correlationAccept = []field{
		correlationField,
		{"Correlation-Id", "correlation-id"},
		{"X-Request-Id", "x-request-id"},
		{"Request-Id", "request-id"},
	}
)

const (
	defaultCorrelationBytes = 128
	maxCorrelationBytes     = 256
)

// correlationChars are what real ids are made of: UUIDs, Kong's #counter,
// AWS's Root=1-…, base64 and paths. None of them means anything to a header,
// a log line or a terminal.
var correlationChars = charset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:+/=@#|~-")

// Extract returns a context with the first valid id of the headers in Accept,
// or ctx itself when there is none.
func (c CorrelationID) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	names := c.names()
	id := names.find(carrier)
	if id == "" {
		return ctx
	}
	return ContextWithCorrelationID(ctx, id)
}

// Inject writes the id in ctx, if there is one and c would accept it.
func (c CorrelationID) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	names := c.names()
	names.inject(ctx, carrier)
}

// Fields returns the header that Inject writes.
func (c CorrelationID) Fields() []string {
	names := c.names()
	if names.write.lower == "" {
		return nil
	}
	return []string{names.write.lower}
}

// Valid reports whether id would be accepted. The empty id is not.
func (c CorrelationID) Valid(id string) bool { return validCorrelationID(id, c.limit()) }

func (c CorrelationID) limit() int {
	if c.MaxBytes > 0 {
		return min(c.MaxBytes, maxCorrelationBytes)
	}
	return defaultCorrelationBytes
}

func validCorrelationID(id string, limit int) bool {
	if id == "" || len(id) > limit {
		return false
	}
	for i := range len(id) {
		if !correlationChars[id[i]] {
			return false
		}
	}
	return true
}

// correlationNames is a CorrelationID with its headers looked up, which First
// does once.
type correlationNames struct {
	write field // zero for none
	read  []field
	limit int
}

func (c CorrelationID) names() correlationNames {
	n := correlationNames{write: correlationField, read: correlationAccept, limit: c.limit()}
	if c.Header != "" {
		n.write, _ = newField(c.Header)
	}
	switch {
	case c.Accept != nil:
		n.read = nil
		for _, name := range c.Accept {
			if f, ok := newField(name); ok {
				n.read = append(n.read, f)
			}
		}
	case n.write.lower != "" && !slices.Contains(n.read, n.write):
		n.read = append([]field{n.write}, n.read...)
	}
	return n
}

// find returns the first valid id in the carrier, or "".
func (n *correlationNames) find(carrier propagation.TextMapCarrier) string {
	for _, f := range n.read {
		var buf [1]string
		for _, id := range f.values(carrier, &buf) {
			if validCorrelationID(id, n.limit) {
				return id
			}
			if id != "" {
				reject(correlationInvalid)
			}
		}
	}
	return ""
}

func (n *correlationNames) inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	id := CorrelationIDFromContext(ctx)
	if n.write.lower != "" && validCorrelationID(id, n.limit) {
		n.write.set(carrier, id)
	}
}

// New returns an id for a request that brought none, or "" when NoGenerate
// is set. It does not put the id in a context.
func (c CorrelationID) New(ctx context.Context) string {
	if c.NoGenerate {
		return ""
	}
	if c.Generate != nil {
		if id := c.generate(ctx); c.Valid(id) {
			return id
		}
	}
	if sc := trace.SpanContextFromContext(ctx); sc.HasTraceID() {
		return sc.TraceID().String()
	}
	return newUUID()
}

// generate keeps a panic of the user's function out of the request.
func (c CorrelationID) generate(ctx context.Context) (id string) {
	defer func() {
		if v := recover(); v != nil {
			otel.Handle(fmt.Errorf("propagators: CorrelationID.Generate panicked: %v", v))
		}
	}()
	return c.Generate(ctx)
}

// correlated is a context and its correlation id in one allocation.
type correlated struct {
	context.Context
	id string
}

type correlationKey struct{}

func (c *correlated) Value(key any) any {
	if _, ok := key.(correlationKey); ok {
		return c
	}
	return c.Context.Value(key)
}

// ContextWithCorrelationID returns a context that carries id. An id that is
// not valid (over 256 bytes, or with other characters than CorrelationID
// names) is not stored, and ctx is returned; "" removes the id.
func ContextWithCorrelationID(ctx context.Context, id string) context.Context {
	if id == CorrelationIDFromContext(ctx) {
		return ctx
	}
	if id != "" && !validCorrelationID(id, maxCorrelationBytes) {
		return ctx
	}
	return &correlated{ctx, id}
}

// CorrelationIDFromContext returns the correlation id in ctx, or "" where there
// is none or ctx is nil.
func CorrelationIDFromContext(ctx context.Context) string {
	if ctx == nil {
		return ""
	}
	if c, ok := ctx.Value(correlationKey{}).(*correlated); ok {
		return c.id
	}
	return ""
}

// CorrelationIDOf finds the CorrelationID that p propagates: p itself, the
// first one given to First, or what a method CorrelationID of p returns. It
// reports false when there is none.
func CorrelationIDOf(p propagation.TextMapPropagator) (CorrelationID, bool) {
	switch p := p.(type) {
	case CorrelationID:
		return p, true
	case *CorrelationID:
		if p == nil {
			return CorrelationID{}, false
		}
		return *p, true
	case interface{ CorrelationID() (CorrelationID, bool) }:
		return p.CorrelationID()
	}
	return CorrelationID{}, false
}
