// SPDX-License-Identifier: Apache-2.0

package otelmetrics

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/waymark-otel/waymark/metrics"
)

// Observe shows the [metrics.Stats] of c as instruments of m, until the
// registration is undone:
//
//	statsd.client.sent        {value}       values handed to the network
//	statsd.client.packets     {packet}      packets
//	statsd.client.bytes       By            bytes in them
//	statsd.client.dropped     {value}       dropped values, by reason
//	statsd.client.refused     {attempt}     attempts that found no server
//	statsd.client.reconnects  {connection}  connections after the first
//	statsd.client.sanitized   {series}      series that held what the wire cannot carry
//	statsd.client.clamped     {value}       numbers cut to what a line may say
//	statsd.client.overflow    {value}       values that went to the series "other"
//	statsd.client.series      {series}      distinct series so far
//	statsd.client.queued      {value}       values that wait to be sent
//
// A client never sends any of this by itself.
//
// A nil client shows zeros, a nil meter nothing.
func Observe(m metric.Meter, c *metrics.Client) (metric.Registration, error) {
	if m == nil {
		return noop.Registration{}, nil
	}
	var errs []error
	counter := func(name, unit, description string) metric.Int64ObservableCounter {
		i, err := m.Int64ObservableCounter("statsd.client."+name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return i
	}
	level := func(name, unit, description string) metric.Int64ObservableUpDownCounter {
		i, err := m.Int64ObservableUpDownCounter("statsd.client."+name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return i
	}
	sent := counter("sent", "{value}", "values handed to the network")
	packets := counter("packets", "{packet}", "packets handed to the network")
	size := counter("bytes", "By", "bytes handed to the network")
	dropped := counter("dropped", "{value}", "values that will never arrive")
	refused := counter("refused", "{attempt}", "attempts that found no server")
	reconnects := counter("reconnects", "{connection}", "connections made after the first")
	sanitized := counter("sanitized", "{series}", "series whose name or tags held what the wire cannot carry")
	clamped := counter("clamped", "{value}", "numbers cut to what a line may say")
	overflow := counter("overflow", "{value}", "values that went to the series other")
	series := level("series", "{series}", "distinct series so far")
	queued := level("queued", "{value}", "values that wait to be sent")
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}

	reason := func(why string) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(attribute.String("reason", why)))
	}
	closed, invalid, oversize := reason("closed"), reason("invalid"), reason("oversize")
	queue, write, unsent := reason("queue"), reason("write"), reason("unsent")
	return m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := c.Stats()
		o.ObserveInt64(sent, int64(s.Sent))
		o.ObserveInt64(packets, int64(s.Packets))
		o.ObserveInt64(size, int64(s.Bytes))
		o.ObserveInt64(refused, int64(s.Refused))
		o.ObserveInt64(reconnects, int64(s.Reconnects))
		o.ObserveInt64(sanitized, int64(s.Sanitized))
		o.ObserveInt64(clamped, int64(s.Clamped))
		o.ObserveInt64(overflow, int64(s.Overflow))
		o.ObserveInt64(series, int64(s.Series))
		o.ObserveInt64(queued, int64(s.Queued))
		o.ObserveInt64(dropped, int64(s.Dropped.Closed), closed)
		o.ObserveInt64(dropped, int64(s.Dropped.Invalid), invalid)
		o.ObserveInt64(dropped, int64(s.Dropped.Oversize), oversize)
		o.ObserveInt64(dropped, int64(s.Dropped.Queue), queue)
		o.ObserveInt64(dropped, int64(s.Dropped.Write), write)
		o.ObserveInt64(dropped, int64(s.Dropped.Unsent), unsent)
		return nil
	}, sent, packets, size, dropped, refused, reconnects, sanitized, clamped, overflow, series, queued)
}
