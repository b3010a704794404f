// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/samplers"
)

// pipeline is a provider whose sampler drops everything, and what is exported
// nevertheless.
type pipeline struct {
	*testing.T
	provider *sdktrace.TracerProvider
	tail     *samplers.Tail
	exported *tracetest.SpanRecorder
}

func newPipeline(t *testing.T, opts ...samplers.TailOption) *pipeline {
	return newPipelineWith(t, samplers.Probability(0), opts...)
}

func newPipelineWith(t *testing.T, root sdktrace.Sampler, opts ...samplers.TailOption) *pipeline {
	exported := tracetest.NewSpanRecorder()
	tail := samplers.KeepErrors(exported, opts...)
	p := sdktrace.NewTracerProvider(
		sdktrace.WithSampler(samplers.AlwaysRecord(samplers.ParentBased(samplers.Forced(root)))),
		sdktrace.WithSpanProcessor(tail),
	)
	t.Cleanup(func() { assert.NoError(t, p.Shutdown(context.Background())) })
	return &pipeline{T: t, provider: p, tail: tail.(*samplers.Tail), exported: exported}
}

func (p *pipeline) start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	return p.provider.Tracer("test").Start(ctx, name, opts...)
}

func (p *pipeline) root(name string) (context.Context, trace.Span) {
	return p.start(context.Background(), name)
}

// span starts and ends one.
func (p *pipeline) span(ctx context.Context, name string) {
	_, s := p.start(ctx, name)
	s.End()
}

// failing starts one and ends it with an error.
func (p *pipeline) failing(ctx context.Context, name string) {
	_, s := p.start(ctx, name)
	s.SetStatus(codes.Error, "it failed")
	s.End()
}

// names are "span: reason" of what was exported, in order.
func (p *pipeline) names() (names []string) {
	for _, s := range p.exported.Ended() {
		name := s.Name()
		for _, a := range s.Attributes() {
			if a.Key == samplers.ReasonKey {
				name += ": " + a.Value.AsString()
			}
		}
		names = append(names, name)
	}
	return names
}

// remote is a context as it comes from an unsampled caller of the trace id.
func remote(id trace.TraceID, spanID byte) context.Context {
	return trace.ContextWithRemoteSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: id, SpanID: trace.SpanID{spanID},
	}))
}

func requireBalanced(t *testing.T, s samplers.TailStats) {
	t.Helper()
	require.Equal(t, s.Ended, s.Kept+s.Discarded()+s.Buffered, "%+v", s)
}

// tailCase is a row of the tables of what is exported and what is counted.
type tailCase struct {
	opts     []samplers.TailOption
	run      func(p *pipeline)
	exported []string
	stats    samplers.TailStats
}

func runTailCases(t *testing.T, cases map[string]tailCase) {
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPipeline(t, tc.opts...)
				tc.run(p)
				synctest.Wait()
				assert.Equal(t, tc.exported, p.names())
				got := p.tail.Stats()
				assert.Equal(t, tc.stats, got)
				requireBalanced(t, got)
			})
		})
	}
}
