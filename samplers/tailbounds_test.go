// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/codes"

	"github.com/waymark-otel/waymark/samplers"
)

func TestTailIsBoundedInEveryDirection(t *testing.T) {
	type stats = samplers.TailStats
	runTailCases(t, map[string]tailCase{
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
	})
}
