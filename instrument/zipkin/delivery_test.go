// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

func TestEachAnswerIsTakenForWhatItMeans(t *testing.T) {
	echo := "you sent hunter2 sk-0123456789 tok/abc+def aHVudGVyOmh1bnRlcjI= and tok%2Fabc%2Bdef"
	for name, tc := range map[string]struct {
		script   []instrumenttest.Answer
		options  []Option
		sent     uint64
		dropped  Dropped
		requests int
		says     string // part of the error; empty: there is none
	}{
		"200":                                 {script: []instrumenttest.Answer{instrumenttest.Status(200)}, sent: 9, requests: 1},
		"202":                                 {script: []instrumenttest.Answer{accepted}, sent: 9, requests: 1},
		"204":                                 {script: []instrumenttest.Answer{instrumenttest.Status(204)}, sent: 9, requests: 1},
		"299":                                 {script: []instrumenttest.Answer{instrumenttest.Status(299)}, sent: 9, requests: 1},
		"200 with a long body":                {script: []instrumenttest.Answer{instrumenttest.Status(200).WithBody(strings.Repeat("x", 100_000))}, sent: 9, requests: 1},
		"dripping 202":                        {script: []instrumenttest.Answer{instrumenttest.Drip(202, time.Millisecond)}, sent: 9, requests: 1},
		"endless 202":                         {script: []instrumenttest.Answer{instrumenttest.EndlessBody(202)}, sent: 9, requests: 1},
		"302":                                 {script: []instrumenttest.Answer{instrumenttest.Redirect("http://a:hunter2@other/x?k=sk-0123456789")}, dropped: Dropped{Rejected: 9}, requests: 1, says: `302 Found, a redirect to "http://REDACTED@other/x?k=REDACTED", which is refused`},
		"307":                                 {script: []instrumenttest.Answer{instrumenttest.Status(307).WithHeader("Location", "/elsewhere")}, dropped: Dropped{Rejected: 9}, requests: 1, says: `307 Temporary Redirect, a redirect to`},
		"304":                                 {script: []instrumenttest.Answer{instrumenttest.Status(304)}, dropped: Dropped{Rejected: 9}, requests: 1, says: "304 Not Modified"},
		"400":                                 {script: []instrumenttest.Answer{instrumenttest.Status(400).WithBody("no\n\x00 spans " + echo)}, dropped: Dropped{Rejected: 9}, requests: 1, says: `400 Bad Request: "no spans you sent REDACTED REDACTED REDACTED REDACTED and REDACTED"`},
		"401":                                 {script: []instrumenttest.Answer{instrumenttest.Status(401)}, dropped: Dropped{Rejected: 9}, requests: 1, says: "401 Unauthorized"},
		"404 of a very long text":             {script: []instrumenttest.Answer{instrumenttest.Status(404).WithBody(strings.Repeat("é", 1000))}, dropped: Dropped{Rejected: 9}, requests: 1, says: strings.Repeat("é", 128) + `…"`},
		"500":                                 {script: []instrumenttest.Answer{instrumenttest.Status(500)}, dropped: Dropped{Rejected: 9}, requests: 1, says: "500 Internal Server Error"},
		"501":                                 {script: []instrumenttest.Answer{instrumenttest.Status(501)}, dropped: Dropped{Rejected: 9}, requests: 1, says: "501"},
		"599":                                 {script: []instrumenttest.Answer{instrumenttest.Status(599)}, dropped: Dropped{Rejected: 9}, requests: 1, says: "599"},
		"dripping 500":                        {script: []instrumenttest.Answer{instrumenttest.Drip(500, time.Millisecond)}, dropped: Dropped{Rejected: 9}, requests: 1, says: "500"},
		"endless 400":                         {script: []instrumenttest.Answer{instrumenttest.EndlessBody(400)}, dropped: Dropped{Rejected: 9}, requests: 1, says: "400"},
		"429 and then 202":                    {script: []instrumenttest.Answer{instrumenttest.Status(429), accepted}, sent: 9, requests: 2},
		"502 and then 202":                    {script: []instrumenttest.Answer{instrumenttest.Status(502), accepted}, sent: 9, requests: 2},
		"503 and then 202":                    {script: []instrumenttest.Answer{instrumenttest.Status(503), accepted}, sent: 9, requests: 2},
		"504 and then 202":                    {script: []instrumenttest.Answer{instrumenttest.Status(504), accepted}, sent: 9, requests: 2},
		"503 and then 400":                    {script: []instrumenttest.Answer{instrumenttest.Status(503), instrumenttest.Status(400)}, dropped: Dropped{Rejected: 9}, requests: 2, says: "400"},
		"reset and then 202":                  {script: []instrumenttest.Answer{instrumenttest.Reset(), accepted}, sent: 9, requests: 2},
		"503 for ever":                        {script: []instrumenttest.Answer{instrumenttest.Status(503)}, options: []Option{WithTimeout(1500 * time.Millisecond)}, dropped: Dropped{Unavailable: 9}, requests: -2, says: "503 Service Unavailable, the last of"},
		"reset for ever":                      {script: []instrumenttest.Answer{instrumenttest.Reset()}, options: []Option{WithTimeout(1500 * time.Millisecond)}, dropped: Dropped{Unavailable: 9}, requests: -2, says: "the last of"},
		"hang":                                {script: []instrumenttest.Answer{instrumenttest.Hang()}, options: []Option{WithTimeout(time.Second)}, dropped: Dropped{Unavailable: 9}, requests: 1, says: "deadline exceeded"},
		"hang after 503":                      {script: []instrumenttest.Answer{instrumenttest.Status(503), instrumenttest.Hang()}, options: []Option{WithTimeout(1500 * time.Millisecond)}, dropped: Dropped{Unavailable: 9}, requests: 2, says: "deadline exceeded"},
		"503 asking for longer than there is": {script: []instrumenttest.Answer{instrumenttest.RetryAfter(503, "4")}, options: []Option{WithTimeout(3 * time.Second)}, dropped: Dropped{Unavailable: 9}, requests: 1, says: "503 Service Unavailable"},
		"429 with a Retry-After that is none": {script: []instrumenttest.Answer{instrumenttest.RetryAfter(429, "soon"), accepted}, sent: 9, requests: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := instrumenttest.NewCollector(t, tc.script...)
			e := dial(t, c.URL, tc.options...)
			err := e.ExportSpans(context.Background(), batch(9))
			stats := settled(t, e, err)
			assert.Equal(t, tc.sent, stats.Sent)
			assert.Equal(t, tc.dropped, stats.Dropped)
			assert.Len(t, c.Spans(), int(tc.sent))
			if tc.requests >= 0 {
				assert.Len(t, c.Requests(), tc.requests)
			} else {
				assert.GreaterOrEqual(t, len(c.Requests()), -tc.requests)
			}
			assert.EqualValues(t, len(c.Requests()), stats.Requests)
			assert.Equal(t, stats.Requests-1, stats.Retried)
			if tc.says == "" {
				assert.NoError(t, err)
				assert.Empty(t, stats.LastError)
				return
			}
			require.Error(t, err)
			assert.Contains(t, err.Error(), "zipkin: 9 of 9 spans dropped (9 ")
			assert.Contains(t, err.Error(), tc.says)
			assert.Equal(t, err.Error(), stats.LastError)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestDeadlineIsTheEarlierOfTimeoutAndContext(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Hang())
	e := dial(t, c.URL)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	err := e.ExportSpans(ctx, batch(2))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, Dropped{Unavailable: 2}, settled(t, e, err).Dropped)
}

func TestCanceledContextEndsTheExport(t *testing.T) {
	for name, answer := range map[string]instrumenttest.Answer{
		"during a request": instrumenttest.Hang(), "during a wait": instrumenttest.RetryAfter(503, "4"),
	} {
		t.Run(name, func(t *testing.T) {
			c := instrumenttest.NewCollector(t, answer)
			e := dial(t, c.URL)
			ctx, cancel := context.WithCancel(context.Background())
			go func() {
				c.WaitRequests(1)
				cancel()
			}()
			err := e.ExportSpans(ctx, batch(2))
			assert.ErrorIs(t, err, context.Canceled)
			assert.Equal(t, Dropped{Canceled: 2}, settled(t, e, err).Dropped)

			err = e.ExportSpans(ctx, batch(3))
			assert.ErrorIs(t, err, context.Canceled, "told each time")
			assert.Equal(t, Dropped{Canceled: 5}, settled(t, e, err).Dropped)
			assert.Len(t, c.Requests(), 1, "none is begun")
		})
	}
}

func TestRequestIsWhatZipkinTakes(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	e := dial(t, c.URL, WithHeaders(map[string]string{"x-extra": "1", "b3": "1", "Content-Type": "text/plain", "content-encoding": "br", "Host": "zipkin.example"}))
	require.NoError(t, e.ExportSpans(context.Background(), batch(1)))
	r := c.Requests()[0]
	assert.Equal(t, http.MethodPost, r.Method)
	assert.Equal(t, "/api/v2/spans?api_key=sk-0123456789", r.URL)
	assert.Equal(t, []string{"0"}, r.Header.Values("B3"), "the collector does not trace it")
	assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
	assert.Empty(t, r.Header.Get("Content-Encoding"))
	assert.Equal(t, "tok/abc+def", r.Header.Get("X-Token"))
	assert.Equal(t, "1", r.Header.Get("X-Extra"))
	assert.Equal(t, "zipkin.example", r.Header.Get("Host"))
	assert.Equal(t, "Basic aHVudGVyOmh1bnRlcjI=", r.Header.Get("Authorization"))
	assert.Empty(t, r.Header.Get("Traceparent"))
}

func TestLargeRequestsAreCompressed(t *testing.T) {
	for name, tc := range map[string]struct {
		spans   int
		options []Option
		want    string
	}{
		"below 1 KiB":     {2, nil, ""},
		"above 1 KiB":     {20, nil, "gzip"},
		"always":          {1, []Option{WithGzipAbove(0)}, "gzip"},
		"never":           {200, []Option{WithGzipAbove(-1)}, ""},
		"above some size": {20, []Option{WithGzipAbove(1 << 20)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := instrumenttest.NewCollector(t)
			e := dial(t, c.URL, tc.options...)
			for range 2 { // the second with the space of the first
				require.NoError(t, e.ExportSpans(context.Background(), batch(tc.spans)))
			}
			for _, r := range c.Requests() {
				assert.Equal(t, tc.want, r.Header.Get("Content-Encoding"))
				assert.Len(t, r.Spans, tc.spans)
				assert.Equal(t, tc.want == "", r.Wire == len(r.Body))
			}
			assert.EqualValues(t, c.Requests()[0].Wire+c.Requests()[1].Wire, e.Stats().Bytes)
		})
	}
}
