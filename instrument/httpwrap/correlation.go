// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"net/http"
	"sync/atomic"

	"go.opentelemetry.io/otel/propagation"

	"github.com/waymark-otel/waymark/propagators"
)

// correlation finds the one owner of correlation ids: the option's, else the
// one that the propagator in force holds.
type correlation struct {
	option *propagators.CorrelationID
	last   atomic.Pointer[echoed]
}

// echoed is a header as configured and as http.Header keeps it, "" when it
// cannot be a header.
type echoed struct{ name, canonical string }

func (c *correlation) owner(p propagation.TextMapPropagator) (propagators.CorrelationID, bool) {
	if c.option != nil {
		return *c.option, true
	}
	return propagators.CorrelationIDOf(p)
}

// header returns the canonical name of the header that owner writes.
func (c *correlation) header(owner propagators.CorrelationID) string {
	last := c.last.Load()
	if last == nil || last.name != owner.Header {
		last = &echoed{name: owner.Header}
		if fields := owner.Fields(); len(fields) > 0 {
			last.canonical = http.CanonicalHeaderKey(fields[0])
		}
		c.last.Store(last)
	}
	return last.canonical
}
