// SPDX-License-Identifier: Apache-2.0

// Package instrumenttest is for the tests of programs that use Waymark, or
// OpenTelemetry in any other way.
//
// [New] gives a test providers of its own and records what is sent to them:
// spans, logs, metrics, statsd lines. [Recorder.AssertTree] compares the
// recorded spans with a tree written as indented text and shows the
// difference by line.
//
// [NewCollector] is a Zipkin endpoint that answers by a script, so that a
// test can see what an exporter does when a collector is busy, gone, slow or
// hostile.
//
// Nothing here writes OpenTelemetry's globals, so tests may run in parallel.
package instrumenttest
