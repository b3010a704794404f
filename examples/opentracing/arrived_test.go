// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/opentracing/opentracing-go"
	"github.com/stretchr/testify/require"
	otbridge "go.opentelemetry.io/otel/bridge/opentracing"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// setup installs a Telemetry, with the bridge, that sends to a collector of
// the test's own. Arrived shuts it down and returns what has been delivered.
func setup(t *testing.T, opts ...instrument.Option) (bridge *otbridge.BridgeTracer, arrived func() []instrumenttest.ZipkinSpan) {
	t.Helper()
	c := instrumenttest.NewCollector(t)
	opts = append([]instrument.Option{
		instrument.WithoutEnvironment(),
		instrument.WithZipkin(c.URL),
		instrument.WithLogger(slog.New(slog.DiscardHandler)),
	}, opts...)
	shutdown, err := instrument.Setup(context.Background(), opts...)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = shutdown(context.Background())
		opentracing.SetGlobalTracer(opentracing.NoopTracer{})
	})
	return bridgeOpenTracing(), func() []instrumenttest.ZipkinSpan {
		t.Helper()
		require.NoError(t, shutdown(context.Background()))
		return c.Spans()
	}
}

// one returns the one span of that name and kind; Zipkin's names have no case.
func one(t *testing.T, spans []instrumenttest.ZipkinSpan, kind, name string) instrumenttest.ZipkinSpan {
	t.Helper()
	var found []instrumenttest.ZipkinSpan
	for _, s := range spans {
		if s.Kind == kind && strings.EqualFold(s.Name, name) {
			found = append(found, s)
		}
	}
	require.Len(t, found, 1, "%s %q among %v", kind, name, spans)
	return found[0]
}

// requireChain asserts that each span is the child of the one before it, the
// first a root, and that nothing else has arrived.
func requireChain(t *testing.T, arrived []instrumenttest.ZipkinSpan, chain ...instrumenttest.ZipkinSpan) {
	t.Helper()
	require.Len(t, arrived, len(chain), "%v", arrived)
	require.Empty(t, chain[0].ParentID, "%s is a root", chain[0].Name)
	for i, s := range chain[1:] {
		requireChild(t, chain[i], s)
	}
}

func requireChild(t *testing.T, parent, child instrumenttest.ZipkinSpan) {
	t.Helper()
	require.Equal(t, [2]string{parent.TraceID, parent.ID}, [2]string{child.TraceID, child.ParentID}, "%s below %s", child.Name, parent.Name)
}
