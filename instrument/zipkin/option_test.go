// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"context"
	"crypto/tls"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

func TestOptionsThatAreWrongFailNew(t *testing.T) {
	header := func(name, value string) []Option {
		return []Option{WithHeaders(map[string]string{name: value})}
	}
	for want, options := range map[string][]Option{
		`zipkin: timeout "0s" is not positive`:                        {WithTimeout(0)},
		`zipkin: timeout "-1s" is not positive`:                       {WithTimeout(-time.Second)},
		`zipkin: request size "0" is not positive`:                    {WithMaxRequestBytes(0)},
		`zipkin: error interval "-1ns" is negative`:                   {WithErrorInterval(-1)},
		`zipkin: WithTLSConfig and WithClient exclude each other`:     {WithTLSConfig(&tls.Config{}), WithClient(&http.Client{})},
		`zipkin: header name "" is not an HTTP token`:                 header("", "x"),
		`zipkin: header name "a b" is not an HTTP token`:              header("a b", "x"),
		`zipkin: header name "a:" is not an HTTP token`:               header("a:", "x"),
		"zipkin: the value of header \"Key\" has a control character": header("Key", "secret\r\nX: 1"),
	} {
		_, err := New("http://zipkin", options...)
		assert.EqualError(t, err, want)
	}
	_, err := New("unix:///run/z.sock", WithClient(&http.Client{}))
	assert.EqualError(t, err, "zipkin: a unix URL and WithClient exclude each other")
}

func TestOptionsOfNilAreTheDefault(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	e := dial(t, c.URL, WithClient(nil), WithTLSConfig(nil), WithHeaders(nil))
	require.NoError(t, e.ExportSpans(context.Background(), batch(1)))
	assert.Len(t, c.Spans(), 1)
}

func TestEnvironmentHoldsWhereTheProgramSaysNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		url, endpoint, timeout string
		options                []Option
		want                   string
		wantTimeout            time.Duration
		told                   string
	}{
		"nothing set":       {want: DefaultURL, wantTimeout: 10 * time.Second},
		"empty and spaces":  {endpoint: "  ", timeout: " ", want: DefaultURL, wantTimeout: 10 * time.Second},
		"set":               {endpoint: " http://e/x ", timeout: " 2500 ", want: "http://e/x", wantTimeout: 2500 * time.Millisecond},
		"code wins":         {url: "http://c/x", endpoint: "http://e/x", timeout: "2500", options: []Option{WithTimeout(time.Minute)}, want: "http://c/x", wantTimeout: time.Minute},
		"wrong and unused":  {url: "http://c/x", endpoint: "%", timeout: "x", options: []Option{WithTimeout(time.Minute)}, want: "http://c/x", wantTimeout: time.Minute},
		"bad endpoint":      {endpoint: "http://u:secret@:80", want: DefaultURL, wantTimeout: 10 * time.Second, told: `zipkin: OTEL_EXPORTER_ZIPKIN_ENDPOINT "http://REDACTED@:80" has no host; http://127.0.0.1:9411/api/v2/spans is used`},
		"timeout with unit": {timeout: "10s", want: DefaultURL, wantTimeout: 10 * time.Second, told: `zipkin: OTEL_EXPORTER_ZIPKIN_TIMEOUT "10s" is not a number of milliseconds from 1 to 86400000; 10s is used`},
		"timeout zero":      {timeout: "0", want: DefaultURL, wantTimeout: 10 * time.Second, told: `zipkin: OTEL_EXPORTER_ZIPKIN_TIMEOUT "0" is not`},
		"timeout negative":  {timeout: "-1", want: DefaultURL, wantTimeout: 10 * time.Second, told: `zipkin: OTEL_EXPORTER_ZIPKIN_TIMEOUT "-1" is not`},
		"timeout overflows": {timeout: "99999999999999999999", want: DefaultURL, wantTimeout: 10 * time.Second, told: `zipkin: OTEL_EXPORTER_ZIPKIN_TIMEOUT "99999999999999999999" is not`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", tc.endpoint)
			t.Setenv("OTEL_EXPORTER_ZIPKIN_TIMEOUT", tc.timeout)
			told := handled(t)
			e, err := New(tc.url, tc.options...)
			require.NoError(t, err)
			assert.Equal(t, tc.want, e.Endpoint())
			assert.Equal(t, tc.wantTimeout, e.timeout)
			if tc.told == "" {
				assert.Empty(t, told())
				return
			}
			require.Len(t, told(), 1)
			assert.Contains(t, told()[0], tc.told)
		})
	}
}

func TestTimeoutOfTheEnvironmentEndsAHangingExport(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_ZIPKIN_TIMEOUT", "50")
	c := instrumenttest.NewCollector(t, instrumenttest.Hang())
	t.Setenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", c.URL)
	e, err := New("")
	require.NoError(t, err)
	err = e.ExportSpans(context.Background(), batch(1))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	settled(t, e, err)
}
