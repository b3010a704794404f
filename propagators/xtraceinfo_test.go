// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
	"github.com/waymark-otel/waymark/propagators"
)

type marker struct{}

// background is a context that no other is identical to.
func background(t *testing.T) context.Context {
	return context.WithValue(t.Context(), marker{}, t.Name())
}

func TestXTraceInfoVectors(t *testing.T) {
	for _, v := range xtraceVectors(t) {
		for kind, carrier := range carriers {
			t.Run(v.Name+"/"+kind, func(t *testing.T) {
				x, err := propagators.NewXTraceInfo(propagators.XTraceInfoConfig{HMACKeys: v.Keys, AllowUnsigned: v.Allow})
				if len(v.Keys) == 1 && v.Keys[0] == "" {
					require.Error(t, err, "an empty key must not be usable")
					return
				}
				require.NoError(t, err)
				ctx := background(t)
				got := x.Extract(ctx, carrier(v.Headers))
				if !v.Accepted {
					assert.True(t, got == ctx, "a rejected header leaves the context the identical value")
					return
				}
				sc := trace.SpanContextFromContext(got)
				assert.Equal(t, v.TraceID, sc.TraceID().String())
				assert.Equal(t, v.SpanID, sc.SpanID().String())
				assert.True(t, sc.IsRemote())
				assert.True(t, sc.IsSampled())
				assert.Equal(t, intent.Accept, intent.FromContext(got).For(sc.TraceID()))
			})
		}
	}
}
