// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument/httpwrap"
)

// printer is a span processor that prints the spans that end, with those of
// their attributes that it is asked for.
type printer struct{ keys []attribute.Key }

func (printer) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (printer) Shutdown(context.Context) error                  { return nil }
func (printer) ForceFlush(context.Context) error                { return nil }

func (p printer) OnEnd(s sdktrace.ReadOnlySpan) {
	fmt.Print(s.SpanKind(), " ", s.Name())
	set := attribute.NewSet(s.Attributes()...)
	for _, key := range p.keys {
		if value, ok := set.Value(key); ok {
			fmt.Printf(" %s=%s", key, value.String())
		}
	}
	fmt.Println()
}

// printing gives the spans to printer. A program has instrument.Setup instead,
// and needs no option.
func printing(keys ...attribute.Key) httpwrap.Option {
	return httpwrap.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(printer{keys})))
}

func order(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprintf(w, "order %s", r.PathValue("id"))
}

func shop() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", order)
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	return mux
}

func visit(h http.Handler, target string, headers ...string) http.Header {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Header()
}

// The whole mux: each request is known by its route.
func ExampleHandler() {
	h := httpwrap.Handler(shop(), printing("http.response.status_code", "http.response.body.size"))
	visit(h, "/orders/42")
	visit(h, "/nothing/here")
	// Output:
	// server GET /orders/{id} http.response.status_code=200 http.response.body.size=8
	// server GET http.response.status_code=404 http.response.body.size=19
}

// One route alone.
func ExampleHandler_route() {
	mux := http.NewServeMux()
	mux.Handle("GET /orders/{id}", httpwrap.Handler(http.HandlerFunc(order), printing()))
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	visit(mux, "/orders/42")
	visit(mux, "/healthz")
	// Output:
	// server GET /orders/{id}
}

func ExampleTransport() {
	server := httptest.NewServer(shop())
	defer server.Close()
	client := &http.Client{Transport: httpwrap.Transport(nil, printing("http.response.status_code"))}

	res, err := client.Get(server.URL + "/orders/42")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	fmt.Println(string(body), err)
	// Output:
	// client GET http.response.status_code=200
	// order 42 <nil>
}
