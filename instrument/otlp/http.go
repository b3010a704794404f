// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"

	"github.com/waymark-otel/waymark/instrument"
)

// The endpoint is given with and without a scheme, and TLS as none, because
// what the environment says of them would hold otherwise.

func httpTraces(ctx context.Context, s *settings, out *instrument.Exporters) error {
	client, sender := newClient(s)
	e, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(s.endpoint.String()), otlptracehttp.WithTLSClientConfig(nil),
		otlptracehttp.WithHeaders(s.headers), otlptracehttp.WithCompression(compressions[s.gzip]),
		otlptracehttp.WithEncoding(otlptracehttp.EncodingProtobuf), otlptracehttp.WithHTTPClient(client),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: true, InitialInterval: firstWait, MaxInterval: longestWait, MaxElapsedTime: longestTry}))
	if err == nil {
		out.Spans = newSpanSender(e, sender)
	}
	return err
}

func httpMetrics(ctx context.Context, s *settings, out *instrument.Exporters) error {
	client, sender := newClient(s)
	e, err := otlpmetrichttp.New(ctx,
		otlpmetrichttp.WithEndpointURL(s.endpoint.String()), otlpmetrichttp.WithTLSClientConfig(nil),
		otlpmetrichttp.WithHeaders(s.headers), otlpmetrichttp.WithCompression(otlpmetrichttp.Compression(compressions[s.gzip])),
		otlpmetrichttp.WithHTTPClient(client),
		otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{Enabled: true, InitialInterval: firstWait, MaxInterval: longestWait, MaxElapsedTime: longestTry}))
	if err == nil {
		out.Metrics = metricSender{e, sender}
	}
	return err
}

func httpLogs(ctx context.Context, s *settings, out *instrument.Exporters) error {
	client, sender := newClient(s)
	e, err := otlploghttp.New(ctx,
		otlploghttp.WithEndpointURL(s.endpoint.String()), otlploghttp.WithTLSClientConfig(nil),
		otlploghttp.WithHeaders(s.headers), otlploghttp.WithCompression(otlploghttp.Compression(compressions[s.gzip])),
		otlploghttp.WithHTTPClient(client),
		otlploghttp.WithRetry(otlploghttp.RetryConfig{Enabled: true, InitialInterval: firstWait, MaxInterval: longestWait, MaxElapsedTime: longestTry}))
	if err == nil {
		out.Logs = logSender{e, sender}
	}
	return err
}

var compressions = map[bool]otlptracehttp.Compression{false: otlptracehttp.NoCompression, true: otlptracehttp.GzipCompression}

// newClient returns a client with connections of its own: an instrumented
// http.DefaultTransport would trace the sending of its own spans.
func newClient(s *settings) (*http.Client, *sender) {
	base := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       s.tls,
		TLSHandshakeTimeout:   10 * time.Second,
		ForceAttemptHTTP2:     true,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
	client := &http.Client{
		Transport: transport{base},
		Timeout:   s.timeout,
		// A POST that is followed as a GET delivers nothing and succeeds.
		CheckRedirect: func(r *http.Request, _ []*http.Request) error { return http.ErrUseLastResponse },
	}
	sender := newSender(s)
	sender.probe = func(ctx context.Context) error { return probeHTTP(ctx, client, s) }
	sender.close = func() error { base.CloseIdleConnections(); return nil }
	return client, sender
}

// probeHTTP posts an empty message, which in protobuf is no bytes at all.
func probeHTTP(ctx context.Context, client *http.Client, s *settings) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.endpoint.String(), http.NoBody)
	if err != nil {
		return err
	}
	for k, v := range s.headers {
		r.Header.Set(k, v)
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("otlp: %s answered %s", s.endpoint, resp.Status)
	}
	return nil
}

// transport counts requests, and lets the exporter ask again when a
// connection could not be made or broke, as the protocol demands.
type transport struct{ base *http.Transport }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	a := attemptsOf(r.Context())
	a.begin()
	resp, err := t.base.RoundTrip(r)
	if err == nil {
		err = readWhole(resp)
	}
	if err != nil {
		lasting := isLasting(err)
		a.end(!lasting)
		if !lasting && r.Context().Err() == nil {
			err = passing{err}
		}
		return nil, err
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		a.end(true)
	default:
		a.end(false)
	}
	return resp, nil
}

const (
	maxAnswer = 4<<20 + 1 // one byte more than the exporters take
	maxReason = 64 << 10
)

// readWhole reads the answer. One that says success and breaks off or hangs
// says as little as none, and the exporters would not ask again. Any other has
// said enough, and what follows may be without end.
func readWhole(resp *http.Response) error {
	success := resp.StatusCode/100 == 2
	most := int64(maxReason)
	if success {
		most = maxAnswer
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, most))
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(text))
	if !success {
		return nil
	}
	return err
}

// passing is an error that may be another one, or none, the next time.
type passing struct{ error }

func (p passing) Temporary() bool { return true }
func (p passing) Timeout() bool {
	timeout, ok := errors.AsType[net.Error](p.error)
	return ok && timeout.Timeout()
}
func (p passing) Unwrap() error { return p.error }

// isLasting finds certificates that are not trusted, and servers that speak
// something else.
func isLasting(err error) bool {
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	return certificate || plain || alert || invalid
}
