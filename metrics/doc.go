// SPDX-License-Identifier: Apache-2.0

// Package metrics counts and times, and tells a StatsD server. It uses the
// standard library only.
//
//	verb        what it says                       on the wire
//	Count       this happened, so often            name:3|c
//	Gauge       this is where it stands            name:7.25|g
//	GaugeDelta  it went up or down by this         name:+1|g
//	Timing      this took so long                  name:12.5|ms
//	Histogram   one of many values                 name:512|ms, name:512|h
//	Set         this one was seen                  name:ann|s
//
// Between two flushes, a second apart by default, counters are summed, gauges
// keep their last value and sets each member once; every timing is a line of
// its own, and does not wait when there are many.
//
// What the client promises:
//
//   - It is not in the way. Recording never waits for input or output, takes
//     some tens of nanoseconds and no memory, and nothing it is given makes it
//     panic. A nil client discards.
//   - What goes in comes out as exactly one metric. Names, tags and members of
//     sets lose whatever some receiver would take for the end of them; numbers
//     are plain decimals.
//   - What is sent arrives, as far as that can be: packets fit an Ethernet
//     frame, and no more than 64 of them go in a millisecond, because a default
//     receive buffer holds 92. TCP and Unix sockets are connected again, and
//     take up where they were.
//   - What does not arrive is counted, by reason, in [Stats].
//   - Memory is bounded: series (further ones go to one named "other"), queued
//     timings, and everything else.
package metrics
