// SPDX-License-Identifier: Apache-2.0

package instrumenttest_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// t stands for the *testing.T of a test: it prints what a test would report.
var t testing.TB = exampleTB{}

type exampleTB struct{ testing.TB }

func (exampleTB) Helper()                           {}
func (exampleTB) Cleanup(func())                    {}
func (exampleTB) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (exampleTB) Fatalf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

// PlaceOrder is the code under test.
func PlaceOrder(ctx context.Context, tp trace.TracerProvider) {
	tracer := tp.Tracer("shop")
	ctx, span := tracer.Start(ctx, "place order")
	defer span.End()
	_, pay := tracer.Start(ctx, "pay", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attribute.String("currency", "EUR")))
	defer pay.End()
	pay.SetStatus(codes.Error, "card refused")
}

func ExampleNew() {
	rec := instrumenttest.New(t)
	PlaceOrder(context.Background(), rec.TracerProvider())

	fmt.Println(rec.Span("pay").Status().Description)
	rec.AssertTree(`
		place order
		  pay | client | error: card refused
	`)
	// Output: card refused
}

func ExampleRecorder_AssertTree() {
	rec := instrumenttest.New(t)
	PlaceOrder(context.Background(), rec.TracerProvider())

	rec.AssertTree(`
		place order
		  reserve stock
		  pay | client | currency=EUR
	`, instrumenttest.ShowAttributes("currency"))
	// Output:
	// instrumenttest: the span tree is not as expected (- want, + got):
	//   place order
	// -   reserve stock
	// -   pay | client | currency=EUR
	// +   pay | client | error: card refused | currency=EUR
}

func ExampleRecorder_Tree() {
	rec := instrumenttest.New(t)
	PlaceOrder(context.Background(), rec.TracerProvider())
	fmt.Println(rec.Tree())
	// Output:
	// place order
	//   pay | client | error: card refused
}

func ExampleNewCollector() {
	collector := instrumenttest.NewCollector(t,
		instrumenttest.RetryAfter(503, "1"), // the first request
		instrumenttest.Accepted())           // and every one after it
	defer collector.Close()

	const spans = `[{"traceId":"00000000000000ab","id":"0000000000000002","name":"pay","kind":"CLIENT","localEndpoint":{"serviceName":"shop"}}]`
	for range 2 {
		resp, err := http.Post(collector.URL, "application/json", strings.NewReader(spans))
		if err != nil {
			t.Fatalf("%v", err)
			return
		}
		resp.Body.Close()
		fmt.Println(resp.Status)
	}
	fmt.Println(len(collector.Requests()), "requests")
	fmt.Println(collector.Tree())
	// Output:
	// 503 Service Unavailable
	// 202 Accepted
	// 2 requests
	// shop: pay | client
}
