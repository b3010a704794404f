// SPDX-License-Identifier: Apache-2.0

package otlp_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/otlp"
	"github.com/waymark-otel/waymark/instrument/zipkin"
)

// BenchmarkSpanOnTheWire measures how many bytes a span takes in a batch of
// 512: what docs/scale.md calculates with.
//
//	go test -run '^$' -bench SpanOnTheWire -benchtime 20x ./instrument/otlp
func BenchmarkSpanOnTheWire(b *testing.B) {
	for name, compression := range map[string]string{"OTLP": "none", "OTLP gzip": "gzip", "Zipkin": "none", "Zipkin gzip": "gzip"} {
		b.Run(name, func(b *testing.B) {
			var bytes, requests atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				n, _ := io.Copy(io.Discard, r.Body)
				if n > 1000 { // not a probe
					bytes.Add(n)
					requests.Add(1)
				}
			}))
			defer server.Close()
			b.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
			b.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", compression)
			b.Setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
			option := instrument.WithExporters(otlp.Traces(otlp.HTTP))
			if name[0] == 'Z' {
				var opts []zipkin.Option
				if compression == "none" {
					opts = append(opts, zipkin.WithGzipAbove(-1))
				}
				option = instrument.WithZipkin(server.URL, opts...)
			}
			tel, err := instrument.New(context.Background(), instrument.WithService("shop", "1.2.3"), option)
			require.NoError(b, err)
			defer func() { _ = tel.Shutdown(context.Background()) }()
			tracer := tel.TracerProvider().Tracer("github.com/waymark-otel/waymark/instrument/httpwrap")
			for b.Loop() {
				for range 512 {
					_, span := tracer.Start(context.Background(), "GET /orders/{id}", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
						attribute.String("http.request.method", "GET"), attribute.String("http.route", "/orders/{id}"),
						attribute.String("url.path", fmt.Sprint("/orders/", rand.Int64())), attribute.String("url.scheme", "https"),
						attribute.String("server.address", "shop.example"), attribute.Int("server.port", 443),
						attribute.String("client.address", fmt.Sprintf("10.1.%d.%d", rand.IntN(256), rand.IntN(256))),
						attribute.String("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
						attribute.String("network.protocol.version", "2"), attribute.Int("http.response.status_code", 200)))
					span.End()
				}
				require.NoError(b, tel.ForceFlush(context.Background()))
			}
			b.ReportMetric(float64(bytes.Load())/float64(requests.Load()*512), "B/span")
			b.ReportMetric(0, "ns/op")
		})
	}
}
