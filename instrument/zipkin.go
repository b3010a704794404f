// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"strings"
	"time"

	"github.com/waymark-otel/waymark/instrument/zipkin"
)

// WithZipkin adds an exporter of Zipkin v2 JSON to url, such as
// DefaultZipkinURL. An empty url means OTEL_EXPORTER_ZIPKIN_ENDPOINT, and
// DefaultZipkinURL without it. OTEL_EXPORTER_ZIPKIN_TIMEOUT bounds each
// export, by default 10 s; the options have the last word. Called several
// times, spans go to each. A wrong url or option fails Setup and New.
func WithZipkin(url string, opts ...zipkin.Option) Option {
	return optionFunc(func(c *config) {
		c.exporters = append(c.exporters, opener{name: "zipkin", zipkinURL: strings.TrimSpace(url), zipkinOptions: opts})
	})
}

func openZipkin(url string, timeout time.Duration, opts []zipkin.Option) (Exporters, error) {
	e, err := zipkin.New(url, append([]zipkin.Option{zipkin.WithTimeout(timeout)}, opts...)...)
	if err != nil {
		return Exporters{}, err
	}
	return Exporters{Spans: zipkinExporter{e}}, nil
}

// zipkinExporter is the exporter with its account in the words of Stats.
type zipkinExporter struct{ *zipkin.Exporter }

func (e zipkinExporter) account() account {
	s := e.Stats()
	a := account{sent: s.Sent, retried: s.Retried, lastError: s.LastError, droppedBy: map[string]uint64{}}
	for reason, n := range map[string]uint64{
		"invalid":       s.Dropped.Invalid,
		"too_large":     s.Dropped.TooLarge,
		"rejected":      s.Dropped.Rejected,
		"unavailable":   s.Dropped.Unavailable,
		"canceled":      s.Dropped.Canceled,
		DroppedShutdown: s.Dropped.Stopped,
		"own":           s.Dropped.Own,
	} {
		if n > 0 {
			a.droppedBy[reason] = n
		}
	}
	return a
}
