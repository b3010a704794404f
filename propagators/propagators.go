// SPDX-License-Identifier: Apache-2.0

// Package propagators carries a trace from process to process in the headers
// that are on the wire today, and believes them as far as it was told to.
//
//	headers                                    propagator     name for Parse
//	traceparent, tracestate                    TraceContext   tracecontext
//	baggage                                    Baggage        baggage
//	b3; X-B3-TraceId, X-B3-SpanId, …           B3             b3, b3multi
//	X-Trace-Info, X-Trace-HMAC                 XTraceInfo     xtraceinfo
//	X-Correlation-ID, X-Request-ID, …          CorrelationID  correlationid
//
// First makes one propagator of several, with one answer in and out. Token
// puts a trace in one string, Environ in environment variables. What is turned
// away leaves the context the identical value and is counted in Rejected;
// nothing is logged.
//
// Carriers of type propagation.HeaderCarrier are read and written under
// canonical keys, all others under lower-case ones. A carrier that implements
// propagation.ValuesGetter is asked for all values of a header.
package propagators
