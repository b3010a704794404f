// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/httpwrap"
	"github.com/waymark-otel/waymark/instrument/viewer"
	"github.com/waymark-otel/waymark/logbridge"
)

// Who drives the browser, and who judges what it shows.
const (
	playwrightVersion = "1.65.1"
	axeVersion        = "4.14.1"
)

// browser returns a Chromium: the one that is here, else Debian's, which only
// an administrator can install.
func browser(t testing.TB) string {
	t.Helper()
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}
	for try := range 2 {
		for _, name := range names {
			if path, err := exec.LookPath(name); err == nil {
				if out, err := output(t.TempDir(), nil, path, "--version"); err == nil {
					named(t, regexp.MustCompile(`\d+(\.\d+){3}`).FindString(string(out)))
				}
				return path
			}
		}
		if try > 0 || os.Geteuid() != 0 {
			break
		}
		if out, err := apt(t, t.TempDir(), "apt-get", "install", "--yes", "--no-install-recommends", "chromium"); err != nil {
			unavailable(t, "chromium cannot be installed: %v\n%s", err, out)
		}
	}
	unavailable(t, "none of %s is here", strings.Join(names, ", "))
	return ""
}

// scenarios are what testdata/viewer/browser.js must report, each with "ok".
var scenarios = []string{
	"open", "search", "open a trace by keyboard", "expand a span", "fold by keyboard", "logs beside the trace", "links between traces", "counters",
	"copy JSON and text", "permalink", "live update while requests arrive", "hostile names are inert", "the policy holds",
	"ten thousand spans", "phone width", "nothing serious found by axe", "what is gone is said",
}

// TestTheViewersPageInABrowser uses the page as a developer would.
func TestTheViewersPageInABrowser(t *testing.T) {
	usesAll(t, row{name: "axe-core", version: axeVersion, from: "npm"}, row{name: "playwright-core", version: playwrightVersion, from: "npm"})
	node, npm := tool(t, "node"), tool(t, "npm")
	uses(t, "Chromium", "any", "Debian")
	chromium := browser(t)
	dir := installed(t, "playwright-core-"+playwrightVersion+"-axe-core-"+axeVersion, func(dir string) ([]byte, error) {
		return output(dir, nil, npm, "install", "--prefix", dir, "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund",
			"playwright-core@"+playwrightVersion, "axe-core@"+axeVersion)
	})
	v, err := viewer.Start("127.0.0.1:0", viewer.WithStatsD("127.0.0.1:0"))
	require.NoError(t, err)
	defer v.Close()
	shop := browsedShop(t, v)
	manySpans(t, v)

	script, err := filepath.Abs("testdata/viewer/browser.js")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, script)
	cmd.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(dir, "node_modules"),
		"VIEWER="+v.URL(), "SHOP="+shop, "STATSD="+v.StatsDAddr(), "CHROMIUM="+chromium, "PROFILE="+t.TempDir(), "SCREENSHOTS="+os.Getenv("VIEWER_SCREENSHOTS"))
	var told, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &told, &complaints
	assert.NoError(t, cmd.Run())
	seen := map[string]string{}
	for line := range strings.Lines(told.String()) {
		var r struct{ Name, Result string }
		require.NoError(t, json.Unmarshal([]byte(line), &r), line)
		seen[r.Name] = r.Result
	}
	for _, name := range scenarios {
		t.Run(name, func(t *testing.T) { assert.Equal(t, "ok", seen[name]) })
		delete(seen, name)
	}
	assert.Empty(t, seen, "a scenario that is not in the list")
	if t.Failed() {
		t.Logf("%s", complaints.String())
	}
}

// browsedShop is a service whose spans, and whose log lines, the viewer shows
// as soon as a request is answered. It returns its address.
func browsedShop(t *testing.T, v *viewer.Viewer) string {
	t.Helper()
	tel, err := instrument.New(t.Context(), instrument.WithoutEnvironment(), instrument.WithService("shop", "1"),
		instrument.WithZipkin(v.SpansURL()), instrument.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, tel.Shutdown(context.Background())) })
	log := slog.New(logbridge.TraceContext(v.SlogHandler(nil)))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		err := instrument.Do(r.Context(), "price order", func(ctx context.Context) error {
			instrument.AddEvent(ctx, "cache miss")
			log.InfoContext(ctx, "pricing", "order", r.PathValue("id"))
			if r.PathValue("id") == "13" {
				return fmt.Errorf("no price for 13")
			}
			return nil
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	wrapped := httpwrap.Handler(mux, httpwrap.WithTracerProvider(tel.TracerProvider()), httpwrap.WithPropagator(tel.Propagator()))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		wrapped.ServeHTTP(answer, r)
		if err := tel.ForceFlush(r.Context()); err != nil {
			t.Errorf("spans of the shop: %v", err)
		}
		for k, values := range answer.Header() {
			w.Header()[k] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = io.Copy(w, answer.Body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// manySpans posts a trace of ten thousand spans, id bb, five below each.
func manySpans(t *testing.T, v *viewer.Viewer) {
	t.Helper()
	const n = 10_000
	begin := viewer.Micros(time.Now().Add(-time.Hour).UnixMicro())
	for from := 1; from <= n; from += 500 {
		var spans []viewer.Span
		for i := from; i < from+500; i++ {
			s := viewer.Span{
				TraceID: "00000000000000bb", ID: fmt.Sprintf("%016x", i), Name: fmt.Sprintf("span %d", i), Timestamp: begin + viewer.Micros(i*100), Duration: 5000,
				LocalEndpoint: &viewer.Endpoint{ServiceName: fmt.Sprintf("service-%d", i%12)},
			}
			if i > 1 {
				s.ParentID = fmt.Sprintf("%016x", max(1, i/5))
			}
			if i == 7777 {
				s.Tags = map[string]string{"error": "the only one"}
			}
			spans = append(spans, s)
		}
		body, err := json.Marshal(spans)
		require.NoError(t, err)
		resp, err := http.Post(v.SpansURL(), "application/json", bytes.NewReader(body))
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, http.StatusAccepted, resp.StatusCode)
	}
}
