// SPDX-License-Identifier: Apache-2.0

package benchmarks

import (
	"context"
	"net/http"
	"testing"

	zipkinmodel "github.com/openzipkin/zipkin-go/model"
	zipkinb3 "github.com/openzipkin/zipkin-go/propagation/b3"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/contrib/propagators/jaeger"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/propagators"
)

// go test -run '^$' -bench Propagator -benchtime 0.3s -count 3 .

const (
	benchTraceID = "4e3e0ec6293840b1850409eb1d4b0dee"
	benchSpanID  = "8c00f6daa2bc32f1"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var (
	ourFour = propagators.First(propagators.TraceContext{}, propagators.Baggage{}, propagators.B3{}, propagators.CorrelationID{})
	ourFive = propagators.First(propagators.TraceContext{}, propagators.Baggage{}, propagators.B3{},
		must(propagators.NewXTraceInfo(propagators.XTraceInfoConfig{HMACKeys: []string{"benchmark"}})), propagators.CorrelationID{})
	signed    = must(propagators.NewXTraceInfo(propagators.XTraceInfoConfig{HMACKeys: []string{"secret1", "secret2", "secret3"}}))
	unsigned  = must(propagators.NewXTraceInfo(propagators.XTraceInfoConfig{AllowUnsigned: true, Inject: propagators.XTraceInfoTomograph}))
	otherFour = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}, b3.New(), jaeger.Jaeger{})
	contrib   = b3.New()
	contribMu = b3.New(b3.WithInjectEncoding(b3.B3MultipleHeader))
)

func benchContext() context.Context {
	sc := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID:    must(trace.TraceIDFromHex(benchTraceID)),
		SpanID:     must(trace.SpanIDFromHex(benchSpanID)),
		TraceFlags: trace.FlagsSampled,
	})
	return propagators.ContextWithCorrelationID(trace.ContextWithSpanContext(context.Background(), sc), "order-7")
}

func BenchmarkPropagatorInject(b *testing.B) {
	for _, bc := range []struct {
		name string
		p    propagation.TextMapPropagator
	}{
		{"tracecontext/ours", propagators.TraceContext{}},
		{"tracecontext/otel", propagation.TraceContext{}},
		{"b3single/ours", propagators.B3{}},
		{"b3single/contrib", contrib},
		{"b3multi/ours", propagators.B3{Encoding: propagators.B3Multi}},
		{"b3multi/contrib", contribMu},
		{"four/ours", ourFour},
		{"four/contrib", otherFour},
		{"five/ours", ourFive},
		{"xtraceinfo-signed/ours", signed},
		{"xtraceinfo-tomograph/ours", unsigned},
	} {
		b.Run(bc.name, func(b *testing.B) {
			ctx, carrier := benchContext(), propagation.HeaderCarrier{}
			b.ReportAllocs()
			for b.Loop() {
				bc.p.Inject(ctx, carrier)
			}
		})
	}
	var (
		spanID  = zipkinmodel.ID(0x8c00f6daa2bc32f1)
		sampled = true
		sc      = zipkinmodel.SpanContext{TraceID: zipkinmodel.TraceID{High: 0x4e3e0ec6293840b1, Low: 0x850409eb1d4b0dee}, ID: spanID, Sampled: &sampled}
	)
	for name, option := range map[string]zipkinb3.InjectOption{"b3single/zipkin-go": zipkinb3.WithSingleHeaderOnly(), "b3multi/zipkin-go": nil} {
		b.Run(name, func(b *testing.B) {
			r := &http.Request{Header: http.Header{}}
			var options []zipkinb3.InjectOption
			if option != nil {
				options = append(options, option)
			}
			b.ReportAllocs()
			for b.Loop() {
				_ = zipkinb3.InjectHTTP(r, options...)(sc)
			}
		})
	}
}

// requestHeaders is what a small client sends, and what is under test.
func requestHeaders(headers ...string) propagation.HeaderCarrier {
	h := http.Header{"Accept": {"*/*"}, "Accept-Encoding": {"gzip"}, "User-Agent": {"test"}, "Content-Type": {"text/plain"}}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return propagation.HeaderCarrier(h)
}

const benchTraceparent = "00-" + benchTraceID + "-" + benchSpanID + "-01"

var (
	lone   = requestHeaders("Traceparent", benchTraceparent)
	single = requestHeaders("B3", benchTraceID+"-"+benchSpanID+"-1")
	multi  = requestHeaders("X-B3-TraceId", benchTraceID, "X-B3-SpanId", benchSpanID, "X-B3-Sampled", "1")
)

func BenchmarkPropagatorExtractHit(b *testing.B) {
	osprofiler := requestHeaders(
		"X-Trace-Info", "eyJiYXNlX2lkIjogIjRlM2UwZWM2LTI5MzgtNDBiMS04NTA0LTA5ZWIxZDRiMGRlZSIsICJwYXJlbnRfaWQiOiAiMWMwODllYTgtMjhmZS00ZjNkLThjMDAtZjZkYWEyYmMzMmYxIn0=",
		"X-Trace-HMAC", "1cae8da9695a6ffbc9dc0691f623ab948250b9e8")
	tomograph := requestHeaders("X-Trace-Info", "KEk2MDA0Nzk5NTAzMTYwNjYxCkkxMjM0NTY3ODkwMTIzNDU2CnRwMAou")
	benchExtract(b, []extractCase{
		{"tracecontext/ours", propagators.TraceContext{}, lone},
		{"tracecontext/otel", propagation.TraceContext{}, lone},
		{"b3single/ours", propagators.B3{}, single},
		{"b3single/contrib", contrib, single},
		{"b3multi/ours", propagators.B3{}, multi},
		{"b3multi/contrib", contrib, multi},
		{"four-lone-traceparent/ours", ourFour, lone},
		{"four-lone-traceparent/contrib", otherFour, lone},
		{"xtraceinfo-signed-3-keys/ours", signed, osprofiler},
		{"xtraceinfo-tomograph/ours", unsigned, tomograph},
	})
	for name, h := range map[string]propagation.HeaderCarrier{"b3single/zipkin-go": single, "b3multi/zipkin-go": multi} {
		b.Run(name, func(b *testing.B) { benchZipkinExtract(b, h) })
	}
}

func BenchmarkPropagatorExtractMiss(b *testing.B) {
	none := requestHeaders()
	benchExtract(b, []extractCase{
		{"tracecontext/ours", propagators.TraceContext{}, none},
		{"tracecontext/otel", propagation.TraceContext{}, none},
		{"b3/ours", propagators.B3{}, none},
		{"b3/contrib", contrib, none},
		{"four/ours", ourFour, none},
		{"five/ours", ourFive, none},
		{"four/contrib", otherFour, none},
	})
	b.Run("b3/zipkin-go", func(b *testing.B) { benchZipkinExtract(b, none) })
}

type extractCase struct {
	name    string
	p       propagation.TextMapPropagator
	carrier propagation.TextMapCarrier
}

func benchExtract(b *testing.B, cases []extractCase) {
	for _, bc := range cases {
		b.Run(bc.name, func(b *testing.B) {
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				bc.p.Extract(ctx, bc.carrier)
			}
		})
	}
}

func benchZipkinExtract(b *testing.B, h propagation.HeaderCarrier) {
	r := &http.Request{Header: http.Header(h)}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = zipkinb3.ExtractHTTP(r)()
	}
}
