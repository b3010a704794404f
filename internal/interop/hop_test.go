// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

// How long a test waits for what comes in its own time, and how often it looks.
const (
	waiting = 20 * time.Second
	tick    = 20 * time.Millisecond
)

// hop is a service that answers, and passes a request on to others: ours or a
// peer's, each a process of its own.
type hop struct {
	name, url string
	printed   *syncBuffer
}

// startHop starts a service that reads from its environment what its name is
// and where to listen, answers /health, writes its log to its standard output
// as JSON, and ends with its standard input.
func startHop(t testing.TB, name string, cmd *exec.Cmd) *hop {
	t.Helper()
	addr := "127.0.0.1:" + freePort(t)
	h := &hop{name: name, url: "http://" + addr + "/hop", printed: &syncBuffer{}}
	cmd.Env = append(cmd.Env, "HOP_NAME="+name, "HOP_ADDR="+addr)
	cmd.Stdout, cmd.Stderr = h.printed, h.printed
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stop := launch(t, answers("http://"+addr+"/health"), cmd, func() { _ = stdin.Close() })
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Logf("%s: %s", name, h.printed)
		}
	})
	return h
}

// lines returns what a service has logged, as far as it is JSON.
func (h *hop) lines() []map[string]any {
	var list []map[string]any
	for line := range strings.Lines(h.printed.String()) {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) == nil {
			list = append(list, fields)
		}
	}
	return list
}

// prints fails a test unless a service prints a text.
func prints(t testing.TB, h *hop, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(h.printed.String(), text) }, waiting, tick, "%s does not print %q", h.name, text)
}

// logs fails a test unless a service logs a message with a field.
func logs(t testing.TB, h *hop, message, field, value string) {
	t.Helper()
	require.Eventually(t, func() bool {
		return slices.ContainsFunc(h.lines(), func(line map[string]any) bool { return line["msg"] == message && line[field] == value })
	}, waiting, tick, "%s does not log %q with the %s %q", h.name, message, field, value)
}

// answer is what a hop says: the headers that came with the request, and of
// the next hop the headers of its answer and the answer.
type answer struct {
	Service  string            `json:"service"`
	Headers  map[string]string `json:"headers"`
	Answered map[string]string `json:"answered"`
	Next     *answer           `json:"next"`
	// TraceID is what a hop that can neither log nor report it says of itself.
	TraceID string `json:"trace_id"`
}

// at returns the answer of a hop.
func (a *answer) at(t testing.TB, name string) *answer {
	t.Helper()
	for ; a != nil; a = a.Next {
		if a.Service == name {
			return a
		}
	}
	t.Fatalf("the request did not come to %s", name)
	return nil
}

// via returns the URL of a request that takes the hops in order. The query is
// for the first of them.
func via(query string, hops ...*hop) string {
	var rest []string
	for _, h := range hops[1:] {
		rest = append(rest, h.url)
	}
	return hops[0].url + "?" + strings.TrimPrefix(query+"&via="+escaped(strings.Join(rest, ",")), "&")
}

func escaped(text string) string { return url.QueryEscape(text) }

// request sends a GET and returns the headers and the answer of the first hop.
func request(t testing.TB, client *http.Client, url string, headers map[string]string) (http.Header, *answer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(t, err)
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s", body)
	var a answer
	require.NoError(t, json.Unmarshal(body, &a), "%s", body)
	return resp.Header, &a
}

// nextHop splits the hops of a request as hop.py does.
func nextHop(via string) string {
	first, rest, more := strings.Cut(via, ",")
	if more {
		first += "?via=" + escaped(rest)
	}
	return first
}

// drawn shows a trace as a tree, a span a line: service, kind and name. A span
// that shares its id with its parent is marked as shared, and one whose parent
// is not there says so.
func drawn(spans []instrumenttest.ZipkinSpan) string {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b instrumenttest.ZipkinSpan) int {
		if a.Timestamp != b.Timestamp {
			return int(a.Timestamp - b.Timestamp)
		}
		return strings.Compare(a.LocalEndpoint.ServiceName, b.LocalEndpoint.ServiceName)
	})
	var out strings.Builder
	var draw func(s instrumenttest.ZipkinSpan, depth int, note string)
	below := func(id string, depth int) {
		for _, child := range spans {
			if child.ParentID == id && !child.Shared {
				draw(child, depth, "")
			}
		}
	}
	draw = func(s instrumenttest.ZipkinSpan, depth int, note string) {
		kind := strings.ToLower(s.Kind)
		if kind == "" {
			kind = "local"
		}
		fmt.Fprintf(&out, "%s%s %s %s%s\n", strings.Repeat("  ", depth), s.LocalEndpoint.ServiceName, kind, s.Name, note)
		for _, other := range spans {
			if other.Shared && other.ID == s.ID && !s.Shared {
				draw(other, depth+1, ", shared")
				return
			}
		}
		below(s.ID, depth+1)
	}
	for _, s := range spans {
		known := slices.ContainsFunc(spans, func(o instrumenttest.ZipkinSpan) bool {
			return o.ID == s.ParentID || o.ID == s.ID && s.Shared && !o.Shared
		})
		switch {
		case s.ParentID == "" && !s.Shared:
			draw(s, 0, "")
		case !known:
			draw(s, 0, ", of an unknown parent")
		}
	}
	return out.String()
}
