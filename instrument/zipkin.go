// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/instrument/zipkin"
	"github.com/waymark-otel/waymark/internal/intent"
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
	e, err := zipkin.New(url, append([]zipkin.Option{zipkin.WithTimeout(timeout), zipkin.WithDebug(isDebug)}, opts...)...)
	if err != nil {
		return Exporters{}, err
	}
	return Exporters{Spans: zipkinExporter{e}}, nil
}

// debugKey marks the spans of a trace that B3 asked to debug: the headers are
// long gone when a span is exported.
const debugKey = attribute.Key("b3.debug")

// markDebug leaves the mark that isDebug looks for.
func markDebug(ctx context.Context, s sdktrace.ReadWriteSpan) {
	if sc := s.SpanContext(); sc.IsSampled() && intent.FromContext(ctx).For(sc.TraceID()) == intent.Debug {
		s.SetAttributes(debugKey.Bool(true))
	}
}

func isDebug(s sdktrace.ReadOnlySpan) bool {
	for _, a := range s.Attributes() {
		if a.Key == debugKey {
			return a.Value.AsBool()
		}
	}
	return false
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
