// SPDX-License-Identifier: Apache-2.0

package instrument_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

func TestStartReportIsOneLineWithTheCollectorsAnswer(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	t.Setenv("OTEL_TRACES_SAMPELR", "always_on")
	var log lines
	setup(t, instrument.WithService("shop", "1.2.3"), instrument.WithZipkin(c.URL), instrument.WithSampleRatio(0.5),
		instrument.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "telemetry started") }, 5*time.Second, time.Millisecond)
	var started string
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "telemetry started") {
			started = line
		}
	}
	for _, part := range []string{`"service":"shop"`, `"version":"1.2.3"`, "ProbabilitySampler{0.5}", "traces zipkin " + c.URL + " (ok)", "traceparent", "OTEL_TRACES_SAMPELR", "nearest name OTEL_TRACES_SAMPLER", `"level":"WARN"`} {
		assert.Contains(t, started, part)
	}
	assert.Equal(t, "ok", instrument.Installed().Report().Exporters[0].Probe)
	assert.Len(t, c.Probes(), 1)
}

func TestReportSaysThatEverySpanIsRecorded(t *testing.T) {
	tel, _, err := built(t, nil, instrument.WithExporters(instrument.Console(io.Discard)), instrument.WithStatsD("127.0.0.1:8125"),
		instrument.WithKeepErrors(), instrument.WithSpanMetrics())
	require.NoError(t, err)
	assert.True(t, tel.Report().KeepErrors)
	assert.True(t, tel.Report().SpanMetrics)
	text := tel.Report().LogValue().String()
	assert.Contains(t, text, "keep_errors=true span_metrics=true")
	assert.Contains(t, text, "exporters=[statsd 127.0.0.1:8125 traces custom")
	assert.NotContains(t, text, "()")
	tel, _, err = built(t, nil, instrument.WithoutDefaultExporter())
	require.NoError(t, err)
	assert.NotContains(t, tel.Report().LogValue().String(), "keep_errors")
}

func TestProbeSaysWhatIsWrongAndFailsNothing(t *testing.T) {
	gone := instrumenttest.NewCollector(t)
	gone.Close()
	for name, tc := range map[string]struct{ url, want string }{
		"nobody listens":  {gone.URL, "refused"},
		"not a collector": {instrumenttest.NewCollector(t, instrumenttest.Status(404)).URL, "404"},
	} {
		t.Run(name, func(t *testing.T) {
			tel, err := instrument.New(context.Background(), instrument.WithZipkin(tc.url))
			require.NoError(t, err)
			assert.Eventually(t, func() bool { return strings.Contains(tel.Report().Exporters[0].Probe, tc.want) }, 5*time.Second, time.Millisecond, "%v", tel.Report().Exporters)
			require.NoError(t, tel.Shutdown(context.Background()))
		})
	}
}

func TestAHangingProbeDelaysNothing(t *testing.T) {
	noLeak(t)
	c := instrumenttest.NewCollector(t, instrumenttest.Hang())
	start := time.Now()
	tel, err := instrument.New(context.Background(), instrument.WithZipkin(c.URL))
	require.NoError(t, err)
	assert.Equal(t, "waiting", tel.Report().Exporters[0].Probe)
	require.NoError(t, tel.Shutdown(context.Background()))
	assert.Less(t, time.Since(start), time.Second)
	c.Close()
}

func TestNoSecretLeavesTheProcess(t *testing.T) {
	const secret = "s3cr3t"
	t.Setenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", "http://user:"+secret+"@127.0.0.1:1/api?key="+secret)
	t.Setenv("OTEL_EXPORTER_ZIPKIN_TIMEOUT", "200")
	t.Setenv("WAYMARK_HMAC_KEYS", secret+","+secret+secret)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERZ", "authorization="+secret)
	var log lines
	errs := &recordErrors{}
	tel, err := instrument.New(context.Background(), instrument.WithErrorHandler(errs), instrument.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	require.NoError(t, err)
	spans(tel, 1)
	flush := tel.ForceFlush(context.Background())
	require.Error(t, flush)
	assert.NotContains(t, flush.Error(), secret)
	assert.Eventually(t, func() bool { return tel.Report().Exporters[0].Probe != "waiting" }, 5*time.Second, time.Millisecond)
	for _, v := range []any{tel.Report(), tel.Stats(), errs.all()} {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		assert.NotContains(t, string(text), secret)
	}
	assert.NotContains(t, tel.Report().LogValue().String(), secret)
	_ = tel.Shutdown(context.Background())
}

func TestStatsHandlerAnswersForTheLiveSetup(t *testing.T) {
	h := instrument.StatsHandler()
	get := func(method string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/debug/telemetry", nil))
		return w
	}
	assert.Equal(t, http.StatusServiceUnavailable, get("GET").Code)
	c := instrumenttest.NewCollector(t)
	setup(t, instrument.WithService("shop", ""), instrument.WithZipkin(c.URL))
	spans(instrument.Installed(), 3)
	require.NoError(t, instrument.Installed().ForceFlush(context.Background()))
	var got struct {
		Report instrument.Report
		Stats  instrument.Stats
	}
	require.NoError(t, json.Unmarshal(get("GET").Body.Bytes(), &got))
	assert.Equal(t, "shop", got.Report.Service)
	assert.EqualValues(t, 3, got.Stats.Exporters[0].Sent)
	assert.Equal(t, c.URL, got.Stats.Exporters[0].Endpoint)
	assert.Equal(t, http.StatusMethodNotAllowed, get("POST").Code)
}

func TestTheSameFailureIsLoggedOnceInAWhile(t *testing.T) {
	e := &stubExporter{export: func(context.Context, []sdktrace.ReadOnlySpan) error { return errors.New("disk full") }}
	var log lines
	tel, err := instrument.New(context.Background(), e.option(), instrument.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	require.NoError(t, err)
	for range 5 {
		spans(tel, 1)
		require.Error(t, tel.ForceFlush(context.Background()))
	}
	assert.Equal(t, 1, strings.Count(log.String(), "telemetry failed"), "%s", log.String())
	assert.EqualValues(t, 5, tel.Stats().Errors)
	_ = tel.Shutdown(context.Background())
}
