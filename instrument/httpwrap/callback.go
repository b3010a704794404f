// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"context"
	"fmt"
	"net/http"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// The callbacks of a program run in the middle of its requests. One that
// panics is reported and the request goes on: it was asked to help describe
// the request, not to decide it.

// contain is deferred around a callback.
func contain(option string) {
	if v := recover(); v != nil {
		otel.Handle(fmt.Errorf("httpwrap: the callback of %s panicked: %s", option, panicText(v)))
	}
}

// wants reports whether r is to be observed at all.
func (c *config) wants(r *http.Request) bool {
	for _, f := range c.filters {
		if !filtered(f, r) {
			return false
		}
	}
	return true
}

func filtered(f func(*http.Request) bool, r *http.Request) (ok bool) {
	ok = true
	defer contain("WithFilter")
	return f(r)
}

func (c *config) isPublic(r *http.Request) (public bool) {
	if c.public == nil {
		return false
	}
	public = true
	defer contain("WithPublicEndpoint")
	return c.public(r)
}

func (c *config) routeFor(r *http.Request) (pattern string) {
	defer contain("WithRoute")
	return c.route(r)
}

func (c *config) started(span trace.Span, r *http.Request) {
	for _, f := range c.spanStart {
		func() {
			defer contain("WithSpanStart")
			f(span, r)
		}()
	}
}

func (c *config) appendAttributes(attrs []attribute.KeyValue, r *http.Request) []attribute.KeyValue {
	for _, f := range c.attributes {
		attrs = append(attrs, attributesOf(f, r)...)
	}
	return attrs
}

func attributesOf(f func(*http.Request) []attribute.KeyValue, r *http.Request) []attribute.KeyValue {
	defer contain("WithAttributes")
	return f(r)
}

func (c *config) panicked(ctx context.Context, value any, stack []byte) {
	if c.onPanic == nil {
		return
	}
	defer contain("WithPanicHandler")
	c.onPanic(ctx, value, stack)
}
