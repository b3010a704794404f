// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
	"github.com/waymark-otel/waymark/propagators"
)

var decisions = map[string]intent.Decision{
	"none": intent.None, "defer": intent.Defer, "deny": intent.Deny, "accept": intent.Accept, "debug": intent.Debug,
}

func TestB3Vectors(t *testing.T) {
	for _, v := range b3Vectors(t) {
		for kind, carrier := range carriers {
			t.Run(v.Name+"/"+kind, func(t *testing.T) {
				ctx := background(t)
				got := propagators.B3{}.Extract(ctx, carrier(v.Headers))
				if v.Expect.Unchanged {
					assert.True(t, got == ctx, "a rejected header leaves the context the identical value")
					return
				}
				want, known := decisions[v.Expect.Sampling]
				assert.True(t, known)
				sc := trace.SpanContextFromContext(got)
				asked := intent.FromContext(got)
				if !v.Expect.IDs {
					assert.False(t, sc.IsValid())
					assert.Equal(t, want, asked.Unbound())
					return
				}
				assert.Equal(t, v.Expect.TraceID, sc.TraceID().String())
				assert.Equal(t, v.Expect.SpanID, sc.SpanID().String())
				assert.Equal(t, want, asked.For(sc.TraceID()))
				assert.Equal(t, want == intent.Accept || want == intent.Debug, sc.IsSampled())
				assert.True(t, sc.IsRemote())
			})
		}
	}
}
