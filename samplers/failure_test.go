// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/waymark-otel/waymark/samplers"
)

func TestFailureIsWhatWentWrongHereAndNotWhatTheCallerDid(t *testing.T) {
	type attrs = []attribute.KeyValue
	status := func(code codes.Code, text string) sdktrace.Status {
		return sdktrace.Status{Code: code, Description: text}
	}
	exception := func(message string) sdktrace.Event {
		return sdktrace.Event{Name: "exception", Attributes: attrs{
			attribute.String("exception.type", "*errors.errorString"), attribute.String("exception.message", message)}}
	}
	canceled := exception("context canceled")
	for name, tc := range map[string]struct {
		span tracetest.SpanStub
		want bool
	}{
		"nothing":                    {tracetest.SpanStub{}, false},
		"error":                      {tracetest.SpanStub{Status: status(codes.Error, "")}, true},
		"error with a text":          {tracetest.SpanStub{Status: status(codes.Error, "disk full")}, true},
		"ok":                         {tracetest.SpanStub{Status: status(codes.Ok, "")}, false},
		"ok after an exception":      {tracetest.SpanStub{Status: status(codes.Ok, ""), Events: []sdktrace.Event{exception("retried")}}, false},
		"an exception alone":         {tracetest.SpanStub{Events: []sdktrace.Event{{Name: "got"}, exception("boom")}}, true},
		"another event":              {tracetest.SpanStub{Events: []sdktrace.Event{{Name: "got"}}}, false},
		"404":                        {tracetest.SpanStub{Status: status(codes.Error, ""), Attributes: attrs{attribute.Int("http.response.status_code", 404)}}, false},
		"400":                        {tracetest.SpanStub{Status: status(codes.Error, ""), Attributes: attrs{attribute.Int("http.response.status_code", 400)}}, false},
		"499":                        {tracetest.SpanStub{Status: status(codes.Error, ""), Attributes: attrs{attribute.Int("http.response.status_code", 499)}}, false},
		"399":                        {tracetest.SpanStub{Status: status(codes.Error, ""), Attributes: attrs{attribute.Int("http.response.status_code", 399)}}, true},
		"500":                        {tracetest.SpanStub{Status: status(codes.Error, ""), Attributes: attrs{attribute.Int("http.response.status_code", 500)}}, true},
		"404, by its older name":     {tracetest.SpanStub{Status: status(codes.Error, ""), Attributes: attrs{attribute.Int("http.status_code", 404)}}, false},
		"404 and its exception":      {tracetest.SpanStub{Events: []sdktrace.Event{exception("no such order")}, Attributes: attrs{attribute.Int("http.response.status_code", 404)}}, false},
		"canceled":                   {tracetest.SpanStub{Status: status(codes.Error, context.Canceled.Error())}, false},
		"canceled, wrapped":          {tracetest.SpanStub{Status: status(codes.Error, fmt.Sprintf("Get %q: %v", "http://a", context.Canceled))}, false},
		"canceled, by its type":      {tracetest.SpanStub{Status: status(codes.Error, "rpc"), Attributes: attrs{attribute.String("error.type", "CANCELLED")}}, false},
		"canceled, by its exception": {tracetest.SpanStub{Status: status(codes.Error, ""), Events: []sdktrace.Event{canceled}}, false},
		"canceled, no status":        {tracetest.SpanStub{Events: []sdktrace.Event{canceled}}, false},
		"canceled and worse":         {tracetest.SpanStub{Status: status(codes.Error, ""), Events: []sdktrace.Event{canceled, exception("boom")}}, true},
		"canceled once, then failed": {tracetest.SpanStub{Status: status(codes.Error, "disk full"), Events: []sdktrace.Event{canceled}}, true},
		"deadline":                   {tracetest.SpanStub{Status: status(codes.Error, context.DeadlineExceeded.Error())}, true},
		"speaks of cancellation":     {tracetest.SpanStub{Status: status(codes.Error, "context canceled, then the disk filled")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			want := ""
			if tc.want {
				want = "error"
			}
			assert.Equal(t, want, samplers.Failure(tc.span.Snapshot()))
		})
	}
}
