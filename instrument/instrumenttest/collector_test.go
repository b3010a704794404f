// SPDX-License-Identifier: Apache-2.0

package instrumenttest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
)

const oneSpan = `[{"traceId":"00000000000000000000000000000001","id":"0000000000000002","name":"a"}]`

// client has no memory of redirects or connections.
func client(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func post(t *testing.T, url, body string) (*http.Response, error) {
	t.Helper()
	resp, err := client(t).Post(url, "application/json", strings.NewReader(body))
	if err == nil {
		t.Cleanup(func() { resp.Body.Close() })
	}
	return resp, err
}

func TestScriptIsPlayedInOrderAndItsLastAnswerRepeats(t *testing.T) {
	c := instrumenttest.NewCollector(t,
		instrumenttest.Status(200).Times(2),
		instrumenttest.RetryAfter(429, "3"),
		instrumenttest.Status(204),
		instrumenttest.Redirect("http://127.0.0.1:1/elsewhere"),
		instrumenttest.Status(500).WithBody("no"))
	var got []int
	for range 7 {
		resp, err := post(t, c.URL, oneSpan)
		require.NoError(t, err)
		got = append(got, resp.StatusCode)
		switch resp.StatusCode {
		case 429:
			assert.Equal(t, "3", resp.Header.Get("Retry-After"))
		case 302:
			assert.Equal(t, "http://127.0.0.1:1/elsewhere", resp.Header.Get("Location"))
		case 500:
			body, _ := io.ReadAll(resp.Body)
			assert.Equal(t, "no", string(body))
		}
	}
	assert.Equal(t, []int{200, 200, 429, 204, 302, 500, 500}, got)
	assert.Len(t, c.Requests(), 7)
	assert.Len(t, c.Spans(), 3, "only those answered 2xx")
}

func TestAnEmptyScriptAcceptsEverything(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	for range 3 {
		resp, err := post(t, c.URL, oneSpan)
		require.NoError(t, err)
		assert.Equal(t, 202, resp.StatusCode)
	}
	assert.Len(t, c.WaitSpans(3), 3)
}

func TestCollectorRecordsHeadersWireSizeAndDecodedSpans(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	body := `[{"traceId":"00000000000000ab","id":"0000000000000002","parentId":"0000000000000001","name":"get","kind":"CLIENT",` +
		`"timestamp":1500000000000001,"duration":7,"debug":true,"shared":true,"localEndpoint":{"serviceName":"shop"},` +
		`"remoteEndpoint":{"ipv4":"10.0.0.1","port":80},"annotations":[{"timestamp":1500000000000002,"value":"hi"}],"tags":{"k":"v"}}]`
	var packed bytes.Buffer
	zw := gzip.NewWriter(&packed)
	_, _ = zw.Write([]byte(body))
	require.NoError(t, zw.Close())
	wire := packed.Len()
	req, err := http.NewRequest(http.MethodPost, c.URL+"?key=1", &packed)
	require.NoError(t, err)
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set("X-Key", "abc")
	resp, err := client(t).Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	got := c.WaitRequests(1)[0]
	assert.Equal(t, "abc", got.Header.Get("X-Key"))
	assert.Equal(t, "/api/v2/spans?key=1", got.URL)
	assert.Equal(t, body, string(got.Body))
	assert.Equal(t, wire, got.Wire)
	assert.True(t, got.Accepted())
	assert.Equal(t, []instrumenttest.ZipkinSpan{{
		TraceID: "00000000000000ab", ID: "0000000000000002", ParentID: "0000000000000001", Name: "get", Kind: "CLIENT",
		Timestamp: 1500000000000001, Duration: 7, Debug: true, Shared: true,
		LocalEndpoint:  instrumenttest.ZipkinEndpoint{ServiceName: "shop"},
		RemoteEndpoint: instrumenttest.ZipkinEndpoint{IPv4: "10.0.0.1", Port: 80},
		Annotations:    []instrumenttest.ZipkinAnnotation{{Timestamp: 1500000000000002, Value: "hi"}},
		Tags:           map[string]string{"k": "v"},
	}}, c.Spans())
}

func TestABodyThatIsNotSpansIsAnswered400AndRecorded(t *testing.T) {
	for name, body := range map[string]string{
		"not JSON":            `{`,
		"an object":           `{"traceId":"1"}`,
		"unknown field":       `[{"traceId":"0000000000000001","id":"0000000000000002","nam":"a"}]`,
		"short trace id":      `[{"traceId":"1","id":"0000000000000002"}]`,
		"upper case":          `[{"traceId":"00000000000000AB","id":"0000000000000002"}]`,
		"zero trace id":       `[{"traceId":"0000000000000000","id":"0000000000000002"}]`,
		"zero span id":        `[{"traceId":"0000000000000001","id":"0000000000000000"}]`,
		"bad parent":          `[{"traceId":"0000000000000001","id":"0000000000000002","parentId":"x"}]`,
		"its own parent":      `[{"traceId":"0000000000000001","id":"0000000000000002","parentId":"0000000000000002"}]`,
		"negative duration":   `[{"traceId":"0000000000000001","id":"0000000000000002","duration":-1}]`,
		"unknown kind":        `[{"traceId":"0000000000000001","id":"0000000000000002","kind":"OTHER"}]`,
		"timeless annotation": `[{"traceId":"0000000000000001","id":"0000000000000002","annotations":[{"value":"x"}]}]`,
		"more after the list": `[] []`,
		"invalid UTF-8":       "[{\"traceId\":\"0000000000000001\",\"id\":\"0000000000000002\",\"name\":\"\xff\"}]",
	} {
		t.Run(name, func(t *testing.T) {
			c := instrumenttest.NewCollector(t)
			resp, err := post(t, c.URL, body)
			require.NoError(t, err)
			assert.Equal(t, 400, resp.StatusCode)
			assert.Error(t, c.Requests()[0].Err)
			assert.Empty(t, c.Spans())
		})
	}
}

func TestAnEmptyListIsAProbeAndUsesNoAnswerUp(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Status(503), instrumenttest.Accepted())
	for range 2 {
		resp, err := post(t, c.URL, "[]")
		require.NoError(t, err)
		assert.Equal(t, 503, resp.StatusCode)
	}
	assert.Len(t, c.Probes(), 2)
	assert.Empty(t, c.Requests())
	resp, err := http.Get(strings.Replace(c.URL, "/api/v2/spans", "/health", 1))
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, 200, resp.StatusCode)
}

func TestHangHoldsTheRequestUntilItIsReleased(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Hang())
	answered := make(chan int, 1)
	go func() {
		resp, err := post(t, c.URL, oneSpan)
		if assert.NoError(t, err) {
			answered <- resp.StatusCode
		}
	}()
	assert.Zero(t, c.WaitRequests(1)[0].Status)
	assert.Empty(t, c.Spans())
	c.Release()
	assert.Equal(t, 202, <-answered)
	assert.Len(t, c.Spans(), 1)
}

func TestHangEndsWithTheClient(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Hang())
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, strings.NewReader(oneSpan))
	require.NoError(t, err)
	go func() {
		c.WaitRequests(1)
		cancel()
	}()
	_, err = client(t).Do(req) //nolint:bodyclose // there is none
	assert.ErrorIs(t, err, context.Canceled)
}

func TestResetBreaksTheConnection(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Reset(), instrumenttest.Accepted())
	_, err := post(t, c.URL, oneSpan)
	require.Error(t, err)

	assert.Empty(t, c.Spans())
	resp, err := post(t, c.URL, oneSpan)
	require.NoError(t, err)
	assert.Equal(t, 202, resp.StatusCode)
}

func TestBodiesThatDripOrNeverEndAreServedUntilTheClientLeaves(t *testing.T) {
	for name, answer := range map[string]instrumenttest.Answer{
		"drip":    instrumenttest.Drip(202, time.Millisecond),
		"endless": instrumenttest.EndlessBody(202),
	} {
		t.Run(name, func(t *testing.T) {
			c := instrumenttest.NewCollector(t, answer)
			resp, err := post(t, c.URL, oneSpan)
			require.NoError(t, err)
			assert.Equal(t, 202, resp.StatusCode)
			n, err := io.CopyN(io.Discard, resp.Body, 8)
			assert.NoError(t, err)
			assert.EqualValues(t, 8, n)
			assert.Len(t, c.Spans(), 1)
		})
	}
}

func TestTooLargeAnswers413BySize(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.TooLarge(len(oneSpan)))
	resp, err := post(t, c.URL, oneSpan)
	require.NoError(t, err)
	assert.Equal(t, 202, resp.StatusCode)
	resp, err = post(t, c.URL, oneSpan+" ")
	require.NoError(t, err)
	assert.Equal(t, 413, resp.StatusCode)
	assert.Len(t, c.Spans(), 1)
}

func TestAfterDelaysTheAnswer(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Accepted().After(20*time.Millisecond))
	start := time.Now()
	_, err := post(t, c.URL, oneSpan)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(start), 20*time.Millisecond)
}

func TestTLSCollectorIsTrustedByItsOwnConfigurationOnly(t *testing.T) {
	c := instrumenttest.NewTLSCollector(t)
	require.True(t, strings.HasPrefix(c.URL, "https://"))
	_, err := post(t, c.URL, oneSpan)
	var untrusted *tls.CertificateVerificationError
	require.ErrorAs(t, err, &untrusted)
	transport := &http.Transport{TLSClientConfig: c.TLSConfig()}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Post(c.URL, "application/json", strings.NewReader(oneSpan))
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, 202, resp.StatusCode)
	assert.Nil(t, instrumenttest.NewCollector(t).TLSConfig())
}

func TestClosedCollectorRefusesAndKeepsWhatItGot(t *testing.T) {
	c := instrumenttest.NewCollector(t)
	_, err := post(t, c.URL, oneSpan)
	require.NoError(t, err)
	c.Close()
	c.Close()
	_, err = post(t, c.URL, oneSpan)
	assert.Error(t, err)
	assert.Len(t, c.Spans(), 1)
}

func TestPlayReplacesTheScript(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Status(500))
	resp, err := post(t, c.URL, oneSpan)
	require.NoError(t, err)
	assert.Equal(t, 500, resp.StatusCode)
	c.Play(instrumenttest.Status(201))
	resp, err = post(t, c.URL, oneSpan)
	require.NoError(t, err)
	assert.Equal(t, 201, resp.StatusCode)
}

func TestCollectorTakesManyClientsAtOnce(t *testing.T) {
	c := instrumenttest.NewCollector(t, instrumenttest.Status(503).Times(10), instrumenttest.Accepted())
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			_, err := post(t, c.URL, oneSpan)
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	assert.Len(t, c.Requests(), 40)
	assert.Len(t, c.Spans(), 30)
}
