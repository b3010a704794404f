// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/zipkin"
)

// shortIDs makes ids that fit into tomograph's: it knows 53 bits of a trace.
type shortIDs struct{}

func (shortIDs) NewIDs(ctx context.Context) (traceID trace.TraceID, spanID trace.SpanID) {
	binary.BigEndian.PutUint64(traceID[8:], rand.Uint64N(1<<53-2)+1)
	return traceID, shortIDs{}.NewSpanID(ctx, traceID)
}

func (shortIDs) NewSpanID(context.Context, trace.TraceID) (spanID trace.SpanID) {
	binary.BigEndian.PutUint64(spanID[:], rand.Uint64()|1)
	return spanID
}

// TestFiveGenerationsAreOneTrace: each hop speaks to the next in another
// format, and none of the peers knows more than its own.
func TestFiveGenerationsAreOneTrace(t *testing.T) {
	base := startZipkin(t)
	first := startService(t, "first", base, "tracecontext,b3multi,correlationid")
	second := startAiozipkin(t, "second", base)
	third := startService(t, "third", base, "b3,xtraceinfo,correlationid", "WAYMARK_HMAC_KEYS=between-us")
	fourth := startOsprofiler(t, osprofiler, "fourth", base, "between-us")
	fifth := startTomograph(t, "fifth", base)

	// OpenTelemetry's own client, with its own propagator.
	exporter, err := zipkin.New(base + "/api/v2/spans")
	require.NoError(t, err)
	tp := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter), sdktrace.WithIDGenerator(shortIDs{}),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "client"))))
	defer func() { _ = tp.Shutdown(context.Background()) }()
	client := &http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport,
		otelhttp.WithTracerProvider(tp), otelhttp.WithPropagators(propagation.TraceContext{}))}

	// fourth is told to speak tomograph's format by the query of its URL.
	speaks := *fourth
	speaks.url += "?as=tomograph&via=" + escaped(fifth.url)
	const id = "order-17/retry=2"
	echoed, a := request(t, client, via("", first, second, third, &speaks), map[string]string{"X-Correlation-ID": id})

	assert.Equal(t, id, echoed.Get("X-Correlation-ID"))
	assert.Contains(t, a.at(t, "first").Headers, "Traceparent")
	assert.Contains(t, a.at(t, "second").Headers, "X-B3-Traceid")
	assert.NotContains(t, a.at(t, "third").Headers, "Traceparent")
	assert.Contains(t, a.at(t, "third").Headers, "X-B3-Traceid")
	assert.Contains(t, a.at(t, "fourth").Headers, "X-Trace-Hmac")
	assert.Contains(t, a.at(t, "fifth").Headers, "X-Trace-Info")
	assert.NotContains(t, a.at(t, "fifth").Headers, "X-Trace-Hmac")

	traceID := a.at(t, "fifth").TraceID
	require.Len(t, traceID, 16)
	assert.Equal(t, `client client http get
  first server get /hop
    first client get
      second server get /hop, shared
        second client client get /hop
          third server get /hop
            third client get
              fourth server wsgi
                fourth client call
                  fifth server handle
`, drawn(readBack(t, base, traceID, 10)))

	for _, h := range []*hop{first, second, third, fourth, fifth} {
		logs(t, h, "handling", "correlation_id", id)
		if h == first || h == third {
			logs(t, h, "request", "correlation_id", id)
		}
		for _, line := range h.lines() {
			if line["msg"] != "telemetry started" {
				assert.Equal(t, id, line["correlation_id"], "%s: %v", h.name, line)
				assert.Contains(t, line["trace_id"], traceID, "%s: %v", h.name, line)
			}
		}
	}
}
