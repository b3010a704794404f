// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// sender is what the exporters of all signals have in common.
type sender struct {
	endpoint string
	secrets  *strings.Replacer
	probe    func(context.Context) error
	close    func() error // what was opened for the exporter

	once   sync.Once
	closed error
}

func newSender(s *settings) *sender {
	return &sender{endpoint: s.endpoint.String(), secrets: redactor(s.headers)}
}

// Endpoint is where it sends to.
func (s *sender) Endpoint() string { return s.endpoint }

// Probe sends an empty request, which a collector accepts and forgets.
func (s *sender) Probe(ctx context.Context) error { return s.told(s.probe(ctx)) }

func (s *sender) shutdown(err error) error {
	s.once.Do(func() { s.closed = s.close() })
	return s.told(errors.Join(err, s.closed))
}

// maxText bounds the text of an error: the collector's answer is part of it.
const maxText = 1024

// told is err as it may be shown: a collector may send back what it was sent.
func (s *sender) told(err error) error {
	if err == nil {
		return nil
	}
	text := s.secrets.Replace(err.Error())
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return said{text, err}
}

type said struct {
	text string
	err  error
}

func (s said) Error() string { return s.text }
func (s said) Unwrap() error { return s.err }

// redactor replaces the values of headers, and of each the part that follows
// a word such as Bearer.
func redactor(headers map[string]string) *strings.Replacer {
	var secrets []string
	for _, v := range headers {
		_, credentials, _ := strings.Cut(v, " ")
		for _, secret := range []string{v, strings.TrimSpace(credentials)} {
			if len(secret) > 3 {
				secrets = append(secrets, secret)
			}
		}
	}
	// The longest first: of one that begins as another does the rest would stay.
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, secret := range secrets {
		pairs = append(pairs, secret, "REDACTED")
	}
	return strings.NewReplacer(pairs...)
}

// metricSender is an exporter of metrics.
type metricSender struct {
	sdkmetric.Exporter
	*sender
}

// Export sends nothing when nothing has been measured, as is often so at the
// end of a program, which need not wait for a collector then.
func (m metricSender) Export(ctx context.Context, data *metricdata.ResourceMetrics) error {
	if len(data.ScopeMetrics) == 0 {
		return nil
	}
	return m.told(m.Exporter.Export(ctx, data))
}

func (m metricSender) Shutdown(ctx context.Context) error {
	return m.shutdown(m.Exporter.Shutdown(ctx))
}

// logSender is an exporter of log records.
type logSender struct {
	sdklog.Exporter
	*sender
}

func (l logSender) Export(ctx context.Context, records []sdklog.Record) error {
	return l.told(l.Exporter.Export(ctx, records))
}

func (l logSender) Shutdown(ctx context.Context) error {
	return l.shutdown(l.Exporter.Shutdown(ctx))
}
