// SPDX-License-Identifier: Apache-2.0

package spanmetrics_test

import (
	"context"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/spanmetrics"
	"github.com/waymark-otel/waymark/samplers"
)

// example runs one span with one event through a processor.
func example(opts ...spanmetrics.Option) {
	c := metrics.New(os.Stdout)
	tp := sdktrace.NewTracerProvider(
		sdktrace.WithSampler(samplers.AlwaysRecord(samplers.Probability(0.001))),
		sdktrace.WithSpanProcessor(spanmetrics.NewProcessor(c, opts...)),
	)
	begin := time.Now()
	_, span := tp.Tracer("shop").Start(context.Background(), "checkout", trace.WithTimestamp(begin),
		trace.WithAttributes(attribute.String("region", "eu"), attribute.String("user.id", "4711")))
	span.AddEvent("card charged")
	span.End(trace.WithTimestamp(begin.Add(12500 * time.Microsecond)))
	_ = c.Close()
}

func ExampleNewProcessor() {
	example()
	// Output:
	// checkout:12.5|ms
	// checkout.card_charged:1|c
}

func ExampleWithAttributes() {
	example(spanmetrics.WithAttributes("region"))
	// Output:
	// checkout:12.5|ms|#region:eu
	// checkout.card_charged:1|c|#region:eu
}

func ExampleWithTomographNames() {
	example(spanmetrics.WithTomographNames("shop", "10.0.0.7", 8080))
	// Output:
	// shop-10-0-0-7-8080.checkout:12.5|ms
	// shop-10-0-0-7-8080.checkout.card-charged:1|c
}
