// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/samplers"
)

func TestRatioChangesWhileRunning(t *testing.T) {
	s := samplers.Adjustable(0)
	assert.Equal(t, sdktrace.Drop, ask(s, context.Background(), kept).Decision)
	require.NoError(t, s.Set(0.001))
	assert.Equal(t, 0.001, s.Ratio())
	got := ask(s, context.Background(), kept)
	assert.Equal(t, sdktrace.RecordAndSample, got.Decision)
	assert.Equal(t, "ot=th:ffbe77", got.Tracestate.String())
	assert.Equal(t, sdktrace.Drop, ask(s, context.Background(), dropped).Decision)
}

func TestRatioThatMakesNoSenseIsNotSet(t *testing.T) {
	s := samplers.Adjustable(0.5)
	for _, p := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -0.1, 1.1, 0x1p-57} {
		assert.Error(t, s.Set(p), p)
		assert.Equal(t, 0.5, s.Ratio())
	}
	assert.EqualError(t, s.Set(1.5), `samplers: ratio "1.5" is outside [0, 1]`)
	assert.Zero(t, samplers.Adjustable(math.NaN()).Ratio())
}

// Half of the goroutines change the ratio between two values and the others
// check that every decision and its threshold are of the same one.
func TestRatioChangesAtomicallyUnder64Goroutines(t *testing.T) {
	s := samplers.Adjustable(1)
	id := kept
	id[9] = 0x80 // kept at 1 and at one half
	var wg sync.WaitGroup
	for n := range 64 {
		if n%2 == 0 {
			wg.Go(func() {
				for i := range 200 {
					assert.NoError(t, s.Set([]float64{1, 0.5, 0.001}[i%3]))
				}
			})
			continue
		}
		wg.Go(func() {
			for range 200 {
				got := ask(s, context.Background(), id)
				switch got.Tracestate.String() {
				case "ot=th:0", "ot=th:8":
					assert.Equal(t, sdktrace.RecordAndSample, got.Decision)
				case "":
					assert.Equal(t, sdktrace.Drop, got.Decision)
				default:
					assert.Fail(t, "a threshold nobody set", got.Tracestate)
				}
			}
		})
	}
	wg.Wait()
}

func TestRatioIsReadAndSetOverHTTP(t *testing.T) {
	for name, tc := range map[string]struct {
		method, body string
		code         int
		answer       string
		ratio        float64
	}{
		"read":           {http.MethodGet, "", 200, "0.5\n", 0.5},
		"head":           {http.MethodHead, "", 200, "", 0.5},
		"put":            {http.MethodPut, "0.25", 200, "0.25\n", 0.25},
		"post":           {http.MethodPost, " 1e-3\n", 200, "0.001\n", 0.001},
		"never":          {http.MethodPut, "0", 200, "0\n", 0},
		"percent":        {http.MethodPut, "50%", 400, "samplers: ratio \"50%\" is not a number; write 0.5\n", 0.5},
		"too much":       {http.MethodPut, "1.5", 400, "samplers: ratio \"1.5\" is outside [0, 1]\n", 0.5},
		"not a number":   {http.MethodPut, "NaN", 400, "samplers: ratio \"NaN\" is not a number\n", 0.5},
		"infinity":       {http.MethodPut, "inf", 400, "samplers: ratio \"inf\" is outside [0, 1]\n", 0.5},
		"negative":       {http.MethodPost, "-1", 400, "samplers: ratio \"-1\" is outside [0, 1]\n", 0.5},
		"empty":          {http.MethodPut, "", 400, "samplers: ratio \"\" is not a number\n", 0.5},
		"spaces":         {http.MethodPut, " \n", 400, "samplers: ratio \"\" is not a number\n", 0.5},
		"form":           {http.MethodPost, "ratio=0.1", 400, "samplers: ratio \"ratio=0.1\" is not a number\n", 0.5},
		"hostile":        {http.MethodPut, "\x00\x1b[31m\r\n1", 400, "samplers: ratio \"\\x00\\x1b[31m\\r\\n1\" is not a number\n", 0.5},
		"endless":        {http.MethodPut, strings.Repeat("0", 1<<20), 400, "samplers: ratio \"" + strings.Repeat("0", 64) + "\" is longer than 64 bytes\n", 0.5},
		"another method": {http.MethodDelete, "", 405, "samplers: GET reads the ratio, PUT and POST set it\n", 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			s := samplers.Adjustable(0.5)
			server := httptest.NewServer(s)
			defer server.Close()
			req, err := http.NewRequest(tc.method, server.URL, strings.NewReader(tc.body))
			require.NoError(t, err)
			resp, err := server.Client().Do(req)
			require.NoError(t, err)
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, tc.code, resp.StatusCode)
			assert.Equal(t, tc.answer, string(body))
			assert.Equal(t, tc.ratio, s.Ratio())
			assert.Equal(t, "text/plain; charset=utf-8", resp.Header.Get("Content-Type"))
			if tc.code == http.StatusMethodNotAllowed {
				assert.Equal(t, "GET, HEAD, PUT, POST", resp.Header.Get("Allow"))
			}
		})
	}
}

func TestRatioIsNotSetByAnotherSite(t *testing.T) {
	s := samplers.Adjustable(0.5)
	req := httptest.NewRequest(http.MethodPost, "/sampling", strings.NewReader("1"))
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req)
	assert.Equal(t, http.StatusForbidden, w.Code)
	assert.Equal(t, 0.5, s.Ratio())
}

func TestRatioIsNotSetFromABodyThatBreaksOff(t *testing.T) {
	s := samplers.Adjustable(0.5)
	body := io.MultiReader(strings.NewReader("0.1"), iotest.ErrReader(errors.New("connection reset")))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/sampling", body))
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Equal(t, 0.5, s.Ratio())
}
