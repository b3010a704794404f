// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
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

// TestTail is the table of what is exported and what is counted.
func TestTail(t *testing.T) {
	type stats = samplers.TailStats
	for name, tc := range map[string]struct {
		opts     []samplers.TailOption
		run      func(p *pipeline)
		exported []string
		stats    stats
	}{
		"nothing remarkable": {
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				p.span(ctx, "a")
				p.span(ctx, "b")
				root.End()
			},
			stats: stats{Ended: 3, Unremarkable: 3},
		},
		"error in a leaf": {
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				p.span(ctx, "a")
				p.failing(ctx, "b")
				p.span(ctx, "c")
				root.End()
			},
			exported: []string{"a: error", "b: error", "c: error", "root: error"},
			stats:    stats{Ended: 4, Kept: 4, KeptTraces: 1, Remembered: 1},
		},
		"error only in the root": {
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				p.span(ctx, "a")
				root.SetStatus(codes.Error, "")
				root.End()
			},
			exported: []string{"a: error", "root: error"},
			stats:    stats{Ended: 2, Kept: 2, KeptTraces: 1, Remembered: 1},
		},
		"slow": {
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				p.span(ctx, "a")
				time.Sleep(samplers.DefaultSlow)
				root.End()
			},
			exported: []string{"a: slow", "root: slow"},
			stats:    stats{Ended: 2, Kept: 2, KeptTraces: 1, Remembered: 1},
		},
		"almost slow": {
			run: func(p *pipeline) {
				_, root := p.root("root")
				time.Sleep(samplers.DefaultSlow - 1)
				root.End()
			},
			stats: stats{Ended: 1, Unremarkable: 1},
		},
		"slow does not count": {
			opts: []samplers.TailOption{samplers.WithSlow(0)},
			run: func(p *pipeline) {
				_, root := p.root("root")
				time.Sleep(time.Minute / 2)
				root.End()
			},
			stats: stats{Ended: 1, Unremarkable: 1},
		},
		"slow leaf in a root that is not": {
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				_, leaf := p.start(ctx, "leaf", trace.WithTimestamp(time.Now().Add(-time.Hour)))
				leaf.End()
				root.End()
			},
			stats: stats{Ended: 2, Unremarkable: 2},
		},
		"4xx": {
			run: func(p *pipeline) {
				_, root := p.root("root")
				root.SetAttributes(attribute.Int("http.response.status_code", 404))
				root.SetStatus(codes.Error, "")
				root.End()
			},
			stats: stats{Ended: 1, Unremarkable: 1},
		},
		"5xx": {
			run: func(p *pipeline) {
				_, root := p.root("root")
				root.SetAttributes(attribute.Int("http.response.status_code", 503))
				root.SetStatus(codes.Error, "")
				root.End()
			},
			exported: []string{"root: error"},
			stats:    stats{Ended: 1, Kept: 1, KeptTraces: 1, Remembered: 1},
		},
		"cancelled": {
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				_, a := p.start(ctx, "a")
				a.RecordError(context.Canceled)
				a.SetStatus(codes.Error, fmt.Errorf("read: %w", context.Canceled).Error())
				a.End()
				root.End()
			},
			stats: stats{Ended: 2, Unremarkable: 2},
		},
		"panic": {
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				defer func() { _ = recover() }()
				defer root.End()
				_, a := p.start(ctx, "a")
				defer a.End()
				panic("boom")
			},
			exported: []string{"a: error", "root: error"},
			stats:    stats{Ended: 2, Kept: 2, KeptTraces: 1, Remembered: 1},
		},
		"children that end after a root that failed": {
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				_, a := p.start(ctx, "a")
				root.SetStatus(codes.Error, "")
				root.End()
				a.End()
			},
			exported: []string{"root: error", "a: error"},
			stats:    stats{Ended: 2, Kept: 2, KeptTraces: 1, Remembered: 1},
		},
		"children that end after a root that did not fail": {
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				_, a := p.start(ctx, "a")
				root.End()
				a.SetStatus(codes.Error, "")
				a.End()
			},
			stats: stats{Ended: 2, Unremarkable: 1, Late: 1},
		},
		"children that start after a root that failed": {
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				root.SetStatus(codes.Error, "")
				root.End()
				actx, a := p.start(ctx, "a")
				p.span(actx, "b")
				a.End()
			},
			exported: []string{"root: error", "b: error", "a: error"},
			stats:    stats{Ended: 3, Kept: 3, KeptTraces: 1, Remembered: 1},
		},
		"children that start after a root that did not fail": {
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				root.End()
				p.failing(ctx, "a")
			},
			stats: stats{Ended: 2, Unremarkable: 1, Late: 1},
		},
		"root never ends, an error below": {
			run: func(p *pipeline) {
				ctx, _ := p.root("root")
				p.failing(ctx, "a")
				time.Sleep(2 * samplers.DefaultMaxAge)
				p.span(ctx, "b")
			},
			exported: []string{"a: error", "b: error"},
			stats:    stats{Ended: 2, Kept: 2, KeptTraces: 1, Remembered: 1},
		},
		"root never ends, no error": {
			run: func(p *pipeline) {
				ctx, _ := p.root("root")
				p.span(ctx, "a")
				time.Sleep(2 * samplers.DefaultMaxAge)
				p.span(ctx, "b")
			},
			stats: stats{Ended: 2, Aged: 1, Buffered: 1, Remembered: 1},
		},
		"root fails after all": {
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				p.span(ctx, "a")
				time.Sleep(2 * samplers.DefaultMaxAge)
				p.span(ctx, "b")
				root.SetStatus(codes.Error, "")
				root.End()
			},
			exported: []string{"b: error", "root: error"},
			stats:    stats{Ended: 3, Kept: 2, KeptTraces: 1, Aged: 1, Remembered: 1},
		},
		"root runs on long after its trace was kept": {
			opts: []samplers.TailOption{samplers.WithSlow(0)},
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				p.failing(ctx, "a")
				time.Sleep(20 * samplers.DefaultMaxAge)
				p.span(ctx, "b")
				root.End()
			},
			exported: []string{"a: error", "b: error", "root: error"},
			stats:    stats{Ended: 3, Kept: 3, KeptTraces: 1, Remembered: 1},
		},
		"a kept trace is forgotten in the end": {
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				p.failing(ctx, "a")
				root.End()
				time.Sleep(2 * samplers.DefaultMaxAge)
				p.span(ctx, "b")
			},
			exported: []string{"a: error", "root: error"},
			stats:    stats{Ended: 3, Kept: 2, KeptTraces: 1, Late: 1},
		},
		"several local roots in one trace": {
			run: func(p *pipeline) {
				ctx1, root1 := p.start(remote(kept, 1), "root1")
				a1ctx, a1 := p.start(ctx1, "a1")
				ctx2, root2 := p.start(remote(kept, 1), "root2")
				p.span(a1ctx, "b1")
				a2ctx, a2 := p.start(ctx2, "a2")
				p.failing(a2ctx, "b2")
				a1.End()
				a2.End()
				root1.End()
				p.span(ctx2, "c2")
				root2.End()
			},
			exported: []string{"b2: error", "a2: error", "c2: error", "root2: error"},
			stats:    stats{Ended: 7, Kept: 4, KeptTraces: 1, Unremarkable: 3, Remembered: 1},
		},
		"a late child of the first local root is not the second's": {
			run: func(p *pipeline) {
				ctx1, root1 := p.start(remote(kept, 1), "root1")
				_, a1 := p.start(ctx1, "a1")
				root1.End()
				ctx2, root2 := p.start(remote(kept, 2), "root2")
				a1.End()
				p.failing(ctx2, "a2")
				root2.End()
			},
			exported: []string{"a2: error", "root2: error"},
			stats:    stats{Ended: 4, Kept: 2, KeptTraces: 1, Unremarkable: 1, Late: 1, Remembered: 1},
		},
		"flush, undecided": {
			run: func(p *pipeline) {
				ctx1, root1 := p.root("root1")
				p.failing(ctx1, "a1")
				ctx2, root2 := p.root("root2")
				p.span(ctx2, "a2")
				assert.NoError(p, p.provider.ForceFlush(context.Background()))
				root1.End()
				root2.End()
			},
			exported: []string{"a1: error", "root1: error"},
			stats:    stats{Ended: 4, Kept: 2, KeptTraces: 1, Flushed: 1, Unremarkable: 1, Remembered: 1},
		},
		"shutdown, undecided": {
			run: func(p *pipeline) {
				ctx1, root1 := p.root("root1")
				p.failing(ctx1, "a1")
				ctx2, root2 := p.root("root2")
				p.span(ctx2, "a2")
				assert.NoError(p, p.tail.Shutdown(context.Background()))
				root1.End()
				root2.SetStatus(codes.Error, "")
				root2.End()
			},
			exported: []string{"a1: error"},
			stats:    stats{Ended: 4, Kept: 1, KeptTraces: 1, Flushed: 3},
		},
		"error storm over the cap": {
			opts: []samplers.TailOption{samplers.WithKeptPerSecond(2)},
			run: func(p *pipeline) {
				for range 5 {
					ctx, root := p.root("root")
					p.failing(ctx, "a")
					root.End()
				}
				time.Sleep(time.Second / 2)
				_, root := p.root("later")
				root.SetStatus(codes.Error, "")
				root.End()
			},
			exported: []string{"a: error", "root: error", "a: error", "root: error", "later: error"},
			stats:    stats{Ended: 11, Kept: 5, KeptTraces: 3, OverRate: 6, OverRateTraces: 3, Remembered: 3},
		},
		"more spans than a trace may have": {
			opts: []samplers.TailOption{samplers.WithMaxSpans(3)},
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				p.span(ctx, "a")
				p.span(ctx, "b")
				p.span(ctx, "c")
				p.failing(ctx, "d")
				p.failing(ctx, "e")
				_, late := p.start(ctx, "late")
				root.End()
				late.End()
			},
			exported: []string{"a: error", "d: error", "root: error"},
			stats:    stats{Ended: 7, Kept: 3, KeptTraces: 1, OverSpans: 4, Remembered: 1},
		},
		"one span a trace is the root": {
			opts: []samplers.TailOption{samplers.WithMaxSpans(1)},
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				p.failing(ctx, "a")
				root.End()
			},
			exported: []string{"root: error"},
			stats:    stats{Ended: 2, Kept: 1, KeptTraces: 1, OverSpans: 1, Remembered: 1},
		},
		"more traces than are remembered": {
			opts: []samplers.TailOption{samplers.WithMaxTraces(2)},
			run: func(p *pipeline) {
				ctx1, root1 := p.root("root1")
				p.span(ctx1, "a1")
				ctx2, root2 := p.root("root2")
				p.failing(ctx2, "a2")
				_, root3 := p.root("root3") // pushes out the first
				_, root4 := p.root("root4") // and the second, which has failed
				root1.SetStatus(codes.Error, "")
				root1.End() // decided by itself
				root2.End()
				root3.End()
				root4.End()
			},
			exported: []string{"a2: error", "root1: error"},
			stats:    stats{Ended: 6, Kept: 2, KeptTraces: 2, OverTraces: 1, Late: 1, Unremarkable: 2},
		},
		"a kept trace makes room first": {
			opts: []samplers.TailOption{samplers.WithMaxTraces(2)},
			run: func(p *pipeline) {
				ctx1, root1 := p.root("root1")
				p.span(ctx1, "a1")
				p.failing(context.Background(), "root2")
				_, root3 := p.root("root3")
				root1.SetStatus(codes.Error, "")
				root1.End()
				root3.End()
			},
			exported: []string{"root2: error", "a1: error", "root1: error"},
			stats:    stats{Ended: 4, Kept: 3, KeptTraces: 2, Unremarkable: 1, Remembered: 1},
		},
		"more spans than may wait": {
			opts: []samplers.TailOption{samplers.WithMaxBuffered(3)},
			run: func(p *pipeline) {
				_, empty := p.root("empty")
				ctx1, root1 := p.root("root1")
				p.span(ctx1, "a1")
				p.span(ctx1, "b1")
				ctx2, root2 := p.root("root2")
				p.failing(ctx2, "a2")
				p.span(ctx2, "b2") // pushes out what waits for root1
				p.span(ctx2, "c2")
				p.span(ctx2, "d2") // and then for root2
				root1.SetStatus(codes.Error, "")
				root1.End()
				root2.End()
				empty.End()
			},
			exported: []string{"a2: error", "b2: error", "c2: error", "d2: error", "root1: error", "root2: error"},
			stats:    stats{Ended: 9, Kept: 6, KeptTraces: 2, OverBuffer: 2, Unremarkable: 1, Remembered: 2},
		},
		"a parent that no processor sees is another process": {
			run: func(p *pipeline) {
				outside := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
					TraceID: kept, SpanID: trace.SpanID{7},
				}))
				ctx1, root1 := p.start(outside, "root1")
				_, root2 := p.start(outside, "root2")
				p.span(ctx1, "a1")
				root1.End()
				root2.SetStatus(codes.Error, "")
				root2.End()
			},
			exported: []string{"root2: error"},
			stats:    stats{Ended: 3, Kept: 1, KeptTraces: 1, Unremarkable: 2, Remembered: 1},
		},
		"a new root within a trace": {
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				_, other := p.start(ctx, "other", trace.WithNewRoot())
				other.SetStatus(codes.Error, "")
				other.End()
				root.End()
			},
			exported: []string{"other: error"},
			stats:    stats{Ended: 2, Kept: 1, KeptTraces: 1, Unremarkable: 1, Remembered: 1},
		},
		"the rule of a user": {
			opts: []samplers.TailOption{samplers.WithReason(func(s sdktrace.ReadOnlySpan) string {
				switch s.Name() {
				case "checkout":
					return "business"
				case "bug":
					panic("in the rule")
				}
				return ""
			})},
			run: func(p *pipeline) {
				ctx, root := p.root("root")
				p.span(ctx, "checkout")
				root.End()
				p.failing(context.Background(), "failed, which is no reason now")
				p.span(context.Background(), "bug")
			},
			exported: []string{"checkout: business", "root: business"},
			stats:    stats{Ended: 4, Kept: 2, KeptTraces: 1, Unremarkable: 2, Remembered: 1},
		},
	} {
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

func TestHeadSampledSpanPassesUntouched(t *testing.T) {
	p := newPipelineWith(t, samplers.Probability(1))
	ctx, root := p.root("root")
	p.failing(ctx, "a")
	assert.Equal(t, []string{"a"}, p.names(), "at once")
	root.End()
	assert.Equal(t, []string{"a", "root"}, p.names())
	assert.Equal(t, "ot=th:0", p.exported.Ended()[1].SpanContext().TraceState().String())
	assert.Zero(t, p.tail.Stats())
}

func TestUnsampledChildOfASampledRootIsNotKept(t *testing.T) {
	// Without ParentBased, each span is decided for itself.
	exported := tracetest.NewSpanRecorder()
	tail := samplers.KeepErrors(exported)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(tail), sdktrace.WithSampler(
		samplers.AlwaysRecord(samplers.Rules(nil, samplers.Rule{Name: "root", Sampler: samplers.Probability(1)}))))
	p := &pipeline{T: t, provider: provider, tail: tail.(*samplers.Tail), exported: exported}
	ctx, root := p.root("root")
	p.failing(ctx, "a")
	root.End()
	assert.Equal(t, []string{"root"}, p.names())
	assert.Equal(t, samplers.TailStats{Ended: 1, Late: 1}, p.tail.Stats())
}
