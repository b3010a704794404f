// SPDX-License-Identifier: Apache-2.0

// Package spanmetrics turns finished spans into StatsD metrics, as tomograph
// did: each span is one timing under its name, each of its events one count
// under the names of both.
//
//	tomograph                 here                       on the wire
//	start … stop              a span ends                checkout:12.5|ms
//	annotate                  AddEvent                   checkout.paid:1|c
//	tag                       WithAttributes             checkout:12.5|ms|#region:eu
//
// Names come from span and event names, which have to be few; attributes
// become tags only when they are listed.
//
// A processor sees the spans that are recorded. So that the numbers do not
// shrink with the sampling ratio, the provider's sampler has to record all of
// them: samplers.AlwaysRecord does, and instrument.WithSpanMetrics installs
// it.
package spanmetrics
