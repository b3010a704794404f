// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/viewer"
	"github.com/waymark-otel/waymark/instrument/zipkin"
)

// calls are traces with every kind of link between services, and with tags,
// times and errors to be asked for.
func calls(now time.Time) []viewer.Span {
	var out []viewer.Span
	at := viewer.Micros(now.Add(-time.Minute).UnixMicro())
	add := func(traceID, id, parent, kind, service, remote, name string, took int, more func(*viewer.Span)) {
		at += 1000
		s := viewer.Span{TraceID: traceID, ID: id, ParentID: parent, Kind: kind, Name: name, Timestamp: at, Duration: viewer.Micros(took)}
		if service != "" {
			s.LocalEndpoint = &viewer.Endpoint{ServiceName: service, IPv4: "10.0.0.1", Port: 80}
		}
		if remote != "" {
			s.RemoteEndpoint = &viewer.Endpoint{ServiceName: remote}
		}
		if more != nil {
			more(&s)
		}
		out = append(out, s)
	}
	failed := func(s *viewer.Span) { s.Tags = map[string]string{"error": "broke"} }
	shared := func(s *viewer.Span) { s.Shared = true }
	tagged := func(s *viewer.Span) {
		s.Tags = map[string]string{"http.method": "GET", "http.path": "/a b", "empty": ""}
		s.Annotations = []viewer.Annotation{{Timestamp: s.Timestamp + 5, Value: "cache miss"}}
	}
	id := func(n int) string { return fmt.Sprintf("%016x", n) }
	tr := func(n int) string { return fmt.Sprintf("abcdef%010x", n) }

	add(tr(1), id(1), "", "SERVER", "front", "", "get /", 90_000, tagged)
	add(tr(1), id(2), id(1), "CLIENT", "front", "", "get", 80_000, nil)
	add(tr(1), id(3), id(2), "SERVER", "back", "", "get /x", 70_000, failed)
	add(tr(1), id(4), id(3), "", "back", "", "work", 60_000, nil)
	add(tr(1), id(5), id(4), "CLIENT", "back", "db", "select", 50_000, nil)

	add(tr(2), id(1), "", "CLIENT", "front", "back", "get", 20_000, failed)
	add(tr(2), id(1), "", "SERVER", "back", "front", "get /x", 10_000, shared)

	add(tr(3), id(1), "", "PRODUCER", "front", "kafka", "send", 10, nil)
	add(tr(3), id(2), id(1), "CONSUMER", "worker", "kafka", "receive", 2_000_000, failed)
	add(tr(3), id(3), id(2), "", "worker", "", "local", 100, nil)

	add(tr(4), id(1), "", "", "a", "b", "both ends", 5, nil)
	add(tr(5), id(1), "", "SERVER", "front", "browser", "get /", 7, nil)
	add(tr(5), id(2), id(1), "CLIENT", "front", "", "nobody", 6, nil)
	add(tr(6), id(2), id(9), "SERVER", "orphan", "", "lost", 7, tagged)
	add(tr(6), id(3), id(2), "CLIENT", "other", "db", "said by another", 3, failed)
	add(tr(9), id(1), "", "CLIENT", "front", "", "get", 90, failed)
	add(tr(9), id(2), id(1), "CLIENT", "front", "cache", "get", 80, nil)
	add(tr(7), id(1), "", "CLIENT", "front", "db", "unanswered", 0, nil)
	add("0000000000000000"+tr(8), id(1), "", "SERVER", "short", "", "padded", 1, nil)
	add("463ac35c9f6413ad48485a3953bb6124", id(1), "", "SERVER", "long", "", "get /", 1, nil)
	return out
}

// asked returns what a server answers, with everything in one order.
func asked(t *testing.T, base, path string) (int, any) {
	t.Helper()
	resp, err := http.Get(base + path)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode, nil
	}
	var out any
	require.NoError(t, json.Unmarshal(body, &out), "%s: %s", path, body)
	return resp.StatusCode, inOrder(out)
}

func inOrder(v any) any {
	list, ok := v.([]any)
	if !ok {
		if m, ok := v.(map[string]any); ok {
			for k := range m {
				m[k] = inOrder(m[k])
			}
			if list, _ := m["annotations"].([]any); len(list) == 0 {
				delete(m, "annotations")
			}
		}
		return v
	}
	for i := range list {
		list[i] = inOrder(list[i])
	}
	slices.SortFunc(list, func(a, b any) int {
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		return cmp.Compare(string(x), string(y))
	})
	return list
}

// zipkinAlone starts a Zipkin server that no other test sends to.
func zipkinAlone(t testing.TB) (base string) {
	t.Helper()
	uses(t, "Zipkin server", zipkinVersion, "Maven Central")
	java, server, port := tool(t, "java"), jar(t, "io.zipkin:zipkin-server:"+zipkinVersion+":jar:exec"), freePort(t)
	base = "http://127.0.0.1:" + port
	start(t, base+"/health", java, "-Xmx256m", "-jar", server,
		"--armeria.ports[0].ip=127.0.0.1", "--armeria.ports[0].port="+port, "--armeria.ports[0].protocols[0]=http")
	return base
}

// TestTheViewerAnswersAsZipkinsServerDoes asks both the same, also what is
// about all traces.
func TestTheViewerAnswersAsZipkinsServerDoes(t *testing.T) {
	server := zipkinAlone(t)
	v, err := viewer.Start("127.0.0.1:0")
	require.NoError(t, err)
	defer v.Close()
	now := time.Now()
	body, err := json.Marshal(calls(now))
	require.NoError(t, err)
	exported := difficult("Interop", trace.TraceID{0xab, 15: 1})
	for _, base := range []string{server, v.URL()} {
		resp, err := http.Post(base+"/api/v2/spans", "application/json", bytes.NewReader(body))
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, http.StatusAccepted, resp.StatusCode)
		e, err := zipkin.New(base + "/api/v2/spans")
		require.NoError(t, err)
		require.NoError(t, e.ExportSpans(t.Context(), exported))
		require.NoError(t, e.Shutdown(t.Context()))
	}
	readBack(t, server, "463ac35c9f6413ad48485a3953bb6124", 1)
	readBack(t, server, "ab000000000000000000000000000001", 10)

	endTs := fmt.Sprint(now.Add(time.Hour).UnixMilli())
	paths := []string{
		"/api/v2/services", "/api/v2/autocompleteKeys", "/api/v2/autocompleteValues?key=a",
		"/api/v2/spans?serviceName=front", "/api/v2/spans?serviceName=FRONT", "/api/v2/spans?serviceName=nobody", "/api/v2/spans?serviceName=interop",
		"/api/v2/remoteServices?serviceName=front", "/api/v2/remoteServices?serviceName=nobody", "/api/v2/remoteServices?serviceName=interop",
		"/api/v2/trace/463ac35c9f6413ad48485a3953bb6124", "/api/v2/trace/0000000000000000abcdef0000000008", "/api/v2/trace/abcdef0000000008",
		"/api/v2/trace/ab000000000000000000000000000001", "/api/v2/trace/abcdef0000000001", "/api/v2/trace/abcdef0000000002", "/api/v2/trace/1", "/api/v2/trace/x", "/api/v2/trace/0",
		"/api/v2/traceMany?traceIds=abcdef0000000001,463ac35c9f6413ad48485a3953bb6124", "/api/v2/traceMany?traceIds=abcdef0000000001,1", "/api/v2/traceMany?traceIds=1,2",
		"/api/v2/traceMany?traceIds=abcdef0000000001", "/api/v2/traceMany?traceIds=", "/api/v2/traceMany", "/api/v2/traceMany?traceIds=1,1", "/api/v2/traceMany?traceIds=1,x",
		"/api/v2/dependencies?endTs=" + endTs + "&lookback=86400000", "/api/v2/dependencies?endTs=" + endTs, "/api/v2/dependencies?endTs=1000&lookback=1000", "/api/v2/dependencies?endTs=x",
		"/api/v2/traces?limit=x", "/api/v2/traces?endTs=x", "/api/v2/traces?minDuration=x", "/api/v2/traces?maxDuration=10",
	}
	for _, q := range []string{
		"", "serviceName=front", "serviceName=front&spanName=get", "serviceName=Front&spanName=GET", "spanName=get+/", "serviceName=nobody", "spanName=all&serviceName=worker",
		"remoteServiceName=db", "serviceName=back&remoteServiceName=db", "serviceName=front&remoteServiceName=DB",
		"annotationQuery=error", "annotationQuery=error%3Dbroke", "annotationQuery=error%3Dnot", "annotationQuery=cache+miss", "annotationQuery=http.method%3DGET+and+cache+miss",
		"annotationQuery=http.path%3D" + url.QueryEscape("/a b"), "annotationQuery=empty", "annotationQuery=nothing", "serviceName=worker&annotationQuery=error", "serviceName=front&annotationQuery=error",
		"minDuration=50000", "minDuration=50000&maxDuration=60000", "serviceName=front&minDuration=50000", "serviceName=back&minDuration=60000&maxDuration=60000", "minDuration=90001",
	} {
		paths = append(paths, "/api/v2/traces?"+strings.TrimSuffix("limit=100&endTs="+endTs+"&lookback=86400000&"+q, "&"))
	}
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			wantCode, want := asked(t, server, path)
			code, got := asked(t, v.URL(), path)
			assert.Equal(t, wantCode, code)
			assert.Equal(t, want, got)
		})
	}
}
