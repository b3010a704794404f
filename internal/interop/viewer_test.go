// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
	"github.com/waymark-otel/waymark/instrument/viewer"
	"github.com/waymark-otel/waymark/instrument/zipkin"
)

// startViewer starts our viewer and returns its address.
func startViewer(t testing.TB) string {
	t.Helper()
	v, err := viewer.Start("127.0.0.1:0", viewer.WithOutput(io.Discard))
	require.NoError(t, err)
	t.Cleanup(func() { _ = v.Shutdown(t.Context()) })
	return v.URL()
}

// moved takes a trace out of one server and puts it, as it was answered, into
// another.
func moved(t *testing.T, from, to, traceID string, compressed bool) {
	t.Helper()
	resp, err := http.Get(from + "/api/v2/trace/" + traceID)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	var body bytes.Buffer
	if compressed {
		w := gzip.NewWriter(&body)
		_, err = io.Copy(w, resp.Body)
		require.NoError(t, err)
		require.NoError(t, w.Close())
	} else {
		_, err = io.Copy(&body, resp.Body)
		require.NoError(t, err)
	}
	req, err := http.NewRequest(http.MethodPost, to+"/api/v2/spans", &body)
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	if compressed {
		req.Header.Set("Content-Encoding", "gzip")
	}
	took, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer took.Body.Close()
	text, _ := io.ReadAll(took.Body)
	require.Equal(t, http.StatusAccepted, took.StatusCode, "%s", text)
}

// TestViewerAnswersAsZipkinDoes: what the viewer holds can be moved to a real
// server and back, and says the same of it on the way.
func TestViewerAnswersAsZipkinDoes(t *testing.T) {
	base, first, second := startZipkin(t), startViewer(t), startViewer(t)
	id := trace.TraceID{0xcd, 15: 1}
	binary.BigEndian.PutUint64(id[4:], rand.Uint64()) // of this run: the server is shared
	e, err := zipkin.New(first + "/api/v2/spans")
	require.NoError(t, err)
	spans := difficult("Shelf", id)
	require.NoError(t, e.ExportSpans(t.Context(), spans))
	require.NoError(t, e.Shutdown(t.Context()))

	held := func(server string) []instrumenttest.ZipkinSpan {
		list := sorted(readBack(t, server, id.String(), len(spans)))
		for i := range list {
			if len(list[i].Annotations) == 0 {
				list[i].Annotations = nil
			}
		}
		return list
	}
	want := held(first)
	require.Len(t, want, len(spans))
	moved(t, first, base, id.String(), true)
	assert.Equal(t, want, held(base), "moved to Zipkin")
	moved(t, base, second, id.String(), false)
	assert.Equal(t, want, held(second), "and out of it again")

	// Other tests' spans may be in the server too: these are of one service.
	for _, path := range []string{"/api/v2/spans?serviceName=shelf", "/api/v2/spans?serviceName=nobody"} {
		assert.Equal(t, ask[[]string](t, base, path), ask[[]string](t, first, path), path)
	}
	assert.Subset(t, ask[[]string](t, base, "/api/v2/services"), ask[[]string](t, first, "/api/v2/services"))
	yes := 0
	for _, query := range []string{
		"", "error", "error=no such table", "error=none such", "otel.status_code=OK", "first", "int=-9223372036854775808",
		"error and first", "error=no such table and otel.status_code=OK", "error and none such", "zone=eu", "hostile",
	} {
		for _, rest := range []string{"", "&spanName=fails", "&spanName=all", "&spanName=none", "&minDuration=14", "&minDuration=1000000", "&minDuration=1&maxDuration=2"} {
			path := "/api/v2/traces?serviceName=shelf&limit=100" + rest + "&annotationQuery=" + url.QueryEscape(query)
			there := has(t, base, path, id)
			assert.Equal(t, there, has(t, first, path, id), "%s %s", query, rest)
			if there {
				yes++
			}
		}
	}
	assert.Greater(t, yes, 20)
	assert.Less(t, yes, 7*12-20)
}

// has says whether a trace is in the answer to a query.
func has(t *testing.T, base, path string, id trace.TraceID) bool {
	t.Helper()
	traces := ask[[][]struct{ TraceID string }](t, base, path)
	return slices.ContainsFunc(traces, func(spans []struct{ TraceID string }) bool { return spans[0].TraceID == id.String() })
}

// TestViewerRefusesWhatZipkinRefuses, and takes what it takes.
func TestViewerRefusesWhatZipkinRefuses(t *testing.T) {
	base, v := startZipkin(t), startViewer(t)
	post := func(server, body string) int {
		resp, err := http.Post(server+"/api/v2/spans", "application/json", bytes.NewReader([]byte(body)))
		require.NoError(t, err)
		defer resp.Body.Close()
		return resp.StatusCode / 100
	}
	for name, body := range map[string]string{
		"an empty list":        `[]`,
		"no list":              `{}`,
		"no JSON":              `[{"traceId":"1"`,
		"no id":                `[{"traceId":"00000000000000aa"}]`,
		"no trace":             `[{"id":"00000000000000aa"}]`,
		"an id of zero":        `[{"traceId":"00000000000000aa","id":"0000000000000000"}]`,
		"an id that is no hex": `[{"traceId":"00000000000000aa","id":"000000000000000g"}]`,
		"an id that is long":   `[{"traceId":"00000000000000aa","id":"00000000000000000a"}]`,
		"the least":            `[{"traceId":"00000000000000aa","id":"0000000000000001"}]`,
		"short ids":            `[{"traceId":"aa","id":"2"}]`,
		"unknown fields":       `[{"traceId":"00000000000000aa","id":"0000000000000003","x":{"y":[1]}}]`,
		"a kind nobody knows":  `[{"traceId":"00000000000000aa","id":"0000000000000004","kind":"OTHER"}]`,
		"an endpoint of null":  `[{"traceId":"00000000000000aa","id":"0000000000000005","localEndpoint":null}]`,
		"a negative duration":  `[{"traceId":"00000000000000aa","id":"0000000000000006","duration":-1}]`,
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, post(base, body), post(v, body))
		})
	}
	t.Run("but for a tag that is no text", func(t *testing.T) {
		body := `[{"traceId":"00000000000000aa","id":"0000000000000007","tags":{"n":1}}]`
		assert.Equal(t, 2, post(base, body))
		assert.Equal(t, 4, post(v, body), "a developer is told of the mistake")
	})
}
