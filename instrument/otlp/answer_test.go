// SPDX-License-Identifier: Apache-2.0

package otlp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/otlp"
)

// TestAnAnswerThatDoesNotEnd: success is known when the answer is whole, any
// other status at once.
func TestAnAnswerThatDoesNotEnd(t *testing.T) {
	breaks := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			w.WriteHeader(status)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	}
	hangs := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	endless := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		for err := error(nil); err == nil; {
			_, err = w.Write(make([]byte, 1<<16))
		}
	}
	for name, tc := range map[string]struct {
		answer   http.HandlerFunc // to the first request; the second succeeds
		requests int64
		sent     uint64
	}{
		"success breaks off":     {breaks(http.StatusOK), 2, 3},
		"success hangs":          {hangs, 2, 3},
		"busy breaks off":        {breaks(http.StatusServiceUnavailable), 2, 3},
		"busy without end":       {endless, 2, 3},
		"bad request breaks off": {breaks(http.StatusBadRequest), 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if len(body) > 0 && requests.Add(1) == 1 { // not the probe
					tc.answer(w, r)
				}
			}))
			defer server.Close()
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
			t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1000")
			tel, _ := start(t, instrument.WithExporters(otlp.Traces(otlp.HTTP)))
			work(tel, 3)
			_ = tel.ForceFlush(context.Background())
			got := tel.Stats().Exporters[0]
			assert.Equal(t, tc.requests, requests.Load())
			assert.Equal(t, tc.sent, got.Sent, got.LastError)
			assert.EqualValues(t, 3, got.Sent+got.DroppedBy["rejected"])
		})
	}
}

func TestShutdownOfTheExporterCancelsWhatIsUnderWay(t *testing.T) {
	arrived := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); len(body) > 0 {
			close(arrived)
			<-r.Context().Done()
		}
	}))
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	exporters, err := otlp.Traces(otlp.HTTP)(context.Background())
	assert.NoError(t, err)
	tel, _ := start(t, instrument.WithExporters(func(context.Context) (instrument.Exporters, error) { return exporters, nil }))
	work(tel, 3)
	flushed := make(chan error)
	go func() { flushed <- tel.ForceFlush(context.Background()) }()
	<-arrived
	assert.NoError(t, exporters.Spans.Shutdown(context.Background()))
	assert.Error(t, <-flushed)
	assert.Equal(t, map[string]uint64{"canceled": 3}, tel.Stats().Exporters[0].DroppedBy)
}

func TestNilContextsAndFunctions(t *testing.T) {
	for name, open := range map[string]opener{"http": otlp.HTTP, "grpc": otlp.GRPC, "by the environment": otlp.FromEnvironment, "traces": otlp.Traces(otlp.HTTP)} {
		var none context.Context
		exporters, err := open(none)
		assert.NoError(t, err, name)
		assert.NotNil(t, exporters.Spans, name)
		assert.NoError(t, exporters.Spans.Shutdown(context.Background()), name)
	}
	_, err := otlp.Traces(nil)(context.Background())
	assert.EqualError(t, err, "otlp: function given to Traces is nil")
}
