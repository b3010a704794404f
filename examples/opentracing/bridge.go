// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/opentracing/opentracing-go"
	"go.opentelemetry.io/otel"
	otbridge "go.opentelemetry.io/otel/bridge/opentracing"
)

// bridgeOpenTracing sends the spans of opentracing-go to where those of the
// live Setup go. It is called after each Setup, not before.
func bridgeOpenTracing() *otbridge.BridgeTracer {
	bridge := otbridge.NewBridgeTracer()
	provider := otbridge.NewTracerProvider(bridge, otel.GetTracerProvider())
	bridge.SetOpenTelemetryTracer(provider.Tracer("opentracing"))
	otel.SetTracerProvider(provider) // opentracing.SpanFromContext finds its spans
	opentracing.SetGlobalTracer(bridge)
	return bridge
}
