// SPDX-License-Identifier: Apache-2.0

package instrument_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/propagators"
)

// printer prints each span as it ends.
type printer struct{}

func (printer) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (printer) ForceFlush(context.Context) error                { return nil }
func (printer) Shutdown(context.Context) error                  { return nil }
func (printer) OnEnd(s sdktrace.ReadOnlySpan) {
	fmt.Println("span:", s.Name(), s.Status().Code)
	for _, e := range s.Events() {
		fmt.Println("event:", e.Name)
	}
	for _, a := range s.Attributes() {
		fmt.Println("attribute:", a.Key, a.Value.String())
	}
}

// printed is a Setup whose spans are printed instead of exported.
func printed(opts ...instrument.Option) (shutdown func(context.Context) error) {
	shutdown, err := instrument.Setup(context.Background(),
		append(opts, instrument.WithoutDefaultExporter(), instrument.WithSpanProcessor(printer{}))...)
	if err != nil {
		fmt.Println(err)
	}
	return shutdown
}

// A program sets telemetry up first and ends it last.
func ExampleSetup() {
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if len(body) > len("[]") { // an empty list only asks whether somebody is there
			fmt.Println("the collector got spans on", r.URL.Path)
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	defer collector.Close()

	ctx := context.Background()
	shutdown, err := instrument.Setup(ctx,
		instrument.WithService("shop", "1.2.3"),
		instrument.WithSampleRatio(1),
		instrument.WithZipkin(collector.URL+"/api/v2/spans"),
		instrument.WithPropagators(propagators.TraceContext{}, propagators.B3{}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, span := otel.Tracer("shop").Start(ctx, "order") // plain OpenTelemetry from here on
	span.End()
	fmt.Println(shutdown(context.Background()))
	// Output:
	// the collector got spans on /api/v2/spans
	// <nil>
}

// New installs nothing: here, one event of a runtime that freezes the process
// after it.
func ExampleNew() {
	ctx := context.Background()
	t, err := instrument.New(ctx, instrument.WithoutDefaultExporter(), instrument.WithSpanProcessor(printer{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, span := t.TracerProvider().Tracer("function").Start(ctx, "event")
	span.End()
	fmt.Println(t.ForceFlush(ctx))
	// Output:
	// span: event Unset
	// <nil>
}

func ExampleDo() {
	defer printed()(context.Background())
	err := instrument.Do(context.Background(), "price order", func(ctx context.Context) error {
		return errors.New("no price")
	}, trace.WithSpanKind(trace.SpanKindInternal))
	fmt.Println(err)
	// Output:
	// span: price order Error
	// event: exception
	// attribute: error.type *errors.errorString
	// no price
}

func ExampleCall() {
	defer printed()(context.Background())
	price, err := instrument.Call(context.Background(), "price", func(context.Context) (int, error) { return 42, nil })
	fmt.Println(price, err)
	// Output:
	// span: price Unset
	// 42 <nil>
}

func ExampleGo() {
	defer printed()(context.Background())
	request, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Add(1)
	instrument.Go(request, "send receipt", func(ctx context.Context) {
		cancel() // the request is over; the goroutine goes on
		fmt.Println(ctx.Err())
		context.AfterFunc(request, wg.Done)
	})
	wg.Wait()
	instrument.Installed().ForceFlush(context.Background())
	// Unordered output:
	// <nil>
	// span: send receipt Unset
}

func ExampleAddEvent() {
	defer printed()(context.Background())
	_ = instrument.Do(context.Background(), "look up", func(ctx context.Context) error {
		instrument.AddEvent(ctx, "cache miss")
		instrument.SetAttributes(ctx, attribute.Int("items", 3))
		return nil
	})
	// Output:
	// span: look up Unset
	// event: cache miss
	// attribute: items 3
}

// A request somebody wants to see is traced even at a ratio of nothing.
func ExampleSampled() {
	defer printed(instrument.WithSampleRatio(0))(context.Background())
	work := func(context.Context) error { return nil }
	_ = instrument.Do(context.Background(), "as the ratio says", work)
	_ = instrument.Do(instrument.Sampled(context.Background()), "asked for", work)
	// Output: span: asked for Unset
}

func ExampleUnsampled() {
	defer printed()(context.Background())
	work := func(context.Context) error { return nil }
	_ = instrument.Do(instrument.Unsampled(context.Background()), "poll", work)
	_ = instrument.Do(context.Background(), "order", work)
	// Output: span: order Unset
}

func ExampleInstalled() {
	defer printed(instrument.WithService("shop", "1.2.3"))(context.Background())
	report := instrument.Installed().Report()
	fmt.Println(report.Service, report.Version, report.Propagators)
	// Output: shop 1.2.3 [traceparent tracestate baggage b3 x-correlation-id]
}

func ExampleStatsHandler() {
	w := httptest.NewRecorder()
	instrument.StatsHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/debug/telemetry", nil))
	fmt.Println(w.Code, "before Setup")
	defer printed()(context.Background())
	w = httptest.NewRecorder()
	instrument.StatsHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/debug/telemetry", nil))
	fmt.Println(w.Code, "after")
	// Output:
	// 503 before Setup
	// 200 after
}
