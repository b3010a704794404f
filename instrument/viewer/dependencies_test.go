// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

// call makes a span of a service with a kind, and the name of the other side.
func call(id, parent int, kind, service, other string, failed bool) Span {
	s := span(id, parent, service, "x", 0, ms)
	s.Kind = kind
	if other != "" {
		s.RemoteEndpoint = &Endpoint{ServiceName: other}
	}
	if failed {
		s.Tags = map[string]string{"error": ""}
	}
	return s
}

func TestDependenciesAreCountedAsZipkinDoes(t *testing.T) {
	shared := call(2, 1, "SERVER", "b", "", false)
	shared.Shared = true
	for name, tc := range map[string]struct {
		spans []Span
		want  []dependency
	}{
		"client and server":                {[]Span{call(1, 0, "CLIENT", "a", "b.example", false), call(2, 1, "SERVER", "b", "", false)}, []dependency{{"a", "b", 1, 0}}},
		"halves of one id":                 {[]Span{call(1, 0, "SERVER", "a", "", false), call(2, 1, "CLIENT", "a", "", false), shared}, []dependency{{"a", "b", 1, 0}}},
		"a database":                       {[]Span{call(1, 0, "SERVER", "a", "", false), call(2, 1, "CLIENT", "a", "db", true)}, []dependency{{"a", "db", 1, 1}}},
		"local spans between":              {[]Span{call(1, 0, "SERVER", "a", "", false), span(2, 1, "a", "work", 0, ms), call(3, 2, "CLIENT", "a", "", false), call(4, 3, "SERVER", "b", "", true)}, []dependency{{"a", "b", 1, 1}}},
		"a client of a client that failed": {[]Span{call(1, 0, "CLIENT", "a", "", true), call(2, 1, "CLIENT", "a", "db", false)}, []dependency{{"a", "db", 1, 1}}},
		"the client saw it fail":           {[]Span{call(1, 0, "CLIENT", "a", "", true), call(2, 1, "SERVER", "b", "", false)}, []dependency{{"a", "b", 1, 1}}},
		"a caller that is not traced":      {[]Span{call(1, 0, "SERVER", "a", "browser", false)}, []dependency{{"browser", "a", 1, 0}}},
		"a root of nobody":                 {[]Span{call(1, 0, "SERVER", "a", "", false)}, []dependency{}},
		"a queue":                          {[]Span{call(1, 0, "PRODUCER", "a", "kafka", false), call(2, 1, "CONSUMER", "b", "kafka", true)}, []dependency{{"a", "kafka", 1, 0}, {"kafka", "b", 1, 1}}},
		"no kind, both ends":               {[]Span{call(1, 0, "", "a", "b", false)}, []dependency{{"a", "b", 1, 0}}},
		"itself":                           {[]Span{call(1, 0, "CLIENT", "a", "", false), call(2, 1, "SERVER", "a", "", false)}, []dependency{{"a", "a", 1, 0}}},
		"a server that is not traced":      {[]Span{call(1, 0, "SERVER", "a", "", false), call(2, 1, "CLIENT", "b", "c", false)}, []dependency{{"a", "b", 1, 0}, {"b", "c", 1, 0}}},
		"parents that run in a circle":     {[]Span{call(1, 2, "", "a", "", false), call(2, 1, "", "a", "", false), call(3, 2, "CLIENT", "a", "b", false)}, []dependency{{"a", "b", 1, 0}}},
		"twice to the same, once not so":   {[]Span{call(1, 0, "CLIENT", "a", "b", false), call(2, 0, "CLIENT", "a", "b", true), call(3, 0, "CLIENT", "a", "c", false)}, []dependency{{"a", "b", 2, 1}, {"a", "c", 1, 0}}},
	} {
		t.Run(name, func(t *testing.T) {
			v := quietViewer(t)
			send(t, v, tc.spans...)
			assert.Equal(t, tc.want, view[[]dependency](t, v, "/api/v2/dependencies"))
		})
	}
}

func TestDependenciesAreThoseOfThePeriod(t *testing.T) {
	v := quietViewer(t)
	send(t, v, call(1, 0, "CLIENT", "a", "b", false)) // at epoch
	const at = int64(epoch) / 1000
	for target, want := range map[string]int{
		"":                           1,
		"?endTs=" + fmt.Sprint(at):   1,
		"?endTs=" + fmt.Sprint(at-1): 0,
		"?endTs=" + fmt.Sprint(at+10) + "&lookback=10": 1,
		"?endTs=" + fmt.Sprint(at+10) + "&lookback=9":  0,
		"?lookback=1000": 0,
	} {
		assert.Len(t, view[[]dependency](t, v, "/api/v2/dependencies"+target), want, target)
	}
	assert.Equal(t, http.StatusBadRequest, ask(v, "GET", "/api/v2/dependencies?endTs=x", "").Code)
}

func TestSeveralTracesAreAskedForAtOnce(t *testing.T) {
	v := quietViewer(t)
	ask(v, "POST", "/api/v2/spans", twoTraces)
	many := view[[][]Span](t, v, "/api/v2/traceMany?traceIds=463AC35C9F6413AD48485A3953BB6124,%20a,b")
	if assert.Len(t, many, 2) {
		assert.Equal(t, "463ac35c9f6413ad48485a3953bb6124", many[0][0].TraceID)
		assert.Len(t, many[1], 2)
	}
	assert.Empty(t, view[[][]Span](t, v, "/api/v2/traceMany?traceIds=c,d"))
	for _, target := range []string{"", "?traceIds=", "?traceIds=a", "?traceIds=a,0a", "?traceIds=a,x", "?traceIds=a,0"} {
		assert.Equal(t, http.StatusBadRequest, ask(v, "GET", "/api/v2/traceMany"+target, "").Code, target)
	}
}

func TestTheOtherSideAndNothingToComplete(t *testing.T) {
	v := quietViewer(t)
	send(t, v, call(1, 0, "CLIENT", "Front", "db", false), call(2, 0, "CLIENT", "front", "cache", false), call(3, 0, "CLIENT", "other", "x", false))
	assert.Equal(t, []string{"cache", "db"}, view[[]string](t, v, "/api/v2/remoteServices?serviceName=FRONT"))
	assert.Equal(t, []string{}, view[[]string](t, v, "/api/v2/remoteServices?serviceName=nobody"))
	assert.Equal(t, http.StatusBadRequest, ask(v, "GET", "/api/v2/remoteServices", "").Code)
	assert.Equal(t, "[]\n", ask(v, "GET", "/api/v2/autocompleteKeys", "").Body.String())
	assert.Equal(t, "[]\n", ask(v, "GET", "/api/v2/autocompleteValues?key=a", "").Body.String())
}
