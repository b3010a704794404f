// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/waymark-otel/waymark/metrics"
	"github.com/waymark-otel/waymark/metrics/spanmetrics"
)

// Where StatsD listens when the environment names only a host, or only a port.
const (
	defaultStatsDHost = "127.0.0.1"
	defaultStatsDPort = 8125
)

// WithStatsD opens a StatsD client to addr, in the form that metrics.Dial
// takes; Telemetry.Metrics returns it, and Shutdown closes it. An empty addr
// means STATSD_HOST and STATSD_PORT, by default 127.0.0.1:8125. Without the
// option a client is opened when STATSD_HOST is set. STATSD_PREFIX is put
// before every name unless metrics.WithPrefix says another. It replaces an
// earlier WithStatsD.
func WithStatsD(addr string, opts ...metrics.Option) Option {
	return optionFunc(func(c *config) {
		c.statsd, c.statsdAddr, c.statsdOptions = true, strings.TrimSpace(addr), opts
	})
}

// WithSpanMetrics sends every finished span to the StatsD client, sampled or
// not: its length is a timer, each of its events a counter. Every span is
// recorded then. Without a StatsD client it is an error. Called twice, the
// options add.
func WithSpanMetrics(opts ...spanmetrics.Option) Option {
	return optionFunc(func(c *config) {
		c.spanMetrics = true
		c.spanMetricsOptions = append(c.spanMetricsOptions, opts...)
	})
}

// resolveStatsD returns the address to dial, "" for no client.
func resolveStatsD(c *config, e *environment) string {
	host, named := e.text(envStatsDHost)
	switch {
	case !c.statsd && !named:
		return ""
	case c.statsd && c.statsdAddr != "":
		if named {
			e.note(envStatsDHost, "set in code; ignored")
		}
		return c.statsdAddr
	}
	port := e.integer(envStatsDPort, 1, defaultStatsDPort)
	if port > 65535 {
		e.problem(envStatsDPort, fmt.Sprintf("is more than 65535; using %d", defaultStatsDPort))
		port = defaultStatsDPort
	}
	if host == "" {
		host = defaultStatsDHost
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), fmt.Sprint(port))
}

// openStatsD dials the client. A wrong address of the environment is reported
// and there is no client; a mistake in code is an error.
func openStatsD(c *config, s *settings, e *environment) (*metrics.Client, error) {
	if s.statsdAddr == "" {
		if c.spanMetrics {
			return nil, errors.New("instrument: span metrics need a StatsD client: add WithStatsD or set STATSD_HOST")
		}
		return nil, nil
	}
	opts, inCode := c.statsdOptions, c.statsd && c.statsdAddr != ""
	if prefix, named := e.text(envStatsDPrefix); named {
		opts = append([]metrics.Option{metrics.WithPrefix(prefix)}, opts...)
	}
	var err error
	if !inCode {
		err = checkHost(s.statsdAddr)
	}
	if err == nil {
		var client *metrics.Client
		if client, err = metrics.Dial(s.statsdAddr, opts...); err == nil {
			return client, nil
		}
	}
	wrong := err
	if !inCode { // the options may be wrong too
		var client *metrics.Client
		client, err = metrics.Dial(net.JoinHostPort(defaultStatsDHost, fmt.Sprint(defaultStatsDPort)), c.statsdOptions...)
		_ = client.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("instrument: statsd: %w", err)
	}
	e.problem(envStatsDHost, fmt.Sprintf("%v; no StatsD client", wrong))
	return nil, nil
}

// checkHost finds what no resolver will ever find, such as the quotes of a
// shell or a port.
func checkHost(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return errors.New("is not a host name or an address")
	}
	if _, err := netip.ParseAddr(host); err == nil || !strings.ContainsAny(host, "\"'`:,;=()<>{}&*!$%^+@") {
		return nil
	}
	return errors.New("is not a host name or an address; the port is for " + envStatsDPort)
}

// Metrics returns the StatsD client of WithStatsD or STATSD_HOST. Without
// either, and for a nil Telemetry, it is nil, which discards.
func (t *Telemetry) Metrics() *metrics.Client {
	if t == nil {
		return nil
	}
	return t.statsd
}

func (t *Telemetry) startStatsD(p *plan) {
	t.statsd = p.statsd
	if t.statsd == nil {
		return
	}
	t.components = append(t.components, component{name: "statsd", flush: t.statsd.Flush, shutdown: func(ctx context.Context) error {
		return errors.Join(t.statsd.Flush(ctx), t.statsd.Close())
	}})
}
