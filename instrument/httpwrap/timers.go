// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"time"

	"github.com/waymark-otel/waymark/metrics"
)

// The names of the timers and the keys of their tags.
const (
	timerServer = "http.server.request"
	timerClient = "http.client.request"
	tagMethod   = "method"
	tagRoute    = "route"
	tagStatus   = "status"
	tagError    = "error"
)

// WithTimers sends c one timing for each request that is observed, sampled or
// not: http.server.request from a Handler, http.client.request from a
// Transport, tagged with method, route, status and, where there is one, the
// error's type. Nothing of it is the caller's to choose: a request without a
// route has no route tag, and an unknown method is _OTHER. A connection that
// became another protocol is not timed. By default, and when c is nil,
// nothing is sent.
func WithTimers(c *metrics.Client) Option {
	return optionFunc(func(o *config) { o.timers = c })
}

// time sends the length of the exchange.
func (e *exchange) time(o outcome) {
	if o.hijacked {
		return
	}
	timing(e.handler.timers, timerServer, o.duration, e.method, o.route, o.status, o.errorType)
}

func timing(c *metrics.Client, name string, d time.Duration, method, route string, status int, errorType string) {
	text := ""
	if status != 0 {
		text = statusText(status)
	}
	// A tag without a value is left out.
	c.Timing(name, d, metrics.T(tagMethod, method), metrics.T(tagRoute, route), metrics.T(tagStatus, text), metrics.T(tagError, errorType))
}
