// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func started(t testing.TB, opts ...Option) *Viewer {
	v, err := Start("127.0.0.1:0", opts...)
	require.NoError(t, err)
	t.Cleanup(func() {
		// A connection that the client opened and did not need is one that a
		// server waits for.
		http.DefaultClient.CloseIdleConnections()
		assert.NoError(t, v.Close())
	})
	return v
}

func get(t testing.TB, url, host string) (int, string) {
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	require.NoError(t, err)
	if host != "" {
		r.Host = host
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

func TestSpansTravelOverHTTP(t *testing.T) {
	v := started(t)
	assert.Equal(t, v.URL()+"/api/v2/spans", v.SpansURL())
	resp, err := http.Post(v.SpansURL(), "application/json", strings.NewReader(twoTraces))
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusAccepted, resp.StatusCode)
	code, body := get(t, v.URL()+"/api/v2/services", "")
	assert.Equal(t, http.StatusOK, code)
	assert.Equal(t, `["Catalog","front"]`+"\n", body)
}

func TestProgramsReadTracesAndMayChangeThem(t *testing.T) {
	v := started(t)
	ask(v, "POST", "/api/v2/spans", wholeSpan)
	ask(v, "POST", "/api/v2/spans", twoTraces)

	traces := v.Traces()
	require.Len(t, traces, 3)
	assert.Equal(t, "5af7183fb1d4cf5f", traces[0].ID, "the latest first")
	assert.Equal(t, "463ac35c9f6413ad48485a3953bb6124", traces[2].ID)

	got, ok := v.Trace("00000000000000005AF7183fb1d4cf5f")
	require.True(t, ok)
	got.Spans[0].Tags["http.method"] = "changed"
	got.Spans[0].Annotations[0].Value = "changed"
	got.Spans[0].LocalEndpoint.ServiceName = "changed"
	again, _ := v.Trace("5af7183fb1d4cf5f")
	assert.Equal(t, traces[0], again)
	assert.Equal(t, "backend", again.Spans[0].Service())
	assert.Equal(t, time.UnixMicro(1556604172355737).UTC(), again.Spans[0].Timestamp.Time())
	assert.Equal(t, 1431*time.Microsecond, again.Spans[0].Duration.Duration())
	assert.False(t, again.Spans[0].Failed())

	for _, id := range []string{"", "0", "b", "not hex", strings.Repeat("1", 33)} {
		_, ok := v.Trace(id)
		assert.False(t, ok, id)
	}
}

func TestOnlyLoopbackUnlessToldOtherwise(t *testing.T) {
	for addr, want := range map[string]string{
		"0.0.0.0:0":      `viewer: address "0.0.0.0:0" is not a loopback address; WithAnyAddress allows it`,
		"[::]:0":         `viewer: address "[::]:0" is not a loopback address; WithAnyAddress allows it`,
		"192.0.2.1:9411": `viewer: address "192.0.2.1:9411" is not a loopback address; WithAnyAddress allows it`,
		"9411":           `viewer: address "9411" is not host:port`,
		"http://x:1":     `viewer: address "http://x:1" is not host:port`,
	} {
		v, err := Start(addr)
		assert.EqualError(t, err, want)
		assert.Nil(t, v)
	}
	for _, addr := range []string{":0", "localhost:0", "127.0.0.2:0"} {
		v, err := Start(addr)
		if addr == "127.0.0.2:0" && err != nil {
			continue // macOS has one loopback address only
		}
		require.NoError(t, err, addr)
		host, _, err := net.SplitHostPort(strings.TrimPrefix(v.URL(), "http://"))
		require.NoError(t, err)
		assert.True(t, net.ParseIP(host).IsLoopback(), v.URL())
		require.NoError(t, v.Close())
	}
	v, err := Start("0.0.0.0:0", WithAnyAddress())
	require.NoError(t, err)
	defer v.Close()
	assert.Contains(t, v.URL(), "http://127.0.0.1:", "an address to connect to")
	code, _ := get(t, v.URL()+"/health", "viewer.example")
	assert.Equal(t, http.StatusOK, code)
}

func TestWebPagesOfOthersReadAndWriteNothing(t *testing.T) {
	v := started(t)
	for host, want := range map[string]int{
		"rebound.example":      http.StatusForbidden,
		"rebound.example:9411": http.StatusForbidden,
		"localhost.example":    http.StatusForbidden,
		"192.0.2.1":            http.StatusForbidden,
		"localhost:9411":       http.StatusOK,
		"LOCALHOST.":           http.StatusOK,
		"viewer.localhost":     http.StatusOK,
		"[::1]:9411":           http.StatusOK,
		"127.0.0.1":            http.StatusOK,
	} {
		code, body := get(t, v.URL()+"/api/v2/services", host)
		assert.Equal(t, want, code, host+body)
	}
	for path, want := range map[string]int{"/": 403, "/api/viewer/traces": 403, "/api/viewer/live": 403, "/api/v2/spans": 403} {
		code, _ := get(t, v.URL()+path, "rebound.example")
		assert.Equal(t, want, code, path)
	}
	post := func(header, value, host string) int {
		r, err := http.NewRequest("POST", v.SpansURL(), strings.NewReader("[]"))
		require.NoError(t, err)
		r.Header.Set(header, value)
		r.Host = host
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		resp.Body.Close()
		return resp.StatusCode
	}
	assert.Equal(t, http.StatusForbidden, post("Sec-Fetch-Site", "cross-site", ""))
	assert.Equal(t, http.StatusForbidden, post("Origin", "https://other.example", ""))
	assert.Equal(t, http.StatusAccepted, post("Origin", v.URL(), ""))
	assert.Equal(t, http.StatusForbidden, post("Origin", "http://rebound.example:9411", "rebound.example:9411"), "same origin, by a name of its own")
	assert.Equal(t, http.StatusForbidden, post("Sec-Fetch-Site", "same-origin", "rebound.example:9411"))
	assert.Equal(t, http.StatusAccepted, post("X", "from a container", "host.docker.internal:9411"))
}

func TestATakenPortIsTold(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"nothing there":      http.NotFound,
		"up, but as a text":  func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "UP") },
		"down":               func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"status":"DOWN"}`) },
		"up, and overloaded": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503); io.WriteString(w, `{"status":"UP"}`) },
		"it leads elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, started(t).URL()+"/health", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(answer)
			defer s.Close()
			v, err := Start(s.Listener.Addr().String())
			assert.ErrorIs(t, err, ErrAddressInUse)
			assert.EqualError(t, err, "viewer: address is in use: "+s.Listener.Addr().String())
			assert.Nil(t, v)
		})
	}
}

func TestACollectorThatListensAlreadyIsUsed(t *testing.T) {
	first := started(t)
	v, err := Start(strings.TrimPrefix(first.URL(), "http://"), WithOutput(&screen{}), WithStatsD("127.0.0.1:0"))
	require.NoError(t, err)
	assert.True(t, v.Elsewhere())
	assert.False(t, first.Elsewhere())
	assert.Equal(t, first.URL(), v.URL())
	assert.Equal(t, first.SpansURL(), v.SpansURL())

	resp, err := http.Post(v.SpansURL(), "application/json", strings.NewReader(twoTraces))
	require.NoError(t, err)
	resp.Body.Close()
	assert.Len(t, first.Traces(), 2)

	assert.Empty(t, v.Traces())
	assert.Zero(t, v.Stats())
	_, ok := v.Trace("a")
	assert.False(t, ok)
	assert.Equal(t, http.StatusNotFound, ask(v, "GET", "/", "").Code)
	assert.Empty(t, v.StatsDAddr())
	assert.False(t, v.SlogHandler(nil).Enabled(t.Context(), slog.LevelError))
	_, err = io.WriteString(v.StatsD(), "a:1|c")
	require.NoError(t, err)
	require.NoError(t, v.Close())
	code, _ := get(t, first.URL()+"/health", "")
	assert.Equal(t, http.StatusOK, code, "closing one does not close the other")
}

func TestWrongOptionsAreErrors(t *testing.T) {
	for want, o := range map[string]Option{
		`viewer: maximum of 0 bytes is not positive`:  WithMaxBytes(0),
		`viewer: maximum of -1 bytes is not positive`: WithMaxBytes(-1),
		`viewer: quiet time "-1s" is not positive`:    WithQuietTime(-time.Second),
		`viewer: quiet time "0s" is not positive`:     WithQuietTime(0),
	} {
		v, err := Start("127.0.0.1:0", o)
		assert.EqualError(t, err, want)
		assert.Nil(t, v)
	}
	v, err := Start("127.0.0.1:0", nil, WithOutput(nil))
	require.NoError(t, err)
	require.NoError(t, v.Close())
}

func TestNilViewerDoesNothing(t *testing.T) {
	var v *Viewer
	assert.Empty(t, v.URL())
	assert.Empty(t, v.SpansURL())
	assert.Empty(t, v.Traces())
	assert.Zero(t, v.Stats())
	_, ok := v.Trace("a")
	assert.False(t, ok)
	assert.Equal(t, http.StatusNotFound, ask(v, "GET", "/", "").Code)
	assert.False(t, v.Elsewhere())
	assert.Empty(t, v.StatsDAddr())
	assert.False(t, v.SlogHandler(nil).Enabled(t.Context(), slog.LevelError))
	n, err := io.WriteString(v.StatsD(), "a:1|c")
	assert.NoError(t, err)
	assert.Equal(t, 5, n)
	assert.NoError(t, v.Shutdown(t.Context()))
	assert.NoError(t, v.Close())
}

func TestShutdownFromAnywhereLeavesNothingBehind(t *testing.T) {
	s := &screen{}
	v, err := Start("127.0.0.1:0", WithOutput(s))
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{}}
	resp, err := client.Post(v.SpansURL(), "application/json", strings.NewReader(twoTraces))
	require.NoError(t, err)
	resp.Body.Close()
	client.CloseIdleConnections()
	require.Contains(t, goroutines(), "viewer.(*printer)", "or the end of this test finds nothing whatever happens")

	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() { assert.NoError(t, v.Shutdown(t.Context())) })
	}
	wg.Wait()
	assert.Equal(t, 2, strings.Count(s.take(), "trace "), "what waited was printed")
	assert.Equal(t, 2, v.Stats().Traces, "traces outlive the server")
	_, err = net.Dial("tcp", strings.TrimPrefix(v.URL(), "http://"))
	assert.Error(t, err)
	for _, ours := range []string{"viewer.Start", "viewer.(*printer)", "http.(*conn).serve"} {
		assert.Eventually(t, func() bool { return !strings.Contains(goroutines(), ours) }, 10*time.Second, time.Millisecond, ours)
	}
}

func TestShutdownTakesNoContextForOneThatNeverEnds(t *testing.T) {
	v, err := Start("127.0.0.1:0", WithOutput(&screen{}))
	require.NoError(t, err)
	followed(t, v)
	var none context.Context
	assert.NoError(t, v.Shutdown(none))
}

func goroutines() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

func TestShutdownCutsWhatDoesNotEnd(t *testing.T) {
	v, err := Start("127.0.0.1:0")
	require.NoError(t, err)
	conn, err := net.Dial("tcp", strings.TrimPrefix(v.URL(), "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /api/v2/spans HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n")
	require.NoError(t, err)
	_, err = io.ReadFull(conn, make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))) // the handler reads the body
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, v.Shutdown(ctx), context.Canceled)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err = io.ReadAll(conn)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the connection was cut, not left")
}
