// SPDX-License-Identifier: Apache-2.0

package spanmetrics

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
)

// Option changes a default of [NewProcessor].
type Option interface {
	apply(*Processor)
}

type option func(*Processor)

func (o option) apply(p *Processor) { o(p) }

// WithAttributes makes tags of the attributes that have one of keys: those of
// the span for its timing and its counts, those of an event for its count
// too, where they win. By default, none. Keys add up.
//
// Every distinct value is a series of its own, so list what has few values:
// http.request.method, never url.full.
func WithAttributes(keys ...attribute.Key) Option {
	return option(func(p *Processor) {
		for _, key := range keys {
			if key != "" {
				p.keys = append(p.keys, key)
			}
		}
	})
}

// WithTomographNames puts "service address port" before every name, with the
// replacements that tomograph and the StatsD server behind it made, so that
// dashboards go on working: a service "shop" at 10.0.0.7:8080 with a span "GET
// /cart" gives shop-10-0-0-7-8080.GET--cart. By default, names are those of
// the spans.
func WithTomographNames(service, address string, port int) Option {
	server := strings.NewReplacer(".", "-", ":", "-").Replace(address)
	return option(func(p *Processor) {
		p.prefix = tomographName(service+" "+server+" "+strconv.Itoa(port)) + "."
		p.rename = tomographName
	})
}

// tomographName returns the key that the reference StatsD server made of a
// name of tomograph, which wrote a dash for a space: slashes are dashes too,
// and what the server does not know is gone.
func tomographName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '/':
			return '-'
		case r == '\t' || r == '\n' || r == '\r':
			return '_'
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9',
			r == '_', r == '.', r == '-':
			return r
		}
		return -1
	}, name)
}
