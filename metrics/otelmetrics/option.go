// SPDX-License-Identifier: Apache-2.0

package otelmetrics

import "go.opentelemetry.io/otel/attribute"

// Option changes a default of [NewExporter] or [NewRecorder].
type Option interface {
	apply(*config)
}

type option func(*config)

func (o option) apply(c *config) { o(c) }

type config struct {
	resourceKeys []attribute.Key
	maxSeries    int
}

func newConfig(opts []Option) config {
	c := config{maxSeries: 10_000}
	for _, o := range opts {
		if o != nil {
			o.apply(&c)
		}
	}
	return c
}

// WithResourceTags has an exporter make tags of those attributes of the
// resource, service.name perhaps. By default, none. Keys add up.
func WithResourceTags(keys ...attribute.Key) Option {
	return option(func(c *config) { c.resourceKeys = append(c.resourceKeys, keys...) })
}

// WithMaxSeries bounds how many names with tags a recorder remembers. By
// default, 10,000; less than one is ignored. Further ones are recorded all the
// same, more slowly, and the bound of the OpenTelemetry SDK holds for all.
func WithMaxSeries(n int) Option {
	return option(func(c *config) {
		if n > 0 {
			c.maxSeries = n
		}
	})
}
