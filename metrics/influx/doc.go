// SPDX-License-Identifier: Apache-2.0

// Package influx writes measurements to InfluxDB, in line protocol over HTTP,
// for programs that had sprockets-influxdb:
//
//	sprockets-influxdb              here
//	Measurement(database, name)     Point{Measurement: name}, NewWriter(url, database)
//	set_tag, set_tags               Point.Tags
//	set_field                       Point.Fields: Float, Int, Bool, String
//	duration(name)                  Duration(name, time.Since(start))
//	add_measurement                 Writer.Record
//
// Points are gathered and sent in batches by one goroutine. Recording never
// waits; memory is bounded; what is dropped is counted. A program that speaks
// StatsD needs none of this: package metrics has a dialect that Telegraf
// reads.
//
// It uses the standard library only.
package influx
