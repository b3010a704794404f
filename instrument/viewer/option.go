// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"fmt"
	"io"
	"time"
)

// Option changes how a Viewer works.
type Option func(*config)

type config struct {
	maxBytes int64
	out      io.Writer
	width    int
	color    *bool
	quiet    time.Duration
	remote   bool
	statsd   string
}

func newConfig(opts []Option) (*config, error) {
	c := &config{maxBytes: 64 << 20, quiet: 500 * time.Millisecond}
	for _, o := range opts {
		if o != nil {
			o(c)
		}
	}
	if c.maxBytes <= 0 {
		return nil, fmt.Errorf("viewer: maximum of %d bytes is not positive", c.maxBytes)
	}
	if c.quiet <= 0 {
		return nil, fmt.Errorf("viewer: quiet time %q is not positive", c.quiet)
	}
	return c, nil
}

// WithMaxBytes bounds the memory, in bytes, that the spans held may occupy.
// For what comes beyond it, the traces go that were added to longest ago. By
// default, 64 MiB.
func WithMaxBytes(n int64) Option {
	return func(c *config) { c.maxBytes = n }
}

// WithOutput prints each trace to w as a waterfall once it is complete. Each
// one is one Write, from one goroutine; a write that fails is not repeated.
// By default, and when w is nil, nothing is printed.
func WithOutput(w io.Writer) Option {
	return func(c *config) { c.out = w }
}

// WithWidth sets the width of a waterfall in columns; 40 is the least and 1000
// the most. By default, and when n is not positive, it is the environment's
// COLUMNS, else what the terminal says (Linux, macOS), else 80.
func WithWidth(n int) Option {
	return func(c *config) { c.width = n }
}

// WithColor sets whether waterfalls are colored. By default they are on a
// terminal (Linux, macOS), unless the environment has NO_COLOR or TERM=dumb.
func WithColor(on bool) Option {
	return func(c *config) { c.color = &on }
}

// WithQuietTime sets how long after its last span a trace is printed. It is
// complete when it has a root and the parent of every span is there; one that
// is not is printed after twenty times as long. By default, 500 ms.
func WithQuietTime(d time.Duration) Option {
	return func(c *config) { c.quiet = d }
}

// WithAnyAddress lets Start listen where other machines can reach it. Whoever
// can connect can read every span and add some. By default, only loopback
// addresses are accepted, and only requests for a loopback host are answered.
func WithAnyAddress() Option {
	return func(c *config) { c.remote = true }
}

// WithStatsD also listens for StatsD lines on a UDP address, "host:port" as in
// Start, and shows them as StatsD does; port 0 is any free one, and StatsDAddr
// tells which. By default, nobody listens.
func WithStatsD(addr string) Option {
	return func(c *config) { c.statsd = addr }
}
