// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
)

// Variables of OpenTelemetry's specification that New reads where the program
// says nothing. An empty one counts as unset.
const (
	envEndpoint = "OTEL_EXPORTER_ZIPKIN_ENDPOINT"
	envTimeout  = "OTEL_EXPORTER_ZIPKIN_TIMEOUT"
)

// maxTimeout is the longest timeout that milliseconds in the environment may
// mean; a longer one is a mistake of units.
const maxTimeout = 24 * time.Hour

// environmentURL returns the endpoint that the environment names, or the
// default. A mistake there is told to OpenTelemetry's error handler, and does
// not keep the program from starting.
func environmentURL() string {
	raw := strings.TrimSpace(os.Getenv(envEndpoint))
	if raw == "" {
		return DefaultURL
	}
	if _, err := parseTarget(raw); err != nil {
		otel.Handle(fmt.Errorf("zipkin: %s %q %w; %s is used", envEndpoint, redactURL(raw), err, DefaultURL))
		return DefaultURL
	}
	return raw
}

// environmentTimeout returns the timeout that the environment sets, or d.
func environmentTimeout(d time.Duration) time.Duration {
	raw := strings.TrimSpace(os.Getenv(envTimeout))
	if raw == "" {
		return d
	}
	ms, err := strconv.ParseInt(raw, 10, 64)
	if err != nil || ms <= 0 || ms > maxTimeout.Milliseconds() {
		otel.Handle(fmt.Errorf("zipkin: %s %q is not a number of milliseconds from 1 to %d; %v is used",
			envTimeout, raw, maxTimeout.Milliseconds(), d))
		return d
	}
	return time.Duration(ms) * time.Millisecond
}
