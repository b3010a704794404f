// SPDX-License-Identifier: Apache-2.0

package zipkin_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument/zipkin"
)

// collector stands for a Zipkin server.
func collector(status int) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
}

func ExampleNew() {
	server := collector(http.StatusAccepted)
	defer server.Close()

	exporter, err := zipkin.New(server.URL+"/api/v2/spans", zipkin.WithTimeout(5*time.Second))
	if err != nil {
		fmt.Println(err)
		return
	}
	tp := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "shop"))))
	_, span := tp.Tracer("example").Start(context.Background(), "place order")
	span.End()
	if err := tp.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}

	stats := exporter.Stats()
	fmt.Println(stats.Taken, "taken,", stats.Sent, "sent, dropped:", stats.Dropped)
	// Output: 1 taken, 1 sent, dropped: none
}

func ExampleNew_error() {
	_, err := zipkin.New("zipkin.example:9411")
	fmt.Println(err)
	_, err = zipkin.New("http://user:password@:9411/api/v2/spans")
	fmt.Println(err)
	// Output:
	// zipkin: URL "zipkin.example:9411" has a scheme other than http, https and unix
	// zipkin: URL "http://REDACTED@:9411/api/v2/spans" has no host
}

func ExampleExporter_Probe() {
	server := collector(http.StatusUnauthorized)
	defer server.Close()
	exporter, err := zipkin.New(server.URL, zipkin.WithHeaders(map[string]string{"Authorization": "Bearer key"}))
	if err != nil {
		fmt.Println(err)
		return
	}
	err = exporter.Probe(context.Background())
	fmt.Println(strings.ReplaceAll(err.Error(), server.URL, "http://127.0.0.1:9411"))
	// Output: zipkin: POST "http://127.0.0.1:9411": 401 Unauthorized
}

func ExampleExporter_Endpoint() {
	exporter, err := zipkin.New("https://user:password@zipkin.example/api/v2/spans?api_key=123")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(exporter.Endpoint())
	// Output: https://REDACTED@zipkin.example/api/v2/spans?api_key=REDACTED
}

func ExampleExporter_Stats() {
	server := collector(http.StatusBadRequest)
	defer server.Close()
	exporter, err := zipkin.New(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	tp := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))
	_, span := tp.Tracer("example").Start(context.Background(), "work")
	span.End() // the error handler is told

	stats := exporter.Stats()
	fmt.Println(stats.Dropped, stats.Dropped.Total())
	// Output: 1 rejected 1
}

func ExampleExporter_Shutdown() {
	exporter, err := zipkin.New("")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(exporter.Shutdown(context.Background()))
	err = exporter.ExportSpans(context.Background(), nil)
	fmt.Println(errors.Is(err, zipkin.ErrShutdown))
	// Output:
	// <nil>
	// true
}
