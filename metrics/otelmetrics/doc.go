// SPDX-License-Identifier: Apache-2.0

// Package otelmetrics joins StatsD and OpenTelemetry metrics, both ways.
//
// [NewExporter] sends what other people's OpenTelemetry instruments measure
// to a StatsD server:
//
//	instrument                    on the wire
//	Counter                       name:3|c, what was added since the last export
//	UpDownCounter, Gauge          name:7.25|g, where it stands
//	Histogram                     name.count:2|c, name.sum:31|c, name.min:12|g, name.max:19|g
//	unit s                        milliseconds, as timers are
//	attributes                    tags
//
// [NewRecorder] takes the verbs of package metrics and records them with
// OpenTelemetry instruments, for programs that move. [Observe] shows what
// became of a client's values as instruments.
package otelmetrics
