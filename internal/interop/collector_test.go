// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// otelCollector is a running OpenTelemetry Collector.
type otelCollector struct {
	http, grpc, zipkin string // where it listens: host:port
	dir                string // its files

	cmd  *exec.Cmd
	stop func()
	logs *syncBuffer
}

// components are what each file of testdata/collector is there for.
var components = map[string]string{
	"files.yaml":   "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/zipkinreceiver",
	"statsd.yaml":  "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/statsdreceiver",
	"agent.yaml":   "github.com/open-telemetry/opentelemetry-collector-contrib/exporter/loadbalancingexporter",
	"gateway.yaml": "github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor",
}

// startOTelCollector starts the Collector of testdata/collector with one of
// the files there. Settings are environment variables, which have the last
// word on what the file leaves open, or flags.
func startOTelCollector(t testing.TB, config string, settings ...string) *otelCollector {
	t.Helper()
	for _, module := range []string{"go.opentelemetry.io/collector/otelcol", components[config]} {
		uses(t, module[strings.LastIndexByte(module, '/')+1:], required(t, "testdata/collector/go.mod", module), "Go proxy")
	}
	c := &otelCollector{
		http: "127.0.0.1:" + freePort(t), grpc: "127.0.0.1:" + freePort(t), zipkin: "127.0.0.1:" + freePort(t),
		dir: t.TempDir(), logs: &syncBuffer{},
	}
	c.start(t, config, settings...)
	return c
}

func (c *otelCollector) start(t testing.TB, config string, settings ...string) {
	t.Helper()
	c.cmd = exec.Command(built(t, "collector"), "--config", filepath.Join("testdata", "collector", config))
	c.cmd.Env = append(os.Environ(), "DIR="+c.dir, "OTLP_HTTP="+c.http, "OTLP_GRPC="+c.grpc, "ZIPKIN="+c.zipkin)
	for _, setting := range settings {
		if strings.HasPrefix(setting, "--") {
			c.cmd.Args = append(c.cmd.Args, setting)
		} else {
			c.cmd.Env = append(c.cmd.Env, setting)
		}
	}
	c.cmd.Stderr = c.logs
	before := strings.Count(c.logs.String(), allUp)
	c.stop = startCommand(t, "tcp://"+c.grpc, c.cmd)
	require.Eventually(t, func() bool { return strings.Count(c.logs.String(), allUp) > before }, 20*time.Second, 5*time.Millisecond, "%s", c.logs)
}

// allUp is what the Collector prints when all its receivers listen.
const allUp = "Everything is ready"

// interrupt ends the Collector as an operator does, and waits until it has
// written what it holds.
func (c *otelCollector) interrupt(t testing.TB) {
	t.Helper()
	require.NoError(t, c.cmd.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { return c.cmd.Process.Signal(syscall.Signal(0)) != nil }, 20*time.Second, 10*time.Millisecond, "%s", c.logs)
}

// otlpAttributes are attributes in OTLP's JSON.
type otlpAttributes []struct {
	Key   string
	Value map[string]any
}

// text is the value as text, whatever its kind, and "" when there is none.
func (a otlpAttributes) text(key string) string {
	for _, kv := range a {
		if kv.Key != key {
			continue
		}
		for _, v := range kv.Value {
			if s, ok := v.(string); ok {
				return s
			}
			text, _ := json.Marshal(v)
			return string(text)
		}
	}
	return ""
}

// otlpSpan is a span in a file of the Collector, with what it stood under.
type otlpSpan struct {
	TraceID, SpanID, ParentSpanID, TraceState, Name string
	Kind                                            int
	StartTimeUnixNano, EndTimeUnixNano              string
	Attributes                                      otlpAttributes
	Events                                          []struct {
		TimeUnixNano, Name string
		Attributes         otlpAttributes
	}
	Links  []struct{ TraceID, SpanID string }
	Status struct {
		Code    int
		Message string
	}
	Resource otlpAttributes `json:"-"`
	Scope    string         `json:"-"`
}

// otlpMetric is a metric in a file of the Collector.
type otlpMetric struct {
	Name                                        string
	Sum, Gauge, Histogram, ExponentialHistogram *struct{ DataPoints []otlpPoint }
	Resource                                    otlpAttributes `json:"-"`
}

type otlpPoint struct {
	Attributes    otlpAttributes
	AsInt, Count  json.Number
	AsDouble, Sum float64
}

func (p otlpPoint) number() float64 {
	if n, err := p.AsInt.Float64(); err == nil {
		return n
	}
	return p.AsDouble
}

// otlpLog is a log record in a file of the Collector.
type otlpLog struct {
	Body            map[string]string
	SeverityText    string
	TraceID, SpanID string
	Attributes      otlpAttributes
}

// collected is what a file of the Collector holds.
type collected struct {
	spans   []otlpSpan
	metrics []otlpMetric
	logs    []otlpLog
}

// read returns what the Collector has written to a file so far. A Collector
// that was killed may have left half a line at the end.
func (c *otelCollector) read(t testing.TB, file string) (all collected) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, file))
	if os.IsNotExist(err) {
		return all
	}
	require.NoError(t, err)
	for line := range bytes.Lines(text) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		var request struct {
			ResourceSpans []struct {
				Resource   struct{ Attributes otlpAttributes }
				ScopeSpans []struct {
					Scope struct{ Name string }
					Spans []otlpSpan
				}
			}
			ResourceMetrics []struct {
				Resource     struct{ Attributes otlpAttributes }
				ScopeMetrics []struct{ Metrics []otlpMetric }
			}
			ResourceLogs []struct {
				ScopeLogs []struct{ LogRecords []otlpLog }
			}
		}
		require.NoError(t, json.Unmarshal(line, &request), "%s", line)
		for _, rs := range request.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					s.Resource, s.Scope = rs.Resource.Attributes, ss.Scope.Name
					all.spans = append(all.spans, s)
				}
			}
		}
		for _, rm := range request.ResourceMetrics {
			for _, sm := range rm.ScopeMetrics {
				for _, m := range sm.Metrics {
					m.Resource = rm.Resource.Attributes
					all.metrics = append(all.metrics, m)
				}
			}
		}
		for _, rl := range request.ResourceLogs {
			for _, sl := range rl.ScopeLogs {
				all.logs = append(all.logs, sl.LogRecords...)
			}
		}
	}
	return all
}

// byID are the spans by their ids, and how many lines told of one again.
func byID(spans []otlpSpan) (all map[string]otlpSpan, again int) {
	all = map[string]otlpSpan{}
	for _, s := range spans {
		id := s.TraceID + s.SpanID
		if _, twice := all[id]; twice {
			again++
		}
		all[id] = s
	}
	return all, again
}
