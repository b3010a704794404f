// SPDX-License-Identifier: Apache-2.0

package otlp_test

import (
	"context"
	"fmt"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/otlp"
)

// Spans, metrics and logs go to the Collector on this host, or to where
// OTEL_EXPORTER_OTLP_ENDPOINT says.
func ExampleHTTP() {
	tel, err := instrument.New(context.Background(),
		instrument.WithService("shop", "1.0.0"),
		instrument.WithExporters(otlp.HTTP),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = tel.Shutdown(context.Background()) }()
	for _, e := range tel.Report().Exporters {
		fmt.Println(e.Signal, e.Endpoint)
	}
	// Output:
	// traces http://localhost:4318/v1/traces
	// metrics http://localhost:4318/v1/metrics
	// logs http://localhost:4318/v1/logs
}

func ExampleGRPC() {
	tel, err := instrument.New(context.Background(), instrument.WithExporters(otlp.GRPC), instrument.WithoutDefaultExporter())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = tel.Shutdown(context.Background()) }()
	fmt.Println(tel.Report().Exporters[0].Endpoint)
	// Output: http://localhost:4317
}

// OTEL_TRACES_EXPORTER=otlp and its siblings decide.
func ExampleFromEnvironment() {
	tel, err := instrument.New(context.Background(), instrument.WithNamedExporter("otlp", otlp.FromEnvironment))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = tel.Shutdown(context.Background()) }()
	fmt.Println(tel.Report().Exporters[0].Name)
	// Output: zipkin
}

// While a team moves from Zipkin to OTLP, spans go to both.
func ExampleTraces() {
	tel, err := instrument.New(context.Background(),
		instrument.WithZipkin("http://127.0.0.1:9411/api/v2/spans"),
		instrument.WithExporters(otlp.Traces(otlp.HTTP)),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = tel.Shutdown(context.Background()) }()
	for _, e := range tel.Report().Exporters {
		fmt.Println(e.Signal, e.Endpoint)
	}
	// Output:
	// traces http://127.0.0.1:9411/api/v2/spans
	// traces http://localhost:4318/v1/traces
}
