// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/samplers"
)

func TestTailKeepsLocalTracesThatFailedOrWereSlow(t *testing.T) {
	type stats = samplers.TailStats
	runTailCases(t, map[string]tailCase{
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
	})
}

// Traces are told apart, however many are under way.
func TestThousandOpenTracesAreKeptOrDiscardedEachByItself(t *testing.T) {
	p := newPipeline(t, samplers.WithKeptPerSecond(1e6))
	const traces = 1000
	var contexts []context.Context
	var roots []trace.Span
	for range traces {
		ctx, root := p.root("root")
		contexts, roots = append(contexts, ctx), append(roots, root)
	}
	var want []string
	for n, ctx := range contexts {
		if n%3 == 0 {
			p.failing(ctx, fmt.Sprint("a", n))
			want = append(want, fmt.Sprintf("a%d: error", n), "root: error")
		} else {
			p.span(ctx, fmt.Sprint("a", n))
		}
	}
	for _, root := range roots {
		root.End()
	}
	assert.Equal(t, want, p.names())
	requireBalanced(t, p.tail.Stats())
}

func TestSpanUnderAnotherProvidersSpanIsALocalRoot(t *testing.T) {
	p := newPipeline(t)
	other := sdktrace.NewTracerProvider(sdktrace.WithSampler(samplers.AlwaysRecord(nil)))
	ctx, outer := other.Tracer("other").Start(context.Background(), "outer")
	p.failing(ctx, "ours")
	outer.End()
	assert.Equal(t, []string{"ours: error"}, p.names())
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
