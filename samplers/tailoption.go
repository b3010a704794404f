// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// TailOption changes a setting of [KeepErrors]. The zero TailOption changes
// none.
type TailOption struct{ set func(*tailConfig) }

type tailConfig struct {
	reason        func(sdktrace.ReadOnlySpan) string
	slow          time.Duration
	maxTraces     int
	maxSpans      int
	maxBuffered   int
	maxAge        time.Duration
	keptPerSecond float64
}

// The defaults of [KeepErrors]. At about 1 KB a buffered span, it holds at
// most 50 MB.
const (
	DefaultSlow          = 5 * time.Second
	DefaultMaxTraces     = 10_000
	DefaultMaxSpans      = 1000
	DefaultMaxBuffered   = 50_000
	DefaultMaxAge        = time.Minute
	DefaultKeptPerSecond = 100
)

func tailConfigOf(opts []TailOption) tailConfig {
	c := tailConfig{
		reason:        Failure,
		slow:          DefaultSlow,
		maxTraces:     DefaultMaxTraces,
		maxSpans:      DefaultMaxSpans,
		maxBuffered:   DefaultMaxBuffered,
		maxAge:        DefaultMaxAge,
		keptPerSecond: DefaultKeptPerSecond,
	}
	for _, o := range opts {
		if o.set != nil {
			o.set(&c)
		}
	}
	return c
}

// WithReason sets the rule by which a trace is kept. It is called with each
// unsampled span that has ended, from the goroutine that ended it, and answers
// why the local trace of that span must be kept ("error"), or "" when the span
// is no reason. The answer becomes the attribute [ReasonKey], so it should be
// one of a few words. A panic in it counts as no reason. By default, and for
// nil, [Failure].
func WithReason(why func(sdktrace.ReadOnlySpan) string) TailOption {
	return TailOption{func(c *tailConfig) {
		if c.reason = contained(why); why == nil {
			c.reason = Failure
		}
	}}
}

// contained keeps a panic in a user's rule out of the program it observes.
func contained(why func(sdktrace.ReadOnlySpan) string) func(sdktrace.ReadOnlySpan) string {
	return func(s sdktrace.ReadOnlySpan) (reason string) {
		defer func() {
			if recover() != nil {
				reason = ""
			}
		}()
		return why(s)
	}
}

// WithSlow sets the duration of a local root from which its trace is kept as
// slow. By default, 5 s. Zero and less keep none for being slow.
func WithSlow(d time.Duration) TailOption {
	return TailOption{func(c *tailConfig) { c.slow = d }}
}

// WithMaxTraces bounds the local roots that are remembered at once. Over it,
// the oldest is decided by what has been seen of it so far. By default, 10 000.
// Less than one changes nothing.
func WithMaxTraces(n int) TailOption {
	return TailOption{func(c *tailConfig) { c.maxTraces = positive(n, c.maxTraces) }}
}

// WithMaxSpans bounds the spans of one local root that are kept, the root and
// the first failing span always among them. By default, 1000. Less than one
// changes nothing.
func WithMaxSpans(n int) TailOption {
	return TailOption{func(c *tailConfig) { c.maxSpans = positive(n, c.maxSpans) }}
}

// WithMaxBuffered bounds the undecided spans of all traces together. Over it,
// the oldest trace is decided by what has been seen of it so far. By default,
// 50 000. Less than one changes nothing.
func WithMaxBuffered(n int) TailOption {
	return TailOption{func(c *tailConfig) { c.maxBuffered = positive(n, c.maxBuffered) }}
}

// WithMaxAge bounds how long a span waits for its root to end, to within an
// eighth. After it, the spans that wait are kept if one of them is a reason
// and discarded if not; the root is decided with those that follow. It is also
// how long a kept trace is remembered for spans that start after its root
// ended. By default, 1 minute. Zero and less change nothing.
func WithMaxAge(d time.Duration) TailOption {
	return TailOption{func(c *tailConfig) { c.maxAge = positive(d, c.maxAge) }}
}

// WithKeptPerSecond bounds the traces kept, with the bucket of [RateLimited],
// so that a storm of errors does not become a storm of spans. By default, 100.
// Zero, a negative number and NaN keep none.
func WithKeptPerSecond(n float64) TailOption {
	return TailOption{func(c *tailConfig) { c.keptPerSecond = n }}
}

func positive[T int | time.Duration](n, otherwise T) T {
	if n > 0 {
		return n
	}
	return otherwise
}
