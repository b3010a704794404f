// SPDX-License-Identifier: Apache-2.0

package instrument_test

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/instrument"
	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/metricstest"
	"github.com/waymark-otel/waymark/metrics/spanmetrics"
)

func TestStatsDClientComesFromCodeThenEnvironment(t *testing.T) {
	code, environ := metricstest.NewServer(t), metricstest.NewServer(t)
	host, port, err := net.SplitHostPort(environ.Addr())
	require.NoError(t, err)
	both := variables{"STATSD_HOST": host, "STATSD_PORT": port}
	for name, tc := range map[string]struct {
		env  variables
		code []instrument.Option
		want *metricstest.Server
	}{
		"nobody asked":          {},
		"code":                  {code: []instrument.Option{instrument.WithStatsD(code.Addr())}, want: code},
		"environment":           {env: both, want: environ},
		"code before":           {env: both, code: []instrument.Option{instrument.WithStatsD(code.Addr())}, want: code},
		"the code leaves it":    {env: both, code: []instrument.Option{instrument.WithStatsD("")}, want: environ},
		"environment not asked": {env: both, code: []instrument.Option{instrument.WithoutEnvironment()}},
		"disabled":              {env: variables{"OTEL_SDK_DISABLED": "true"}, code: []instrument.Option{instrument.WithStatsD(code.Addr())}},
	} {
		t.Run(name, func(t *testing.T) {
			tel, errs, err := built(t, tc.env, append(tc.code, instrument.WithoutDefaultExporter())...)
			require.NoError(t, err)
			assert.Equal(t, tc.want != nil, tel.Metrics() != nil)
			tel.Metrics().Count("hits."+t.Name(), 2)
			require.NoError(t, tel.Shutdown(context.Background()))
			assert.Empty(t, errs.all())
			if tc.want != nil {
				tc.want.Wait(1)
				assert.EqualValues(t, 1, tel.Stats().StatsD.Sent)
				assert.Equal(t, "statsd", tel.Report().Exporters[0].Signal)
			}
		})
	}
}

func TestStatsDPrefixComesFromCodeThenEnvironment(t *testing.T) {
	for name, tc := range map[string]struct {
		code []metrics.Option
		want string
	}{
		"environment": {want: "live.hits"},
		"code":        {code: []metrics.Option{metrics.WithPrefix("shop")}, want: "shop.hits"},
	} {
		t.Run(name, func(t *testing.T) {
			server := metricstest.NewServer(t)
			tel, errs, err := built(t, variables{"STATSD_PREFIX": " live "}, instrument.WithoutDefaultExporter(), instrument.WithStatsD(server.Addr(), tc.code...))
			require.NoError(t, err)
			tel.Metrics().Count("hits", 1)
			require.NoError(t, tel.Shutdown(context.Background()))
			assert.Empty(t, errs.all())
			server.Wait(1)
			assert.EqualValues(t, 1, server.Count(tc.want))
		})
	}
}

func TestMistakesAboutStatsDAreNamed(t *testing.T) {
	_, errs, err := built(t, variables{"STATSD_HOST": "127.0.0.1", "STATSD_PORT": "http"}, instrument.WithoutDefaultExporter())
	require.NoError(t, err)
	require.Len(t, errs.all(), 1)
	assert.Contains(t, errs.all()[0], `STATSD_PORT="http"`)
	_, err = instrument.New(context.Background(), instrument.WithStatsD("nonsense://x"), instrument.WithoutDefaultExporter())
	assert.ErrorContains(t, err, "instrument: statsd: ")
	_, err = instrument.New(context.Background(), instrument.WithSpanMetrics(), instrument.WithoutDefaultExporter(), instrument.WithoutEnvironment())
	assert.EqualError(t, err, "instrument: span metrics need a StatsD client: add WithStatsD or set STATSD_HOST")
}

func TestAHostThatIsNoneNeverFailsTheProgram(t *testing.T) {
	for name, tc := range map[string]struct{ host, want string }{
		"with its port":  {"127.0.0.1:8125", "the port is for STATSD_PORT"},
		"in quotes":      {`"127.0.0.1"`, "is not a host name or an address"},
		"with spaces":    {"a b", "is not a host name or an address"},
		"with a scheme":  {"udp://localhost", "StatsD"},
		"with a user":    {"admin:s3cr3t@localhost", "StatsD"},
		"several hosts":  {"a,b", "is not a host name or an address"},
		"from a formula": {"${STATSD}", "is not a host name or an address"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, code := range [][]instrument.Option{nil, {instrument.WithStatsD("", metrics.WithPrefix("shop")), instrument.WithSpanMetrics()}} {
				tel, errs, err := built(t, variables{"STATSD_HOST": tc.host}, append(code, instrument.WithoutDefaultExporter())...)
				require.NoError(t, err)
				assert.Nil(t, tel.Metrics())
				require.Len(t, errs.all(), 1)
				assert.Contains(t, errs.all()[0], "instrument: STATSD_HOST=")
				assert.Contains(t, errs.all()[0], tc.want)
				assert.NotContains(t, errs.all()[0], "s3cr3t")
				spans(tel, 1)
			}
		})
	}
	for _, host := range []string{"localhost", "stats.example.com.", "::1", "[::1]", "fe80::1%lo"} {
		tel, errs, err := built(t, variables{"STATSD_HOST": host}, instrument.WithoutDefaultExporter())
		require.NoError(t, err)
		assert.NotNil(t, tel.Metrics(), host)
		assert.Empty(t, errs.all())
	}
	_, _, err := built(t, variables{"STATSD_HOST": "a b"}, instrument.WithStatsD("", metrics.WithFlushInterval(-1)))
	assert.ErrorContains(t, err, "instrument: statsd: metrics: flush interval", "a mistake in code is one still")
}

// TestSpanMetricsCountEverySpan at ratios that export few of them or none.
func TestSpanMetricsCountEverySpan(t *testing.T) {
	for _, ratio := range []float64{1, 0.1, 0} {
		server := metricstest.NewServer(t)
		tel, err := instrument.New(context.Background(), instrument.WithoutDefaultExporter(), instrument.WithSampleRatio(ratio),
			instrument.WithStatsD(server.Addr(), metrics.WithPrefix("shop")), instrument.WithSpanMetrics(), instrument.WithSpanMetrics([]spanmetrics.Option{}...))
		require.NoError(t, err)
		spans(tel, 100)
		require.NoError(t, tel.Shutdown(context.Background()))
		server.Wait(100)
		assert.EqualValues(t, 100, tel.Stats().StatsD.Sent)
	}
}

func TestFailedStatsDClosesTheExporters(t *testing.T) {
	var order []string
	_, err := instrument.New(context.Background(), opens(&closes{name: "exporter", order: &order}, nil), instrument.WithStatsD("nonsense://x"))
	require.Error(t, err)
	assert.Equal(t, []string{"exporter"}, order)
}
