// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func view[T any](t testing.TB, v *Viewer, target string) (out T) {
	t.Helper()
	w := ask(v, "GET", target, "")
	require.Equal(t, http.StatusOK, w.Code, "%s: %s", target, w.Body)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &out), target)
	return out
}

func send(t testing.TB, v *Viewer, spans ...Span) {
	t.Helper()
	body, err := json.Marshal(spans)
	require.NoError(t, err)
	w := ask(v, "POST", "/api/v2/spans", string(body))
	require.Equal(t, http.StatusAccepted, w.Code, w.Body)
}

const checkoutID = "4e3e0ec6293840b1850409eb1d4b0dee"

func TestATraceIsSummedUp(t *testing.T) {
	v := quietViewer(t)
	s := checkout()
	slices.Reverse(s[:5]) // the root first
	send(t, v, s[1:]...)
	got := view[listView](t, v, "/api/viewer/traces")
	require.Len(t, got.Traces, 1)
	assert.True(t, got.Traces[0].NoRoot)
	assert.Equal(t, 1, got.Traces[0].Missing)

	send(t, v, s[0], span(1<<20, 0, "front", "an event of another root", time.Second, ms))
	got = view[listView](t, v, "/api/viewer/traces")
	tr := got.Traces[0]
	assert.Equal(t, checkoutID, tr.ID)
	assert.Equal(t, s[0].Name, tr.Name, "of the root, though others came first")
	assert.Equal(t, s[0].Service(), tr.Service)
	assert.Equal(t, len(s)+1, tr.Spans)
	assert.False(t, tr.NoRoot)
	assert.Zero(t, tr.Missing)
	assert.Equal(t, s[0].Timestamp, tr.Start)
	assert.Equal(t, Micros(1_001_000), tr.Duration, "from the first beginning to the last end")
	n, failed := 0, 0
	for _, c := range tr.Services {
		n += c.Spans
		failed += c.Errors
	}
	assert.Equal(t, tr.Spans, n)
	assert.Equal(t, tr.Errors, failed)
	assert.Positive(t, failed)
}

func TestRowsAreTheWaterfalls(t *testing.T) {
	v := quietViewer(t)
	send(t, v, checkout()...)
	got := view[traceView](t, v, "/api/viewer/trace/"+strings.ToUpper(checkoutID))
	want := rows(v.store.trace(checkoutID))
	require.Len(t, got.Rows, len(want))
	for i, r := range want {
		g := got.Rows[i]
		assert.Equal(t, []any{r.ID, r.depth, r.place, r.Name, r.Service(), r.Duration, r.Timestamp - got.First, r.Failed()},
			[]any{g.ID, g.Depth, g.Span, g.Name, g.Service, g.Took, g.At, g.Failed})
		s := view[spanView](t, v, fmt.Sprintf("/api/viewer/trace/%s/span/%d", checkoutID, g.Span))
		assert.Equal(t, g.ID, s.ID, "asked for by its place")
	}
	assert.Equal(t, []logView{}, got.Lines, "never null")
}

func TestASpanIsShownWithAllThatIsKnown(t *testing.T) {
	v := quietViewer(t)
	const body = `[{"traceId":"b","id":"1"},{"traceId":"a","id":"2","parentId":"1","kind":"CLIENT","name":"get","timestamp":5000,"duration":7,"debug":true,
		"localEndpoint":{"serviceName":"front","ipv4":"10.0.0.1"},"remoteEndpoint":{"serviceName":"db","ipv6":"::1","port":5432},
		"annotations":[{"timestamp":5006,"value":"second"},{"timestamp":5001,"value":"first"}],
		"tags":{"b":"2","a":"1","error":"broke","otlp.link.0":"000000000000000000000000000000bb|00000000000000cc||{}|0","otlp.link.1":"b|1","own":"0000000000000000000000000000000a",
			"other":"463ac35c9f6413ad48485a3953bb6124","caller":"00-0000000000000000000000000000000b-0000000000000001-01"}},
		{"traceId":"a","id":"1","timestamp":4000}]`
	require.Equal(t, 202, ask(v, "POST", "/api/v2/spans", body).Code)
	s := view[spanView](t, v, "/api/viewer/trace/a/span/0")
	assert.Equal(t, "front 10.0.0.1", s.Local)
	assert.Equal(t, "db [::1]:5432", s.Remote)
	assert.Equal(t, Micros(1000), s.At)
	assert.Equal(t, Micros(5000), s.Start)
	assert.True(t, s.Debug && s.Failed)
	assert.Equal(t, "0000000000000001", s.ParentID)
	var keys []string
	for _, tag := range s.Tags {
		keys = append(keys, tag.Key)
	}
	assert.Equal(t, []string{"error", "a", "b", "caller", "other", "otlp.link.0", "otlp.link.1", "own"}, keys, "the error first")
	assert.Equal(t, []eventView{{At: 1001, Value: "first"}, {At: 1006, Value: "second"}}, s.Events)
	assert.Equal(t, []linkView{
		{Key: "caller", TraceID: "000000000000000b", SpanID: "0000000000000001", Held: true},
		{Key: "other", TraceID: "463ac35c9f6413ad48485a3953bb6124"},
		{Key: "otlp.link.0", TraceID: "00000000000000bb", SpanID: "00000000000000cc"},
	}, s.Links, "no link to itself; a link of the Collector's has both ids in full")
}

func TestWhatIsLargeIsCutAndSaid(t *testing.T) {
	v := quietViewer(t)
	big := strings.Repeat("é", 1<<19)
	s := Span{TraceID: "a", ID: "1", Name: big, LocalEndpoint: &Endpoint{ServiceName: big}, Tags: map[string]string{"big": big, big: "x", "error": big}, Annotations: []Annotation{{1, big}}}
	for i := range 300 {
		s.Tags[fmt.Sprint("k", i)] = "v"
		s.Annotations = append(s.Annotations, Annotation{2, "e"})
	}
	send(t, v, s)
	list := ask(v, "GET", "/api/viewer/traces", "")
	assert.Less(t, list.Body.Len(), 2000)
	trace := ask(v, "GET", "/api/viewer/trace/a", "")
	assert.Less(t, trace.Body.Len(), 4000)
	text := ask(v, "GET", "/api/viewer/trace/a/text", "")
	assert.Less(t, text.Body.Len(), 2000)

	got := view[spanView](t, v, "/api/viewer/trace/a/span/0")
	assert.Len(t, got.Tags, maxPairs)
	assert.Equal(t, 303-maxPairs, got.MoreTags)
	assert.Len(t, got.Events, maxPairs)
	assert.Equal(t, 301-maxPairs, got.MoreEvs)
	assert.Equal(t, tagView{Key: "error", Value: strings.Repeat("é", maxValueRunes-1) + "…", Bytes: 1 << 20}, got.Tags[0])
	assert.Equal(t, 1<<20, got.Events[0].Bytes)
	assert.Zero(t, got.Events[1].Bytes)
}

func TestNothingSteersOrHides(t *testing.T) {
	v := quietViewer(t)
	hostile := "a\x00b\x1b[31mc\u202ed\u200be\u2066f\u00adg\tx\ny<b>"
	clean := "a\ufffdb\ufffd[31mc\ufffdd\ufffde\ufffdf\ufffdg\tx\ny<b>"
	send(t, v, Span{TraceID: "a", ID: "1", Name: hostile, LocalEndpoint: &Endpoint{ServiceName: hostile}, Tags: map[string]string{hostile: hostile}, Annotations: []Annotation{{1, hostile}}})
	s := view[spanView](t, v, "/api/viewer/trace/a/span/0")
	assert.Equal(t, []string{clean, clean, clean, clean, clean}, []string{s.Name, s.Service, s.Tags[0].Key, s.Tags[0].Value, s.Events[0].Value})
	l := view[listView](t, v, "/api/viewer/traces").Traces[0]
	assert.Equal(t, []string{clean, clean}, []string{l.Name, l.Service})
	requireInert(t, ask(v, "GET", "/api/viewer/trace/a/text", "").Body.String(), 100)
}

func TestTracesAreFoundByTheirIDsAndByCorrelation(t *testing.T) {
	v := quietViewer(t)
	send(t, v,
		Span{TraceID: "a", ID: "1", Timestamp: 3, Tags: map[string]string{"correlation_id": "order-7"}},
		Span{TraceID: "b", ID: "1", Timestamp: 2, Tags: map[string]string{"X-Correlation-ID": "order-7", "note": "order-9"}},
		Span{TraceID: "c", ID: "1", Timestamp: 1},
		Span{TraceID: "463ac35c9f6413ad48485a3953bb6124", ID: "1"})
	logTo(v).Info("m", "trace_id", "c", "correlation_id", "order-7")
	logTo(v).Info("m", "trace_id", "c", "other", "order-9")
	for id, want := range map[string][]string{
		"order-7":                          {"000000000000000a", "000000000000000b", "000000000000000c"},
		"order-9":                          nil,
		"order":                            nil,
		" a ":                              {"000000000000000a"},
		"0B":                               {"000000000000000b"},
		"463AC35C9F6413AD48485A3953BB6124": {"463ac35c9f6413ad48485a3953bb6124"},
	} {
		var got []string
		for _, tr := range view[listView](t, v, "/api/viewer/traces?id="+url.QueryEscape(id)).Traces {
			got = append(got, tr.ID)
		}
		assert.Equal(t, want, got, id)
	}
	l := view[listView](t, v, "/api/viewer/traces?id=order-7&limit=2")
	assert.Len(t, l.Traces, 2)
	assert.Equal(t, 3, l.Matched)
	assert.Equal(t, http.StatusBadRequest, ask(v, "GET", "/api/viewer/traces?minDuration=x", "").Code)
}

func TestATraceAsText(t *testing.T) {
	v := quietViewer(t)
	send(t, v, checkout()...)
	w := ask(v, "GET", "/api/viewer/trace/"+checkoutID+"/text", "")
	assert.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	assert.Equal(t, draw(100, false, checkout()...), w.Body.String())
}

func TestWhatIsNotHeldIsNotFound(t *testing.T) {
	v := quietViewer(t)
	send(t, v, checkout()...)
	for target, want := range map[string]int{
		"/api/viewer/trace/b":                            404,
		"/api/viewer/trace/b/text":                       404,
		"/api/viewer/trace/x":                            400,
		"/api/viewer/trace/" + checkoutID + "/span/99":   404,
		"/api/viewer/trace/" + checkoutID + "/span/-1":   404,
		"/api/viewer/trace/" + checkoutID + "/span/zero": 404,
	} {
		assert.Equal(t, want, ask(v, "GET", target, "").Code, target)
	}
}
