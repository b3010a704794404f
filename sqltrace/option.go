// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/providers"
	"github.com/waymark-otel/waymark/metrics"
)

// Option changes what is observed, and how. A nil Option is ignored.
type Option interface{ apply(*config) }

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

type config struct {
	tracerProvider trace.TracerProvider
	meterProvider  metric.MeterProvider

	attrs    []attribute.KeyValue
	poolName string
	text     QueryText

	events, parentOnly  bool
	rows, ping, prepare bool
	cancellations       bool
	errorText           bool
	isFailure           func(error) bool

	slow      bool
	slowAfter time.Duration
	slowLog   *slog.Logger
	timer     *metrics.Client

	commenter bool
	comment   []attribute.KeyValue
}

func newConfig(opts []Option) config {
	var c config
	for _, o := range opts {
		if o != nil {
			o.apply(&c)
		}
	}
	return c
}

// WithTracerProvider sets whose tracer starts spans. By default, and when tp
// is nil, it is the provider of the local span in the statement's context,
// else OpenTelemetry's global one at the time of the statement.
func WithTracerProvider(tp trace.TracerProvider) Option {
	return optionFunc(func(c *config) {
		// The global provider's placeholder forwards to what is set later;
		// looking it up at each statement says so sooner and costs less.
		if tp == providers.DefaultTracerProvider {
			tp = nil
		}
		c.tracerProvider = tp
	})
}

// WithMeterProvider sets whose instruments record. By default, and when mp is
// nil, it is OpenTelemetry's global one at the time of the statement.
func WithMeterProvider(mp metric.MeterProvider) Option {
	return optionFunc(func(c *config) {
		if mp == providers.DefaultMeterProvider {
			mp = nil
		}
		c.meterProvider = mp
	})
}

// WithAttributes adds attrs to every span, event and metric point, in the
// place of what is known otherwise where they have the same key: so
// db.system.name, db.namespace or server.address can be put right. They become
// part of every metric series and must have few values. May be given more than
// once.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return optionFunc(func(c *config) { c.attrs = override(c.attrs, attrs) })
}

// WithPoolName sets db.client.connection.pool.name, by which metrics tell the
// pools of a program apart. By default it is made of the server's address, its
// port and the database's name, and is the system's name where these are not
// known.
func WithPoolName(name string) Option {
	return optionFunc(func(c *config) { c.poolName = name })
}

// QueryText is what of a statement's text is recorded as db.query.text.
type QueryText uint8

const (
	// QueryTextSanitized records a text that has placeholders, and no literals
	// but numbers of up to four digits, as it is, and any other with a
	// placeholder for each literal.
	QueryTextSanitized QueryText = iota
	// QueryTextRaw records every text as it is, with the literals in it.
	QueryTextRaw
	// QueryTextNone records no text.
	QueryTextNone
)

// WithQueryText sets what of a statement's text is recorded, in spans, events
// and the slow query log. Texts are cut at 64 KiB. By default it is
// QueryTextSanitized.
func WithQueryText(mode QueryText) Option {
	return optionFunc(func(c *config) { c.text = mode })
}

// WithErrorFilter sets which errors are failures: those for which isFailure
// returns true. It is not asked about sql.ErrNoRows, io.EOF and
// driver.ErrSkip, which never are, nor about the caller's own cancellation
// (see [WithCancellations]). It is called while the connection is in use, from
// any goroutine. By default, and when it is nil, every other error is one.
func WithErrorFilter(isFailure func(error) bool) Option {
	return optionFunc(func(c *config) { c.isFailure = isFailure })
}

// WithCancellations counts statements as failed that ended since the caller's
// context was canceled. By default they are not failures: nothing but the
// caller's own wish ended them. A deadline that passed always is one.
func WithCancellations() Option {
	return optionFunc(func(c *config) { c.cancellations = true })
}

// WithErrorText records what a failure's error says as the description of the
// span's status, cut at 1 KiB. By default it is the error's type or code:
// databases repeat the values of a statement in what they say of it.
func WithErrorText() Option {
	return optionFunc(func(c *config) { c.errorText = true })
}

// WithSlowQuery logs each statement that took d or longer, at level Warn, with
// its summary, text (see [WithQueryText]), duration and the ids of its span.
// Zero logs every one. When l is nil it is slog.Default at the time.
func WithSlowQuery(d time.Duration, l *slog.Logger) Option {
	return optionFunc(func(c *config) { c.slow, c.slowAfter, c.slowLog = true, d, l })
}

// WithTimer sends c one timing for each statement, sampled or not:
// db.client.operation, tagged with summary or operation and, where there is
// one, the error's type. By default, and when c is nil, nothing is sent.
func WithTimer(c *metrics.Client) Option {
	return optionFunc(func(o *config) { o.timer = c })
}

// WithEvents records statements as events on the span in the statement's
// context instead of as spans, as tomograph did. An event is named as the span
// would be and carries the same attributes, and its duration in seconds as
// waymark.db.duration. A failed statement does not fail the span. Without a
// span that records, nothing but metrics is recorded.
func WithEvents() Option {
	return optionFunc(func(c *config) { c.events = true })
}

// WithParentOnly makes no span for a statement whose context has none. By
// default such a statement begins a trace of its own. Metrics are recorded
// either way.
func WithParentOnly() Option {
	return optionFunc(func(c *config) { c.parentOnly = true })
}

// WithRows ends a statement's span when its rows are closed, so that an error
// in the iteration makes it a failed one and db.response.returned_rows says
// how many were read. The span is as long as it took to return the rows,
// whatever the reader takes. By default rows are the driver's own, and a span
// ends when they are returned.
func WithRows() Option {
	return optionFunc(func(c *config) { c.rows = true })
}

// WithPing makes a span of each Ping. By default there is none.
func WithPing() Option {
	return optionFunc(func(c *config) { c.ping = true })
}

// WithPrepare makes a span of each Prepare that the program asks for. By
// default there is none. One that is part of running a statement never has one.
func WithPrepare() Option {
	return optionFunc(func(c *config) { c.prepare = true })
}

// WithCommenter appends a comment with the ids of the span, and attrs, to each
// statement that is run without being prepared, as sqlcommenter does: a
// database's own log then names the trace. It makes each text a new one, which
// defeats what caches texts: drivers that prepare behind the scenes (pgx does)
// and database proxies. By default texts are left alone.
func WithCommenter(attrs ...attribute.KeyValue) Option {
	return optionFunc(func(c *config) {
		c.commenter = true
		c.comment = override(c.comment, attrs)
	})
}
