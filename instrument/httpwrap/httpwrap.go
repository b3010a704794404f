// SPDX-License-Identifier: Apache-2.0

// Package httpwrap observes HTTP servers and clients: one span, the metrics
// of OpenTelemetry's semantic conventions, and the ids that tie both to log
// lines, for each request in and each request out.
//
// It decides first and describes afterwards. The route is found and the span
// started before anything else, so that a sampler knows what it decides
// about; a request that nobody records takes a short way through. For one
// that is recorded, contrib's otelhttp says what its attributes are. The
// outcome is observed here: the status that was sent, the bytes, the panic,
// the upgrade to another protocol, the body that broke off.
//
// What Handler and Transport return changes nothing that a handler, a client
// or the peer can see, apart from the headers of the propagator in force and
// those asked for by an option.
package httpwrap

import "net/http"

// Handler returns a handler that serves as next does and observes it: a whole
// http.ServeMux, whose routes it knows before a span starts, or one route.
// A nil next is http.DefaultServeMux, as it is for http.Server.
//
// Without options it uses OpenTelemetry's global providers and propagator as
// they are when a request arrives, so they may be set, and set again, later.
// While they are not set, a request costs a few nanoseconds.
//
// Of several Handlers around one another the outermost records; the inner
// ones add the route and the attributes they know.
func Handler(next http.Handler, opts ...Option) http.Handler {
	if next == nil {
		next = http.DefaultServeMux
	}
	return newHandler(next, newConfig(opts))
}

// Transport returns a RoundTripper that does as base does and observes it.
// A nil base is what http.DefaultTransport is at the time of the call.
//
// Without options it uses the provider of the span in the request's context,
// else OpenTelemetry's global ones as they are when a request leaves.
//
// The exchange that it records lasts until the response's body has been read
// to its end, has failed or is closed. Of several Transports around one
// another the outermost records.
func Transport(base http.RoundTripper, opts ...Option) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return newTransport(base, newConfig(opts))
}
