// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func quietViewer(t testing.TB, opts ...Option) *Viewer {
	c, err := newConfig(opts)
	require.NoError(t, err)
	return newViewer(c)
}

func ask(v *Viewer, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	v.Handler().ServeHTTP(w, r)
	return w
}

const twoTraces = `[
	{"traceId":"a","id":"1","name":"get /","timestamp":2000,"duration":5,"localEndpoint":{"serviceName":"front"}},
	{"traceId":"a","id":"2","parentId":"1","name":"lookup","timestamp":2001,"duration":3,"localEndpoint":{"serviceName":"Catalog"},"tags":{"error":"<script>"}},
	{"traceId":"463ac35c9f6413ad48485a3953bb6124","id":"1","name":"get /","timestamp":1000,"localEndpoint":{"serviceName":"front"}}
]`

func TestSpansPostedAreFound(t *testing.T) {
	v := quietViewer(t)
	w := ask(v, "POST", "/api/v2/spans", twoTraces, "Content-Type", "application/json")
	require.Equal(t, http.StatusAccepted, w.Code)
	assert.Empty(t, w.Body.String())

	const first = `[{"traceId":"000000000000000a","id":"0000000000000001","name":"get /","timestamp":2000,"duration":5,"localEndpoint":{"serviceName":"front"}},` +
		`{"traceId":"000000000000000a","parentId":"0000000000000001","id":"0000000000000002","name":"lookup","timestamp":2001,"duration":3,"localEndpoint":{"serviceName":"Catalog"},"tags":{"error":"\u003cscript\u003e"}}]`
	const second = `[{"traceId":"463ac35c9f6413ad48485a3953bb6124","id":"0000000000000001","name":"get /","timestamp":1000,"localEndpoint":{"serviceName":"front"}}]`
	for target, want := range map[string]string{
		"/api/v2/services":                               `["Catalog","front"]`,
		"/api/v2/spans?serviceName=FRONT":                `["get /"]`,
		"/api/v2/spans?serviceName=nobody":               `[]`,
		"/api/v2/traces":                                 `[` + first + `,` + second + `]`,
		"/api/v2/traces?serviceName=catalog":             `[` + first + `]`,
		"/api/v2/traces?serviceName=nobody":              `[]`,
		"/api/v2/trace/a":                                first,
		"/api/v2/trace/000000000000000A":                 first,
		"/api/v2/trace/0000000000000000000000000000000a": first,
		"/api/v2/trace/463ac35c9f6413ad48485a3953bb6124": second,
		"/health": `{"status":"UP"}`,
	} {
		w := ask(v, "GET", target, "")
		assert.Equal(t, http.StatusOK, w.Code, target)
		assert.Equal(t, want+"\n", w.Body.String(), target)
		assert.Equal(t, "application/json", w.Header().Get("Content-Type"), target)
		assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), target)
	}
}

func TestAnEmptyViewerAnswersLists(t *testing.T) {
	v := quietViewer(t)
	for _, target := range []string{"/api/v2/services", "/api/v2/spans?serviceName=a", "/api/v2/traces"} {
		assert.Equal(t, "[]\n", ask(v, "GET", target, "").Body.String(), target)
	}
	assert.Equal(t, http.StatusAccepted, ask(v, "POST", "/api/v2/spans", "[]").Code)
}

func TestWrongRequestsAreRefusedWithTheRule(t *testing.T) {
	v := quietViewer(t)
	for name, tc := range map[string]struct {
		method, target, body string
		header               []string
		code                 int
		want                 string
	}{
		"malformed":        {"POST", "/api/v2/spans", "{", nil, 400, "viewer: body is not a JSON array of spans"},
		"not gzip":         {"POST", "/api/v2/spans", "[]", []string{"Content-Encoding", "gzip"}, 400, "viewer: body is not gzip, as its Content-Encoding says"},
		"unknown encoding": {"POST", "/api/v2/spans", "[]", []string{"Content-Encoding", "br"}, 415, `viewer: content encoding "br" is not gzip`},
		"two encodings":    {"POST", "/api/v2/spans", "[]", []string{"Content-Encoding", "gzip", "Content-Encoding", "gzip"}, 415, `viewer: content encoding "gzip, gzip" is not gzip`},
		"protobuf":         {"POST", "/api/v2/spans", "", []string{"Content-Type", "application/x-protobuf"}, 415, `viewer: content type "application/x-protobuf" is not JSON`},
		"too large":        {"POST", "/api/v2/spans", "[" + strings.Repeat(" ", maxBody), nil, 413, "viewer: body is larger than 16 MiB"},
		"no such trace":    {"GET", "/api/v2/trace/b", "", nil, 404, "viewer: no trace 000000000000000b here"},
		"id not hex":       {"GET", "/api/v2/trace/xyz", "", nil, 400, `viewer: trace id "xyz" is not 1 to 32 hexadecimal digits, or is zero`},
		"hostile id":       {"GET", "/api/v2/trace/%1b%5b2J%0a", "", nil, 400, `viewer: trace id "\x1b[2J\n" is not 1 to 32 hexadecimal digits, or is zero`},
		"no service":       {"GET", "/api/v2/spans", "", nil, 400, "viewer: serviceName is required"},
		"wrong query":      {"GET", "/api/v2/traces?limit=x", "", nil, 400, `viewer: limit "x" is not a positive whole number`},
		"wrong method":     {"DELETE", "/api/v2/spans", "", nil, 405, "Method Not Allowed"},
		"wrong place":      {"GET", "/api/v1/spans", "", nil, 404, "404 page not found"},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(v, tc.method, tc.target, tc.body, tc.header...)
			assert.Equal(t, tc.code, w.Code)
			assert.Equal(t, tc.want+"\n", w.Body.String())
			assert.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
		})
	}
	assert.EqualValues(t, 6, v.Stats().Rejected)
	assert.Zero(t, v.Stats().Received)
}

func TestGzipIsAccepted(t *testing.T) {
	v := quietViewer(t)
	for _, encoding := range []string{"gzip", "GZIP", " x-gzip"} {
		w := ask(v, "POST", "/api/v2/spans", string(zip(t, []byte(twoTraces))), "Content-Encoding", encoding)
		assert.Equal(t, http.StatusAccepted, w.Code, w.Body)
	}
	assert.Equal(t, 3, v.Stats().Spans)
	assert.EqualValues(t, 6, v.Stats().Duplicates)
}

func TestABodyThatBreaksOffIsRefused(t *testing.T) {
	v := quietViewer(t)
	r := httptest.NewRequest("POST", "/api/v2/spans", io.MultiReader(strings.NewReader("[]"), brokenReader{}))
	w := httptest.NewRecorder()
	v.Handler().ServeHTTP(w, r)
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Equal(t, "viewer: body ends early\n", w.Body.String())
}

func TestLargeBodiesAreAFewAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := quietViewer(t)
		large := "[" + strings.Repeat(" ", smallBody)
		post := func(body io.Reader) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			v.Handler().ServeHTTP(w, httptest.NewRequest("POST", "/api/v2/spans", body))
			return w
		}
		end := make(chan struct{})
		var slow sync.WaitGroup
		for range maxLarge {
			slow.Go(func() {
				assert.Equal(t, http.StatusAccepted, post(io.MultiReader(strings.NewReader(large), &lateReader{end, strings.NewReader("]")})).Code)
			})
		}
		synctest.Wait()
		assert.Equal(t, http.StatusAccepted, post(strings.NewReader("[]")).Code, "small ones need not wait")
		w := post(strings.NewReader(large + "]"))
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Equal(t, "viewer: 8 large bodies are being read already\n", w.Body.String())
		assert.Equal(t, "1", w.Header().Get("Retry-After"))
		slow.Go(func() {
			assert.Equal(t, http.StatusAccepted, post(strings.NewReader(large+"]")).Code, "one that waits")
		})
		synctest.Wait()
		close(end)
		slow.Wait()
		assert.Equal(t, http.StatusAccepted, post(strings.NewReader(large+"]")).Code)
	})
}

// lateReader reads nothing until the channel is closed.
type lateReader struct {
	until <-chan struct{}
	io.Reader
}

func (l *lateReader) Read(p []byte) (int, error) {
	<-l.until
	return l.Reader.Read(p)
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestCountersAreTold(t *testing.T) {
	v := quietViewer(t, WithMaxBytes(1_000_000))
	ask(v, "POST", "/api/v2/spans", twoTraces)
	ask(v, "POST", "/api/v2/spans", "{")
	var got Stats
	require.NoError(t, json.Unmarshal(ask(v, "GET", "/api/viewer/stats", "").Body.Bytes(), &got))
	assert.Equal(t, v.Stats(), got)
	got.Bytes = 0
	assert.Equal(t, Stats{Traces: 2, Spans: 3, MaxBytes: 1_000_000, Received: 3, Rejected: 1}, got)
}

func TestTenThousandSpansInOneTraceAreAccepted(t *testing.T) {
	v := quietViewer(t)
	for batch := range 20 {
		spans := make([]Span, 500)
		for i := range spans {
			n := batch*500 + i
			spans[i] = span(n+1, n, "deep", fmt.Sprintf("level %d", n), 0, ms)
		}
		body, err := json.Marshal(spans)
		require.NoError(t, err)
		require.Equal(t, http.StatusAccepted, ask(v, "POST", "/api/v2/spans", string(body)).Code)
	}
	w := ask(v, "GET", "/api/v2/trace/4e3e0ec6293840b1850409eb1d4b0dee", "")
	var got []Span
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	assert.Len(t, got, 10_000)
	assert.Zero(t, v.Stats().Evicted+v.Stats().Dropped)
}

func TestManyClientsAtOnce(t *testing.T) {
	var out bytes.Buffer
	v := quietViewer(t, WithMaxBytes(200_000), WithOutput(&out))
	var wg sync.WaitGroup
	for c := range 8 {
		wg.Go(func() {
			for i := range 50 {
				body := fmt.Sprintf(`[{"traceId":"%x","id":"1","name":"n"},{"traceId":"%x","id":"2","parentId":"1"}]`, c*50+i+1, c*50+i+1)
				assert.Equal(t, http.StatusAccepted, ask(v, "POST", "/api/v2/spans", string(zip(t, []byte(body))), "Content-Encoding", "gzip").Code)
				assert.Equal(t, http.StatusOK, ask(v, "GET", "/api/v2/traces?limit=3", "").Code)
				assert.Equal(t, http.StatusOK, ask(v, "GET", "/api/v2/services", "").Code)
				for _, tr := range v.Traces() {
					tr.Spans[0].Name = "changed by the program"
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, v.Close())
	s := v.Stats()
	assert.EqualValues(t, 800, s.Received)
	assert.LessOrEqual(t, s.Bytes, s.MaxBytes)
	assert.NotContains(t, ask(v, "GET", "/api/v2/traces", "").Body.String(), "changed")
}
