// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/propagators"
)

func TestEnviron(t *testing.T) {
	env := propagators.Environ{"PATH=/bin", "TRACEPARENT=old", "X_B3_TRACEID=1=2", "TRACEPARENT=older", "EMPTY=", "traceparent=not this one"}
	before := append(propagators.Environ{}, env...)
	e := env
	assert.Equal(t, "older", e.Get("traceparent"), "the last one, as exec.Cmd reads it")
	assert.Equal(t, "1=2", e.Get("x-b3-traceid"))
	assert.Empty(t, e.Get("empty"))
	assert.Empty(t, e.Get("absent"))
	assert.Equal(t, []string{"PATH", "TRACEPARENT", "X_B3_TRACEID", "TRACEPARENT", "EMPTY", "traceparent"}, e.Keys())

	e.Set("Traceparent", "new")
	assert.Equal(t, propagators.Environ{"PATH=/bin", "X_B3_TRACEID=1=2", "EMPTY=", "traceparent=not this one", "TRACEPARENT=new"}, e)
	assert.Equal(t, before, env, "the slice it came from is not touched")

	var none propagators.Environ
	assert.Empty(t, none.Get("b3"))
	none.Set("b3", "0")
	assert.Equal(t, propagators.Environ{"B3=0"}, none)
}

func TestEveryFormatSurvivesTheEnvironment(t *testing.T) {
	p := propagators.First(propagators.B3{Encoding: propagators.B3Both}, all(t))
	ctx := sampledContext(t)
	var env propagators.Environ
	p.Inject(ctx, &env)
	assert.Len(t, env, 8, "%v", env)
	back := p.Extract(context.Background(), &env)
	assert.Equal(t, trace.SpanContextFromContext(ctx).WithRemote(true), trace.SpanContextFromContext(back))
	assert.Equal(t, "order-7", propagators.CorrelationIDFromContext(back))
}
