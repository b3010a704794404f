// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/openzipkin/zipkin-go"
	"github.com/openzipkin/zipkin-go/model"
	zipkinhttp "github.com/openzipkin/zipkin-go/reporter/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/instrument/viewer"
	"github.com/waymark-otel/waymark/metrics"
)

// TestTheViewerTakesWhatZipkinsGoClientReports, and tells it again so that the
// client's own model reads it.
func TestTheViewerTakesWhatZipkinsGoClientReports(t *testing.T) {
	usesModule(t, "github.com/openzipkin/zipkin-go")
	v, err := viewer.Start("127.0.0.1:0")
	require.NoError(t, err)
	defer v.Close()
	reporter := zipkinhttp.NewReporter(v.SpansURL(), zipkinhttp.BatchInterval(time.Hour))
	local, err := zipkin.NewEndpoint("Front", "127.0.0.1:8080")
	require.NoError(t, err)
	other, err := zipkin.NewEndpoint("db", "[2001:db8::1]:5432")
	require.NoError(t, err)
	for name, options := range map[string][]zipkin.TracerOption{
		"128-bit ids": {zipkin.WithTraceID128Bit(true)},
		"64-bit ids":  {zipkin.WithTraceID128Bit(false)},
		"shared ids":  {zipkin.WithSharedSpans(true)},
	} {
		tracer, err := zipkin.NewTracer(reporter, append(options, zipkin.WithLocalEndpoint(local), zipkin.WithTags(map[string]string{"case": name}))...)
		require.NoError(t, err)
		root := tracer.StartSpan("GET /Orders", zipkin.Kind(model.Server))
		child := tracer.StartSpan("select", zipkin.Kind(model.Client), zipkin.Parent(root.Context()), zipkin.RemoteEndpoint(other))
		child.Annotate(time.Now(), "cache miss")
		child.Tag("error", `no "such" table`)
		server := tracer.StartSpan("served", zipkin.Kind(model.Server), zipkin.Parent(child.Context()))
		server.Finish()
		child.Finish()
		root.Finish()
	}
	// The client sends names in lower case.
	require.NoError(t, reporter.Close()) // sends
	traces := v.Traces()
	require.Len(t, traces, 3)
	for _, tr := range traces {
		require.Len(t, tr.Spans, 3)
		var read []model.SpanModel
		resp, err := http.Get(v.URL() + "/api/v2/trace/" + tr.ID)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		resp.Body.Close()
		require.NoError(t, json.Unmarshal(body, &read), "%s", body)
		names := map[string]model.SpanModel{}
		for _, s := range read {
			names[s.Name] = s
			assert.Equal(t, tr.ID, s.TraceID.String())
			assert.Equal(t, tr.Spans[0].Tags["case"], s.Tags["case"])
			assert.Equal(t, "front", s.LocalEndpoint.ServiceName)
			assert.Equal(t, "127.0.0.1", s.LocalEndpoint.IPv4.String())
			assert.EqualValues(t, 8080, s.LocalEndpoint.Port)
		}
		root, child, server := names["get /orders"], names["select"], names["served"]
		assert.Equal(t, model.Server, root.Kind)
		assert.Equal(t, model.Client, child.Kind)
		assert.Equal(t, root.ID, *child.ParentID)
		assert.Equal(t, other.IPv6, child.RemoteEndpoint.IPv6)
		assert.Equal(t, `no "such" table`, child.Tags["error"])
		assert.Equal(t, "cache miss", child.Annotations[0].Value)
		if root.Tags["case"] == "shared ids" {
			assert.True(t, server.Shared)
			assert.Equal(t, child.ID, server.ID)
		}
	}
	assert.Zero(t, v.Stats().Rejected)
}

// TestTheViewerReadsEveryDialect: what the page says of the last minute is
// what the calls meant.
func TestTheViewerReadsEveryDialect(t *testing.T) {
	for _, d := range []metrics.Dialect{metrics.Plain, metrics.NoTags, metrics.DogStatsD, metrics.InfluxDB, metrics.Graphite} {
		t.Run(d.String(), func(t *testing.T) {
			v, err := viewer.Start("127.0.0.1:0", viewer.WithStatsD("127.0.0.1:0"))
			require.NoError(t, err)
			defer v.Close()
			c := metrics.New(v.StatsD(), metrics.WithDialect(d))
			program(c)
			require.NoError(t, c.Close())
			got := map[string]float64{}
			said := ask[struct {
				Refused uint64
				Series  []struct {
					Name, Tags, Kind string
					Count, Sum, Last float64
				}
			}](t, v.URL(), "/api/viewer/statsd")
			assert.Zero(t, said.Refused)
			for _, s := range said.Series {
				name := s.Name
				if s.Tags != "" {
					name += ";" + strings.ReplaceAll(s.Tags, ":", "=")
				}
				switch s.Kind {
				case "counter":
					got[name+" total"] = s.Sum
				case "gauge":
					got[name+" level"] = s.Last
				case "set":
					got[name+" members"] = s.Last
				default:
					got[name+" count"], got[name+" sum"] = s.Count, s.Sum
				}
			}
			want := map[string]float64{}
			for key, value := range programTotals {
				if d == metrics.NoTags {
					key = strings.NewReplacer(";code=", ".code.").Replace(key)
				}
				want[key] = value
			}
			for key := range got {
				got[key] = math.Round(got[key]*1e6) / 1e6
			}
			sameTotals(t, want, got)
		})
	}
}
