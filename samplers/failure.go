// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// The reasons given here, as the values of [ReasonKey].
const (
	reasonError = "error"
	reasonSlow  = "slow"
)

// Failure is the default rule of [KeepErrors]: it returns "error" for a span
// that failed, else "". A span failed when its status is Error, or when it
// holds an exception event and its status is not Ok, since all that the SDK
// notes of a panic is that event. A span that answered with an HTTP status of
// 400 to 499 did not fail, nor did one that was canceled: both say more about
// the caller. A deadline that passed is a failure.
func Failure(s sdktrace.ReadOnlySpan) string {
	status := s.Status()
	if status.Code == codes.Ok {
		return ""
	}
	events := s.Events()
	if status.Code != codes.Error && len(events) == 0 {
		return ""
	}
	exceptions, canceled := exceptionsIn(events)
	if status.Code != codes.Error && exceptions == 0 {
		return ""
	}
	clientError, kind := errorIn(s.Attributes())
	switch {
	case clientError:
	case isCancellation(kind), isCancellation(status.Description):
	case status.Description == "" && exceptions > 0 && exceptions == canceled:
	default:
		return reasonError
	}
	return ""
}

// The names of the semantic conventions that tell a failure from the rest.
const (
	exceptionEvent      = "exception"
	exceptionMessageKey = attribute.Key("exception.message")
	errorTypeKey        = attribute.Key("error.type")
	httpStatusKey       = attribute.Key("http.response.status_code")
	oldHTTPStatusKey    = attribute.Key("http.status_code")
)

// exceptionsIn counts exception events, and those of them that tell of a
// cancellation.
func exceptionsIn(events []sdktrace.Event) (all, canceled int) {
	for i := range events {
		if events[i].Name != exceptionEvent {
			continue
		}
		all++
		for _, a := range events[i].Attributes {
			if a.Key == exceptionMessageKey && isCancellation(a.Value.AsString()) {
				canceled++
				break
			}
		}
	}
	return all, canceled
}

// errorIn returns whether the HTTP status is 4xx, and error.type.
func errorIn(attributes []attribute.KeyValue) (clientError bool, kind string) {
	for _, a := range attributes {
		switch a.Key {
		case httpStatusKey, oldHTTPStatusKey:
			code := a.Value.AsInt64()
			clientError = clientError || code >= 400 && code <= 499
		case errorTypeKey:
			kind = a.Value.AsString()
		}
	}
	return clientError, kind
}

// isCancellation knows the text of context.Canceled, also at the end of a
// wrapping error's, its type as error.type, and the names gRPC gives its code.
func isCancellation(text string) bool {
	switch text {
	case "context.Canceled", "canceled", "Canceled", "cancelled", "CANCELLED", "CANCELED":
		return true
	}
	return strings.HasSuffix(text, "context canceled")
}
