// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
)

// Observe shows the Stats of t as instruments of m, until the registration is
// undone:
//
//	waymark.spans.ended       {span}    sampled spans that ended, by exporter
//	waymark.spans.sent        {span}    those the exporter delivered
//	waymark.spans.dropped     {span}    those lost, by exporter and reason
//	waymark.spans.waiting     {span}    those queued or on their way
//	waymark.exports.retried   {request} requests sent again
//	waymark.errors            {error}   failures that reached the error handler
//
// The attributes are "exporter", its name as in the Report, and "reason", a
// key of ExporterStats.DroppedBy. The conventions for these are not stable
// yet, hence the names of our own. Nothing is shown unless Observe is called;
// [github.com/waymark-otel/waymark/metrics/otelmetrics.Observe] does the same
// for the StatsD client. A nil Telemetry or a nil meter shows nothing.
func (t *Telemetry) Observe(m metric.Meter) (metric.Registration, error) {
	if t == nil || isNil(m) {
		return metricnoop.Registration{}, nil
	}
	var errs []error
	counter := func(name, unit, description string) metric.Int64ObservableCounter {
		i, err := m.Int64ObservableCounter("waymark."+name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return i
	}
	ended := counter("spans.ended", "{span}", "sampled spans that ended")
	sent := counter("spans.sent", "{span}", "spans the exporter delivered")
	dropped := counter("spans.dropped", "{span}", "spans that will never arrive")
	retried := counter("exports.retried", "{request}", "requests sent again")
	failures := counter("errors", "{error}", "failures that reached the error handler")
	waiting, err := m.Int64ObservableUpDownCounter("waymark.spans.waiting", metric.WithUnit("{span}"), metric.WithDescription("spans queued or on their way"))
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := t.Stats()
		for _, e := range s.Exporters {
			exporter := attribute.String("exporter", e.Name)
			by := metric.WithAttributes(exporter)
			o.ObserveInt64(ended, int64(e.Ended), by)
			o.ObserveInt64(sent, int64(e.Sent), by)
			o.ObserveInt64(retried, int64(e.Retried), by)
			o.ObserveInt64(waiting, int64(e.Waiting), by)
			for reason, n := range e.DroppedBy {
				o.ObserveInt64(dropped, int64(n), metric.WithAttributes(exporter, attribute.String("reason", reason)))
			}
		}
		o.ObserveInt64(failures, int64(s.Errors))
		return nil
	}, ended, sent, dropped, retried, waiting, failures)
}
