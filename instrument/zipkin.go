// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/exporters/zipkin"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// WithZipkin adds an exporter of Zipkin v2 JSON to url, such as
// DefaultZipkinURL. An empty url means OTEL_EXPORTER_ZIPKIN_ENDPOINT, and
// DefaultZipkinURL without it. OTEL_EXPORTER_ZIPKIN_TIMEOUT bounds each
// request, by default 10 s. Called several times, spans go to each.
func WithZipkin(url string) Option {
	return optionFunc(func(c *config) {
		url := strings.TrimSpace(url)
		if url != "" {
			if err := checkURL(url); err != nil {
				c.fail("zipkin: %w", err)
				return
			}
		}
		c.exporters = append(c.exporters, opener{name: "zipkin", zipkinURL: url})
	})
}

// zipkinExporter is the exporter with what the start report asks it.
type zipkinExporter struct {
	sdktrace.SpanExporter
	url    string
	client *http.Client
}

func openZipkin(url string, timeout time.Duration) (Exporters, error) {
	// A transport of its own: http.DefaultTransport may be instrumented, and
	// then each export would make a span to export.
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 2, IdleConnTimeout: 90 * time.Second}, Timeout: timeout}
	e, err := zipkin.New(url, zipkin.WithClient(client), zipkin.WithHeaders(map[string]string{"b3": "0"}))
	if err != nil {
		return Exporters{}, redactError(err, url)
	}
	return Exporters{Spans: &zipkinExporter{SpanExporter: e, url: url, client: client}}, nil
}

// ExportSpans keeps the endpoint's credentials out of the error.
func (e *zipkinExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	return redactError(e.SpanExporter.ExportSpans(ctx, spans), e.url)
}

// Shutdown also gives back the idle connections.
func (e *zipkinExporter) Shutdown(ctx context.Context) error {
	defer e.client.CloseIdleConnections()
	return e.SpanExporter.Shutdown(ctx)
}

// Endpoint is where spans go, without credentials.
func (e *zipkinExporter) Endpoint() string { return redactURL(e.url) }

// Probe sends an empty list of spans, which a collector accepts and forgets.
func (e *zipkinExporter) Probe(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader([]byte("[]")))
	if err != nil {
		return redactError(err, e.url)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("b3", "0")
	resp, err := e.client.Do(req)
	if err != nil {
		return redactError(err, e.url)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the collector answers %d to an empty list of spans", resp.StatusCode)
	}
	return nil
}

// checkURL says what is wrong with a collector's address, without its
// credentials.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return fmt.Errorf("endpoint %q is not a URL", redactURL(text))
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("endpoint %q needs the scheme http or https", redactURL(text))
	case u.Hostname() == "":
		return fmt.Errorf("endpoint %q has no host", redactURL(text))
	default:
		return nil
	}
}

// redactURL removes the user information and the values of the query, and
// everything that follows the first odd sign of what is not a URL.
func redactURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" {
		before, _, found := strings.Cut(text, "@")
		if found || strings.ContainsAny(before, "?&") {
			return "REDACTED"
		}
		return text
	}
	if u.User != nil {
		u.User = url.User("REDACTED")
	}
	if q := u.Query(); len(q) > 0 || u.RawQuery != "" {
		for k := range q {
			q[k] = []string{"REDACTED"}
		}
		u.RawQuery = q.Encode()
	}
	u.Fragment = ""
	return u.String()
}

// redactError replaces the address in the error's text, which net/http quotes
// with its query, by the redacted one.
func redactError(err error, address string) error {
	if err == nil {
		return nil
	}
	text, safe := err.Error(), redactURL(address)
	if safe == address {
		return err
	}
	text = strings.ReplaceAll(text, address, safe)
	if u, perr := url.Parse(address); perr == nil {
		text = strings.ReplaceAll(text, u.Redacted(), safe)
		text = strings.ReplaceAll(text, u.String(), safe)
		if u.User != nil { // as net/http writes it
			text = strings.ReplaceAll(text, strings.Replace(u.String(), u.User.String()+"@", u.User.Username()+":***@", 1), safe)
		}
		if password, ok := u.User.Password(); ok && password != "" {
			text = strings.ReplaceAll(text, password, "REDACTED")
		}
	}
	for _, cause := range []error{context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, cause) {
			return fmt.Errorf("%s: %w", text, cause)
		}
	}
	return errors.New(text)
}
