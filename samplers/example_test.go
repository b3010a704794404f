// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/samplers"
)

// aRoot is a question about a root whose randomness is in the upper half.
func aRoot(name string) sdktrace.SamplingParameters {
	return sdktrace.SamplingParameters{ParentContext: context.Background(), Name: name, TraceID: trace.TraceID{1, 9: 0x90}}
}

func show(r sdktrace.SamplingResult) {
	decision := map[sdktrace.SamplingDecision]string{
		sdktrace.Drop: "drop", sdktrace.RecordOnly: "record", sdktrace.RecordAndSample: "keep",
	}[r.Decision]
	fmt.Println(strings.TrimSpace(decision + " " + r.Tracestate.String()))
}

func ExampleProbability() {
	show(samplers.Probability(0.5).ShouldSample(aRoot("GET /orders/{id}")))
	show(samplers.Probability(0.1).ShouldSample(aRoot("GET /orders/{id}")))
	// Output:
	// keep ot=th:8
	// drop
}

func ExampleHashed() {
	counter := aRoot("job")
	counter.TraceID = trace.TraceID{15: 2} // the second trace of somebody who counts
	show(samplers.Probability(0.5).ShouldSample(counter))
	show(samplers.Hashed(0.5).ShouldSample(counter))
	// Output:
	// drop
	// keep ot=th:8;rv:975835de1c9756
}

func ExampleRules() {
	s := samplers.AtMost(50, samplers.Rules(samplers.Probability(0.01),
		samplers.Rule{Name: "GET /healthz"},
		samplers.Rule{Name: "* /checkout", Sampler: samplers.Probability(1)},
	))
	show(s.ShouldSample(aRoot("GET /healthz")))
	show(s.ShouldSample(aRoot("POST /checkout")))
	show(s.ShouldSample(aRoot("GET /orders/{id}")))
	// Output:
	// drop
	// keep
	// drop
}

func ExampleRateLimited() {
	s := samplers.RateLimited(2)
	for range 3 {
		show(s.ShouldSample(aRoot("GET /orders/{id}")))
	}
	// Output:
	// keep
	// keep
	// drop
}

func ExampleAtMost() {
	fmt.Println(samplers.AtMost(50, samplers.Probability(0.01)).Description())
	// Output: AtMost{50,ProbabilitySampler{0.01}}
}

func ExampleParentBased() {
	s := samplers.ParentBased(samplers.Probability(0))
	caller := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	})
	called := aRoot("GET /orders/{id}")
	called.TraceID = caller.TraceID()
	called.ParentContext = trace.ContextWithRemoteSpanContext(context.Background(), caller)
	show(s.ShouldSample(called))
	show(s.ShouldSample(aRoot("GET /orders/{id}")))
	// Output:
	// keep
	// drop
}

func ExampleAlwaysRecord() {
	show(samplers.AlwaysRecord(samplers.Probability(0)).ShouldSample(aRoot("GET /orders/{id}")))
	// Output: record
}

func ExampleForced() {
	fmt.Println(samplers.Forced(samplers.Probability(0.001)).Description())
	// Output: Forced{100,ProbabilitySampler{0.001}}
}

func ExampleForcedAtMost() {
	s := samplers.ForcedAtMost(5, samplers.Probability(0.001))
	s.ShouldSample(aRoot("GET /orders/{id}")) // nobody asked for anything
	fmt.Printf("%+v\n", s.Stats())
	// Output: {Forced:0 Denied:0 Capped:0}
}

func ExampleAdjustable() {
	s := samplers.Adjustable(0.001)
	mux := http.NewServeMux()
	mux.Handle("/sampling", s) // on a port that only operators get to

	put := httptest.NewRequest(http.MethodPut, "/sampling", strings.NewReader("0.25"))
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, put)
	fmt.Print(answer.Code, " ", answer.Body)

	put = httptest.NewRequest(http.MethodPut, "/sampling", strings.NewReader("25%"))
	answer = httptest.NewRecorder()
	mux.ServeHTTP(answer, put)
	fmt.Print(answer.Code, " ", answer.Body)
	fmt.Println(s.Ratio())
	// Output:
	// 200 0.25
	// 400 samplers: ratio "25%" is not a number; write 0.25
	// 0.25
}

func ExampleParse() {
	s, err := samplers.Parse("parentbased_traceidratio", "10%")
	fmt.Println(err)
	fmt.Println(s.Description()[:39])
	_, err = samplers.Parse("traceidratoi", "0.1")
	fmt.Println(err)
	// Output:
	// samplers: ratio "10%" is not a number; write 0.1
	// ParentBased{root:ProbabilitySampler{0},
	// samplers: sampler "traceidratoi" is unknown; the nearest is traceidratio
}

func ExampleKeepErrors() {
	exported := tracetest.NewInMemoryExporter()
	keep := samplers.KeepErrors(sdktrace.NewSimpleSpanProcessor(exported))
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithSampler(samplers.AlwaysRecord(samplers.ParentBased(samplers.Probability(0)))), // nothing, at the head
		sdktrace.WithSpanProcessor(keep),
	)
	tracer := provider.Tracer("shop")
	for _, order := range []string{"fine", "broken"} {
		ctx, root := tracer.Start(context.Background(), "order "+order)
		_, query := tracer.Start(ctx, "query")
		if order == "broken" {
			query.SetStatus(codes.Error, "no such table")
		}
		query.End()
		root.End()
	}
	for _, s := range exported.GetSpans() {
		fmt.Println(s.Name, s.Attributes[0].Value.AsString())
	}
	stats := keep.(*samplers.Tail).Stats()
	fmt.Println(stats.Ended, "ended,", stats.Kept, "kept,", stats.Discarded(), "discarded")
	// Output:
	// query error
	// order broken error
	// 4 ended, 2 kept, 2 discarded
}
