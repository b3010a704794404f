// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/otlp"
	"github.com/waymark-otel/waymark/instrument/zipkin"
)

// jaeger is a running Jaeger: where it listens.
type jaeger struct{ zipkin, http, grpc, query string }

// jaegers are the two programs that the last module of Jaeger which the Go
// proxy has whole holds: v1's all-in-one, and v2, which was a release candidate
// then.
var jaegers = map[string]string{"v1": "all-in-one", "v2": "jaeger"}

// startJaeger starts one of them with its memory storage.
func startJaeger(t testing.TB, version string) jaeger {
	t.Helper()
	const module = "github.com/jaegertracing/jaeger"
	program, release := jaegers[version], required(t, "testdata/jaeger/go.mod", module)
	uses(t, "Jaeger "+version, map[string]string{"v1": release, "v2": "v2.0.0-rc, of " + release}[version], "Go proxy")
	dir := installed(t, "jaeger-"+release, func(dir string) ([]byte, error) {
		return output("testdata/jaeger", []string{"GOWORK=off"}, tool(t, "go"), "build", "-o", dir, module+"/cmd/all-in-one", module+"/cmd/jaeger")
	})
	at := func() string { return net.JoinHostPort("127.0.0.1", freePort(t)) }
	j := jaeger{zipkin: at(), http: at(), grpc: at(), query: at()}
	var cmd *exec.Cmd
	if version == "v1" {
		args := []string{"--collector.zipkin.host-port=" + j.zipkin, "--collector.otlp.http.host-port=" + j.http,
			"--collector.otlp.grpc.host-port=" + j.grpc, "--query.http-server.host-port=" + j.query}
		for _, other := range []string{"collector.http-server", "collector.grpc-server", "query.grpc-server", "http-server", "admin.http",
			"processor.jaeger-binary.server", "processor.jaeger-compact.server", "processor.zipkin-compact.server"} {
			suffix := ".host-port="
			if strings.HasPrefix(other, "processor.") {
				suffix = "-host-port="
			}
			args = append(args, "--"+other+suffix+at())
		}
		cmd = exec.Command(filepath.Join(dir, program), args...)
	} else {
		cmd = exec.Command(filepath.Join(dir, program), "--config", "testdata/jaeger/v2.yaml")
		cmd.Env = append(os.Environ(), "ZIPKIN="+j.zipkin, "OTLP_HTTP="+j.http, "OTLP_GRPC="+j.grpc, "QUERY="+j.query, "QUERY_GRPC="+at())
	}
	startCommand(t, "http://"+j.query+"/api/services", cmd)
	require.Eventually(t, func() bool {
		return answers("tcp://"+j.zipkin)(t.Context()) == nil && answers("tcp://"+j.http)(t.Context()) == nil
	}, 20*time.Second, 10*time.Millisecond)
	return j
}

// jaegerSpan is a span as Jaeger's query service tells it.
type jaegerSpan struct {
	SpanID, OperationName string
	References            []struct{ RefType, TraceID, SpanID string }
	StartTime, Duration   int64
	Tags                  []struct {
		Key   string
		Value any
	}
	Logs []struct {
		Fields []struct {
			Key   string
			Value any
		}
	}
	ProcessID string
}

func (s jaegerSpan) tag(key string) any {
	for _, tag := range s.Tags {
		if tag.Key == key {
			return tag.Value
		}
	}
	return nil
}

// spans reads a trace back, once it has n spans, by name.
func (j jaeger) spans(t testing.TB, traceID string, n int) (byName map[string]jaegerSpan, services map[string]bool) {
	t.Helper()
	var answer struct {
		Data []struct {
			Spans     []jaegerSpan
			Processes map[string]struct{ ServiceName string }
		}
	}
	require.Eventually(t, func() bool {
		resp, err := http.Get("http://" + j.query + "/api/traces/" + traceID)
		require.NoError(t, err)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return false
		}
		answer.Data = nil
		getJSON(t, "http://"+j.query+"/api/traces/"+traceID, &answer)
		return len(answer.Data) == 1 && len(answer.Data[0].Spans) >= n
	}, 20*time.Second, 50*time.Millisecond)
	byName, services = map[string]jaegerSpan{}, map[string]bool{}
	for _, s := range answer.Data[0].Spans {
		byName[s.OperationName] = s
		services[answer.Data[0].Processes[s.ProcessID].ServiceName] = true
	}
	return byName, services
}

// TestJaegerShowsTheSameService, whichever way it comes.
func TestJaegerShowsTheSameService(t *testing.T) {
	for version := range jaegers {
		t.Run(version, func(t *testing.T) {
			j := startJaeger(t, version)
			for name, tc := range map[string]struct {
				option          instrument.Option
				endpoint        string
				operation, root string
				failed          any // the tag error
			}{
				// Jaeger takes Zipkin's error as the text that it is; its pages
				// mark only true.
				"Zipkin":    {instrument.WithZipkin("http://" + j.zipkin + "/api/v2/spans"), "", "price order", "get", "sold out"},
				"OTLP HTTP": {instrument.WithExporters(otlp.Traces(otlp.HTTP)), "http://" + j.http, "Price Order", "GET", true},
				"OTLP gRPC": {instrument.WithExporters(otlp.Traces(otlp.GRPC)), "http://" + j.grpc, "Price Order", "GET", true},
			} {
				t.Run(name, func(t *testing.T) {
					t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", tc.endpoint)
					ids := &traceIDs{}
					tel, err := instrument.New(t.Context(), tc.option, instrument.WithService("shop", "1"), instrument.WithSpanProcessor(ids))
					require.NoError(t, err)
					visit(t, tel)
					require.NoError(t, tel.Shutdown(context.Background()))
					require.EqualValues(t, 4, tel.Stats().Exporters[0].Sent)
					spans, services := j.spans(t, ids.first(), 4)
					assert.Equal(t, map[string]bool{"shop": true}, services)
					shownByJaeger(t, spans, tc.root, tc.operation, tc.failed)
				})
			}
		})
	}
}

// shownByJaeger checks the spans of visit.
func shownByJaeger(t *testing.T, spans map[string]jaegerSpan, root, operationName string, failed any) {
	t.Helper()
	client, server, operation := spans[root], spans[root+" /orders/{id}"], spans[operationName]
	require.NotEmpty(t, client.SpanID, "%v", spans)
	parent := func(s jaegerSpan) string {
		for _, r := range s.References {
			if r.RefType == "CHILD_OF" {
				return r.SpanID
			}
		}
		return ""
	}
	assert.Empty(t, parent(client))
	assert.Equal(t, client.SpanID, parent(server))
	assert.Equal(t, server.SpanID, parent(operation))
	assert.Equal(t, server.SpanID, parent(spans["notify"]))
	for kind, s := range map[string]jaegerSpan{"client": client, "server": server, "producer": spans["notify"]} {
		assert.Equal(t, kind, s.tag("span.kind"))
	}
	assert.Equal(t, failed, operation.tag("error"))
	assert.Equal(t, "ERROR", operation.tag("otel.status_code"))
	assert.Equal(t, "Ünïcode \"q\"\n", operation.tag("customer"))
	assert.NotEmpty(t, operation.Logs, "events are logs")
	assert.GreaterOrEqual(t, client.Duration, server.Duration)
}

// TestJaegerTakesDifficultSpans that come as Zipkin's: none is lost.
func TestJaegerTakesDifficultSpans(t *testing.T) {
	for version := range jaegers {
		t.Run(version, func(t *testing.T) {
			j := startJaeger(t, version)
			for name, id := range map[string]trace.TraceID{"128 bits": {1, 15: 1}, "64 bits": {8: 1, 15: 2}} {
				t.Run(name, func(t *testing.T) {
					e, err := zipkin.New("http://" + j.zipkin + "/api/v2/spans")
					require.NoError(t, err)
					defer func() { _ = e.Shutdown(context.Background()) }()
					spans := difficult("Interop", id)
					require.NoError(t, e.Probe(t.Context()))
					require.NoError(t, e.ExportSpans(t.Context(), spans))
					require.EqualValues(t, len(spans), e.Stats().Sent)
					got, _ := j.spans(t, id.String(), len(spans))
					assert.Equal(t, "no such table", got["fails"].tag("error"))
					assert.Contains(t, got, "kinds of values")
				})
			}
		})
	}
}
