// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
	"github.com/waymark-otel/waymark/instrument/zipkin"
)

const zipkinVersion = "3.5.1"

var zipkinBase string // of the server that all tests share

// startZipkin starts a real Zipkin server, in memory, and returns its address.
// All tests share one.
func startZipkin(t testing.TB) (base string) {
	t.Helper()
	uses(t, "Zipkin server", zipkinVersion, "Maven Central")
	shared.starting.Lock()
	defer shared.starting.Unlock()
	if zipkinBase != "" {
		return zipkinBase
	}
	java, server, port := tool(t, "java"), jar(t, "io.zipkin:zipkin-server:"+zipkinVersion+":jar:exec"), freePort(t)
	base = "http://127.0.0.1:" + port
	startShared(t, base+"/health", java, "-Xmx256m", "-jar", server,
		"--armeria.ports[0].ip=127.0.0.1", "--armeria.ports[0].port="+port, "--armeria.ports[0].protocols[0]=http")
	zipkinBase = base
	return base
}

// ask decodes what the server answers to a query.
func ask[T any](t *testing.T, base, path string) T {
	t.Helper()
	resp, err := http.Get(base + path)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	var out T
	if resp.StatusCode == http.StatusNotFound {
		return out
	}
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s: %s", path, body)
	require.NoError(t, json.Unmarshal(body, &out), "%s", body)
	return out
}

// readBack returns the spans of a trace once the server has n of them.
func readBack(t *testing.T, base, traceID string, n int) []instrumenttest.ZipkinSpan {
	t.Helper()
	var spans []instrumenttest.ZipkinSpan
	require.Eventually(t, func() bool {
		spans = ask[[]instrumenttest.ZipkinSpan](t, base, "/api/v2/trace/"+traceID)
		return len(spans) >= n
	}, 20*time.Second, 50*time.Millisecond)
	return spans
}

// sorted orders spans by id and their annotations by time and text, as both
// sides may have them in any order.
func sorted(spans []instrumenttest.ZipkinSpan) []instrumenttest.ZipkinSpan {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b instrumenttest.ZipkinSpan) int { return strings.Compare(a.ID, b.ID) })
	for i := range spans {
		spans[i].Annotations = slices.Clone(spans[i].Annotations)
		slices.SortFunc(spans[i].Annotations, func(a, b instrumenttest.ZipkinAnnotation) int {
			return strings.Compare(fmt.Sprintf("%020d%s", a.Timestamp, a.Value), fmt.Sprintf("%020d%s", b.Timestamp, b.Value))
		})
	}
	return spans
}

// difficult returns the spans of one trace that hold whatever may go wrong on
// the way, as a service of that name.
func difficult(service string, traceID trace.TraceID) []sdktrace.ReadOnlySpan {
	begin := time.Now().Add(-time.Minute)
	hostile := "q\"uote \\ \n\t\x00\x1f \xff\xed\xa0\x80 \u2028 </script> é 😀"
	stubs := tracetest.SpanStubs{
		{Name: "GET /Orders/{id}", SpanKind: trace.SpanKindServer, Status: sdktrace.Status{Code: codes.Ok}},
		{Name: "fails", SpanKind: trace.SpanKindClient, Status: sdktrace.Status{Code: codes.Error, Description: "no such table"},
			Attributes: []attribute.KeyValue{attribute.String("server.address", "DB.example")}},
		{Name: "fails in silence", Status: sdktrace.Status{Code: codes.Error}},
		{Name: "v4", SpanKind: trace.SpanKindClient, Attributes: []attribute.KeyValue{attribute.String("network.peer.address", "10.1.2.3"), attribute.Int("network.peer.port", 8080)}},
		{Name: "v6", SpanKind: trace.SpanKindProducer, Attributes: []attribute.KeyValue{attribute.String("network.peer.address", "2001:db8::1"), attribute.Int("network.peer.port", 443)}},
		{Name: "consumer", SpanKind: trace.SpanKindConsumer, DroppedAttributes: 1, DroppedEvents: 2, DroppedLinks: 3},
		{Name: hostile, Attributes: []attribute.KeyValue{attribute.String("hostile", hostile), attribute.String(hostile, "key"), attribute.String("", "empty key")},
			Events: []sdktrace.Event{{Name: hostile, Time: begin, Attributes: []attribute.KeyValue{attribute.String("k", hostile)}}},
			Status: sdktrace.Status{Code: codes.Error, Description: hostile}},
		{Name: "kinds of values", Attributes: []attribute.KeyValue{
			attribute.Bool("bool", true), attribute.Int64("int", math.MinInt64), attribute.Float64("float", 1e-300), attribute.Float64("nan", math.NaN()),
			attribute.StringSlice("strings", []string{"a", hostile}), attribute.Float64Slice("floats", []float64{1, math.Inf(1)}), attribute.ByteSlice("bytes", []byte{0, 255}),
			attribute.Map("map", attribute.Int("a", 1)), attribute.Slice("list", attribute.IntValue(1), attribute.StringValue("x")), {Key: "empty"},
		}, Events: []sdktrace.Event{
			{Name: "first", Time: begin.Add(time.Millisecond)},
			{Name: "second", Time: begin.Add(2 * time.Millisecond), Attributes: []attribute.KeyValue{attribute.Float64("nan", math.NaN()), attribute.Int("n", 1)}},
			{Name: "without a time"},
		}},
		{Name: ""},
		{Name: "long", Attributes: []attribute.KeyValue{attribute.String("body", strings.Repeat("lorem ipsum ", 20_000))}},
	}
	for i := range stubs {
		s := &stubs[i]
		config := trace.SpanContextConfig{TraceID: traceID, SpanID: trace.SpanID{1, 7: byte(i + 1)}, TraceFlags: trace.FlagsSampled}
		s.SpanContext = trace.NewSpanContext(config)
		if i > 0 {
			config.SpanID = trace.SpanID{1, 7: 1}
			s.Parent = trace.NewSpanContext(config)
		}
		s.StartTime = begin.Add(time.Duration(i) * time.Millisecond)
		s.EndTime = s.StartTime.Add(time.Duration(i) * 1500 * time.Nanosecond)
		s.Resource = resource.NewSchemaless(attribute.String("service.name", service), attribute.String("zone", "eu"))
		s.InstrumentationScope = instrumentation.Scope{Name: "interop", Version: "v1"}
	}
	return stubs.Snapshots()
}

func TestZipkinServerReadsBackWhatWasExported(t *testing.T) {
	base := startZipkin(t)
	ctx := context.Background()
	for name, tc := range map[string]struct {
		traceID trace.TraceID
		asked   string
		options []zipkin.Option
	}{
		"gzip":           {trace.TraceID{0xab, 15: 1}, "ab000000000000000000000000000001", nil},
		"plain":          {trace.TraceID{0xab, 15: 2}, "ab000000000000000000000000000002", []zipkin.Option{zipkin.WithGzipAbove(-1)}},
		"64-bit ids":     {trace.TraceID{8: 0xab, 15: 3}, "ab00000000000003", nil},
		"split in parts": {trace.TraceID{0xab, 15: 4}, "ab000000000000000000000000000004", []zipkin.Option{zipkin.WithMaxRequestBytes(300_000)}},
		"cut":            {trace.TraceID{0xab, 15: 5}, "ab000000000000000000000000000005", []zipkin.Option{zipkin.WithMaxRequestBytes(20_000)}},
	} {
		t.Run(name, func(t *testing.T) {
			spans := difficult("Interop", tc.traceID)
			recorded := instrumenttest.NewCollector(t)
			for _, url := range []string{recorded.URL, base + "/api/v2/spans"} {
				e, err := zipkin.New(url, tc.options...)
				require.NoError(t, err)
				require.NoError(t, e.Probe(ctx))
				require.NoError(t, e.ExportSpans(ctx, spans))
				assert.EqualValues(t, len(spans), e.Stats().Sent)
				require.NoError(t, e.Shutdown(ctx))
			}
			want := sorted(recorded.Spans())
			have := sorted(readBack(t, base, tc.asked, len(spans)))
			require.Len(t, have, len(want))
			for i := range want {
				if len(want[i].Annotations) == 0 {
					want[i].Annotations, have[i].Annotations = nil, nil
				}
				assert.Equal(t, want[i], have[i])
			}
		})
	}

	t.Run("found by what users ask for", func(t *testing.T) {
		assert.Contains(t, ask[[]string](t, base, "/api/v2/services"), "interop")
		assert.Subset(t, ask[[]string](t, base, "/api/v2/spans?serviceName=interop"), []string{"get /orders/{id}", "fails"})
		assert.Contains(t, ask[[]string](t, base, "/api/v2/remoteServices?serviceName=interop"), "db.example")
		for query, n := range map[string]int{
			"error": 5, "error=no such table": 5, "error=none such": 0, "otel.status_code=OK": 5, "first": 5, "int=-9223372036854775808": 5,
		} {
			traces := ask[[][]instrumenttest.ZipkinSpan](t, base, "/api/v2/traces?serviceName=interop&limit=100&annotationQuery="+url.QueryEscape(query))
			assert.Len(t, traces, n, query)
		}
	})

	t.Run("a full batch", func(t *testing.T) {
		e, err := zipkin.New(base + "/api/v2/spans")
		require.NoError(t, err)
		tp := sdktrace.NewTracerProvider(sdktrace.WithBatcher(e), sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "batch"))))
		spanCtx, root := tp.Tracer("interop").Start(ctx, "root")
		for range 511 {
			_, span := tp.Tracer("interop").Start(spanCtx, "child")
			span.End()
		}
		root.End()
		require.NoError(t, tp.Shutdown(ctx))
		assert.Len(t, readBack(t, base, root.SpanContext().TraceID().String(), 512), 512)
	})

	t.Run("larger than the server takes", func(t *testing.T) {
		e, err := zipkin.New(base+"/api/v2/spans", zipkin.WithGzipAbove(-1), zipkin.WithMaxRequestBytes(64<<20))
		require.NoError(t, err)
		defer func() { _ = e.Shutdown(ctx) }()
		id := trace.TraceID{0xab, 15: 9}
		var spans []sdktrace.ReadOnlySpan
		for i := range 12 {
			spans = append(spans, tracetest.SpanStub{
				Name: "large", StartTime: time.Now(), EndTime: time.Now(), Resource: resource.Empty(),
				SpanContext: trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: trace.SpanID{2, 7: byte(i)}}),
				Attributes:  []attribute.KeyValue{attribute.String("body", strings.Repeat("x", 1<<20))},
			}.Snapshot())
		}
		require.NoError(t, e.ExportSpans(ctx, spans))
		assert.Len(t, readBack(t, base, id.String(), 12), 12)
		assert.Positive(t, e.Stats().Retried)
	})

	post := func(t *testing.T, body string) int {
		resp, err := http.Post(base+"/api/v2/spans", "application/json", strings.NewReader(body))
		require.NoError(t, err)
		defer resp.Body.Close()
		return resp.StatusCode
	}
	t.Run("why spans without ids are left out", func(t *testing.T) {
		assert.Equal(t, http.StatusBadRequest, post(t,
			`[{"traceId":"00000000000000cd","id":"0000000000000001"},{"traceId":"00000000000000cd","id":"0000000000000000"}]`))
	})
	t.Run("why separators become newlines", func(t *testing.T) {
		require.Equal(t, http.StatusAccepted, post(t, `[{"traceId":"00000000000000ce","id":"0000000000000001","name":"\u2028é"}]`))
		var body []byte
		require.Eventually(t, func() bool {
			resp, err := http.Get(base + "/api/v2/trace/00000000000000ce")
			require.NoError(t, err)
			defer resp.Body.Close()
			body, err = io.ReadAll(resp.Body)
			require.NoError(t, err)
			return resp.StatusCode == http.StatusOK
		}, 20*time.Second, 50*time.Millisecond)
		assert.False(t, json.Valid(body), "this server has no need of it any more: %q", body)
	})
}
