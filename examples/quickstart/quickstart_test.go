// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-otel/waymark/instrument/viewer"
)

// quickstart is the program, built when it is needed, and once.
var quickstart = sync.OnceValues(func() (string, error) {
	name := filepath.Join(dir, "quickstart")
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	out, err := exec.Command("go", "build", "-o", name, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return name, nil
})

var dir string

func TestMain(m *testing.M) {
	var err error
	if dir, err = os.MkdirTemp("", "quickstart"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// exits runs the program with -once and returns its exit status and its words.
func exits(t *testing.T, env ...string) (int, string) {
	t.Helper()
	name, err := quickstart()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, "-once")
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("does not end: %s", out)
	}
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// collect serves a Zipkin endpoint that loses the spans that lose picks.
func collect(t *testing.T, lose func(viewer.Span) bool) (spansURL string) {
	t.Helper()
	v, err := viewer.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			v.Handler().ServeHTTP(w, r)
			return
		}
		var body io.Reader = r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			if body, err = gzip.NewReader(r.Body); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
		}
		var all, kept []viewer.Span
		if err := json.NewDecoder(body).Decode(&all); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		for _, span := range all {
			if !lose(span) {
				kept = append(kept, span)
			}
		}
		text, _ := json.Marshal(append([]viewer.Span{}, kept...))
		r2, _ := http.NewRequest(http.MethodPost, "/api/v2/spans", bytes.NewReader(text))
		v.Handler().ServeHTTP(w, r2)
	}))
	t.Cleanup(func() {
		s.Close()
		v.Close()
	})
	return s.URL + "/api/v2/spans"
}

func TestOnceEndsWellWithItsOwnViewer(t *testing.T) {
	t.Parallel()
	code, out := exits(t, "OTEL_EXPORTER_ZIPKIN_ENDPOINT=", "COLUMNS=100", "NO_COLOR=1")
	if code != 0 {
		t.Fatalf("exit status %d: %s", code, out)
	}
	for _, want := range []string{
		"24 spans of 3 requests arrived, each below its parent.",
		"level=ERROR msg=\"no price\" service=legacy trace_id=",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in:\n%s", want, out)
		}
	}
	if strings.Contains(out, "to the viewer") { // else a Zipkin server is running here
		for _, want := range []string{"8 spans, 3 services, 6 errors", "✗ no price list has this item"} {
			if !strings.Contains(out, want) {
				t.Errorf("%q is not in:\n%s", want, out)
			}
		}
	}
}

func TestOnceEndsWellWithACollectorOfTheEnvironment(t *testing.T) {
	t.Parallel()
	to := collect(t, func(viewer.Span) bool { return false })
	code, out := exits(t, "OTEL_EXPORTER_ZIPKIN_ENDPOINT="+to)
	if code != 0 || !strings.Contains(out, "24 spans of 3 requests arrived") {
		t.Errorf("exit status %d: %s", code, out)
	}
}

func TestOnceFailsWhenOneSpanIsLost(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(viewer.Span) bool{
		"a leaf": func(s viewer.Span) bool { return s.Failed() && strings.EqualFold(s.Name, "compute price") },
		"a root": func(s viewer.Span) bool { return s.Failed() && s.ParentID == "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out := exits(t, "OTEL_EXPORTER_ZIPKIN_ENDPOINT="+collect(t, lose))
			if code != 1 || !strings.Contains(out, "arrived 0 times, want once") && !strings.Contains(out, "404") {
				t.Errorf("exit status %d: %s", code, out)
			}
		})
	}
}

func TestOnceFailsWithoutTelemetry(t *testing.T) {
	t.Parallel()
	if code, out := exits(t, "OTEL_SDK_DISABLED=true", "OTEL_EXPORTER_ZIPKIN_ENDPOINT="+collect(t, func(viewer.Span) bool { return false })); code != 1 {
		t.Errorf("exit status %d: %s", code, out)
	}
}

func TestOnceFailsWhenNobodyCollects(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	if code, out := exits(t, "OTEL_EXPORTER_ZIPKIN_ENDPOINT="+s.URL+"/api/v2/spans"); code != 1 {
		t.Errorf("exit status %d: %s", code, out)
	}
}

func TestOnceCountsWhereNothingCanBeReadBack(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			http.NotFound(w, r)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	defer s.Close()
	code, out := exits(t, "OTEL_EXPORTER_ZIPKIN_ENDPOINT="+s.URL+"/api/v2/spans")
	if code != 0 || !strings.Contains(out, "The collector took 24 spans of 3 requests. They could not be read back: ") {
		t.Errorf("exit status %d: %s", code, out)
	}
}

// locked is written to by services that may still log when run has printed.
type locked struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// TestALegacyServiceThatDoesNotBelieveTheHeaderIsNoticed gives legacy another
// key: it starts traces of its own, and every span still arrives somewhere.
func TestALegacyServiceThatDoesNotBelieveTheHeaderIsNoticed(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", collect(t, func(viewer.Span) bool { return false }))
	var out locked
	err := run(t.Context(), &out, true, 0, 1, "another-secret")
	if err == nil || !strings.Contains(err.Error(), "legacy SERVER GET /prices/{item}: arrived 0 times") {
		t.Errorf("error is %v; output: %s", err, out.text.String())
	}
}

func TestItStaysUntilItIsTold(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", collect(t, func(viewer.Span) bool { return false }))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, w, false, time.Millisecond, 1, hmacKey)
		w.Close()
		ended <- err
	}()
	var text strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		text.Write(buf[:n])
		if strings.Contains(text.String(), "Ctrl-C ends") && strings.Count(text.String(), "service=front") > 3 {
			cancel() // a request came after the first three
		}
		if err != nil {
			break
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("error is %v; output: %s", err, &text)
	}
}

// TestTheFailedRequestIsKeptAtOneInAThousand also loses a span of it, to see
// that the check would notice.
func TestTheFailedRequestIsKeptAtOneInAThousand(t *testing.T) {
	for name, tc := range map[string]struct {
		lose func(viewer.Span) bool
		want string
	}{
		"kept": {lose: func(viewer.Span) bool { return false }},
		"lost": {lose: func(s viewer.Span) bool { return strings.EqualFold(s.Name, "look up item") }, want: "catalog look up item: arrived 0 times"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", collect(t, tc.lose))
			var out locked
			err := run(t.Context(), &out, true, 0, 0.001, hmacKey)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error is %v, want %q; output: %s", err, tc.want, out.text.String())
			}
		})
	}
}

func TestEachRequestIsALineOfStatsD(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", collect(t, func(viewer.Span) bool { return false }))
	var out locked
	if err := run(t.Context(), &out, true, 0, 1, hmacKey); err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{"front", "catalog", "legacy"} {
		if n := strings.Count(out.text.String(), "statsd: "+service+".http.server.request:"); n != len(requests) {
			t.Errorf("%d lines of %s, want %d; output: %s", n, service, len(requests), out.text.String())
		}
	}
}

// TestThePageHasLogsAndCountersToo looks where the page would.
func TestThePageHasLogsAndCountersToo(t *testing.T) {
	v, err := viewer.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var out locked
	if err := show(t.Context(), &out, collector{"", v.SpansURL(), v.URL(), v}, true, 0, 1, hmacKey); err != nil {
		t.Fatal(err)
	}
	for _, tr := range v.Traces() {
		w := httptest.NewRecorder()
		v.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/viewer/trace/"+tr.ID, nil))
		var page struct{ Lines []struct{ Message string } }
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		if n := len(page.Lines); n < 4 { // the item found, and an access log of each service
			t.Errorf("%d lines beside trace %s", n, tr.ID)
		}
	}
	w := httptest.NewRecorder()
	v.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/viewer/statsd", nil))
	if !strings.Contains(w.Body.String(), `"name":"catalog.http.server.request"`) {
		t.Errorf("no timer of catalog: %s", w.Body)
	}
}
