// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"

	"github.com/waymark-otel/waymark/internal/providers"
)

// maxStatements bounds the texts whose summary is remembered.
const maxStatements = 2048

// observer is what watches one database: what is known of it, what was asked
// for, and what was seen so far.
type observer struct {
	config
	target     target
	attrs      []attribute.KeyValue // on all spans, points and events
	statements *statements
	tracers    providers.Tracers
	meters     providers.Meters[instruments]
	series     series
	waiting    waiting
	fixed      struct{ begin, commit, rollback, ping *described }
	poolName   string
	pool       atomic.Pointer[pool] // where the pool is ours

	// always is set when somebody other than a tracer or a meter wants to
	// hear of each statement.
	always bool
}

func newObserver(t target, opts []Option) *observer {
	o := &observer{config: newConfig(opts), target: t, statements: newStatementsOf(t.dialect, maxStatements)}
	o.attrs = override(t.attributes(), o.config.attrs)
	o.tracers.Scope, o.tracers.Option = recorded, o.tracerProvider
	o.meters.Scope, o.meters.Option = recorded, o.meterProvider
	o.poolName = o.config.poolName
	if o.poolName == "" {
		o.poolName = t.poolName()
	}
	o.meters.Make = o.newInstruments
	o.series.base = o.attrs
	o.always = o.events || o.slow || o.timer != nil || o.commenter
	o.fixed.begin = o.describeFixed("BEGIN")
	o.fixed.commit = o.describeFixed("COMMIT")
	o.fixed.rollback = o.describeFixed("ROLLBACK")
	o.fixed.ping = o.describeFixed("PING")
	return o
}

// interrupted reports whether by this status code a database says that the
// caller gave up: PostgreSQL's query_canceled, MySQL's ER_QUERY_INTERRUPTED and SQLite's
// SQLITE_INTERRUPT.
func interrupted(statusCode string) bool {
	for code := range strings.SplitSeq(statusCode, "/") {
		switch code {
		case "57014", "1317", "9":
			return true
		}
	}
	return false
}

// failure reports whether err is one.
func (o *observer) failure(ctx context.Context, err error, statusCode string) bool {
	switch {
	case is(err, sql.ErrNoRows), is(err, io.EOF), is(err, driver.ErrSkip):
		return false
	case !o.cancellations && ctx.Err() == context.Canceled && //nolint:errorlint // its own value, as documented
		(statusCode == "" || interrupted(statusCode) || is(err, context.Canceled)):
		// Drivers say in many ways that they were interrupted.
		return false
	case o.isFailure != nil:
		return o.filtered(err)
	}
	return true
}

// filtered asks the program's filter. One that panics decides nothing.
func (o *observer) filtered(err error) (failure bool) {
	failure = true
	defer contain("WithErrorFilter")
	return o.isFailure(err)
}

// contain keeps a panic of the program's own callback from what is observed,
// and reports it.
func contain(option string) {
	if v := recover(); v != nil {
		otel.Handle(fmt.Errorf("sqltrace: the callback of %s panicked: %s", option, clean(fmt.Sprint(v), maxErrorBytes)))
	}
}
