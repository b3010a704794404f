// SPDX-License-Identifier: Apache-2.0

// Package zipkin exports spans to a Zipkin server, or to whatever else takes
// Zipkin's v2 JSON: each is delivered, or counted with the reason why not.
//
// It takes the place of go.opentelemetry.io/otel/exporters/zipkin, which is
// deprecated: change the import path. What is mapped to what:
//
//	OpenTelemetry              Zipkin
//	trace id                   traceId, 16 digits where the high half is zero
//	span id, parent's span id  id, parentId
//	name                       name, in lower case
//	kind                       kind; none for internal
//	start, end                 timestamp, duration, in microseconds
//	resource's service.name    localEndpoint.serviceName, in lower case
//	peer.service and the like  remoteEndpoint, for clients and producers
//	event                      annotation, its attributes as JSON behind its name
//	attribute                  tag, as attribute.Value.String prints it
//	resource attribute         tag, unless span or scope have one of that key
//	status                     tag otel.status_code; of Error, also tag error
//	scope                      tags otel.scope.name, otel.scope.version; its attributes
//	dropped attributes …       tags otel.dropped_attributes_count …
//	links                      not sent: Zipkin has no place for them
//
// docs/zipkin.md says what differs from the official exporter, and why.
package zipkin
