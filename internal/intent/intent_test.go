// SPDX-License-Identifier: Apache-2.0

package intent_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
)

func id(b byte) trace.TraceID { return trace.TraceID{15: b} }

func TestIntentWithIDsHoldsForItsTraceOnly(t *testing.T) {
	ctx := intent.ContextWith(context.Background(), intent.Debug, id(1))
	i := intent.FromContext(ctx)
	assert.Equal(t, intent.Debug, i.For(id(1)))
	assert.Equal(t, intent.Debug, i.Claim(id(1)))
	assert.Equal(t, intent.None, i.For(id(2)))
	assert.Equal(t, intent.None, i.Claim(id(2)))
	assert.Equal(t, intent.None, i.Unbound())
}

func TestUnboundIntentIsClaimedByTheFirstRootAlone(t *testing.T) {
	ctx := intent.ContextWith(context.Background(), intent.Accept, trace.TraceID{})
	i := intent.FromContext(ctx)
	assert.Equal(t, intent.Accept, i.Unbound())
	assert.Equal(t, intent.None, i.For(id(1)), "nobody has claimed it yet")
	assert.Equal(t, intent.Accept, i.Claim(id(1)))
	assert.Equal(t, intent.None, i.Claim(id(2)))
	assert.Equal(t, intent.Accept, i.For(id(1)), "its children see it")
	assert.Equal(t, intent.None, i.Unbound())
}

func TestClaimHasOneWinnerAmongManyRoots(t *testing.T) {
	i := intent.FromContext(intent.ContextWith(context.Background(), intent.Deny, trace.TraceID{}))
	var winners atomic.Int32
	var wg sync.WaitGroup
	for n := range 64 {
		wg.Go(func() {
			if i.Claim(id(byte(n+1))) == intent.Deny {
				winners.Add(1)
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1, winners.Load())
}

func TestNoneRemovesAndNilAsksNothing(t *testing.T) {
	bare := context.Background()
	assert.True(t, intent.ContextWith(bare, intent.None, id(1)) == bare, "nothing to remove, same context")
	ctx := intent.ContextWith(bare, intent.Debug, id(1))
	ctx = intent.ContextWith(ctx, intent.None, id(1))
	i := intent.FromContext(ctx)
	assert.Nil(t, i)
	assert.Equal(t, intent.None, i.For(id(1)))
	assert.Equal(t, intent.None, i.Claim(id(1)))
	assert.Equal(t, intent.None, i.Unbound())
}

func TestClaimOfABoundIntentDoesNotAllocate(t *testing.T) {
	i := intent.FromContext(intent.ContextWith(context.Background(), intent.Debug, id(1)))
	assert.Zero(t, testing.AllocsPerRun(100, func() { i.Claim(id(2)) }))
}

func TestContextWithIsOneAllocation(t *testing.T) {
	bare := context.Background()
	var out context.Context
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() { out = intent.ContextWith(bare, intent.Accept, id(1)) }), 1.0)
	assert.Equal(t, intent.Accept, intent.FromContext(out).For(id(1)))
}

type other struct{}

func TestContextWithKeepsTheOtherValuesAndTheCancellation(t *testing.T) {
	parent, cancel := context.WithCancel(context.WithValue(context.Background(), other{}, "kept"))
	ctx := intent.ContextWith(parent, intent.Debug, id(1))
	child, stop := context.WithCancel(ctx)
	defer stop()
	assert.Equal(t, "kept", child.Value(other{}))
	assert.Equal(t, intent.Debug, intent.FromContext(child).For(id(1)))
	cancel()
	<-child.Done()
	assert.ErrorIs(t, child.Err(), context.Canceled)
}

func TestADecisionForTheNextRootHidesNothingOfTheTraceThatCame(t *testing.T) {
	ctx := intent.ContextWith(context.Background(), intent.Defer, id(1))
	i := intent.FromContext(intent.ContextWith(ctx, intent.Accept, trace.TraceID{}))
	assert.Equal(t, intent.Defer, i.For(id(1)))
	assert.Equal(t, intent.Accept, i.Claim(id(2)))
	assert.Equal(t, intent.Accept, i.For(id(2)))
	assert.Equal(t, intent.Defer, i.For(id(1)), "also once it is claimed")
}
