// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	firstBackoff = 200 * time.Millisecond
	// maxWait caps a wait, ours or one that a Retry-After asks for: spans do
	// not wait longer, their queue would overflow meanwhile.
	maxWait = 5 * time.Second
)

// retryable reports whether the same request may be answered otherwise later.
func retryable(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// backoff returns how long to wait before repetition n, which begins at 0: a
// time between the half and the whole of 0.2, 0.4, 0.8 … 5 s, so that many
// programs do not come back at once.
func backoff(n int) time.Duration {
	d := maxWait
	if n < 10 {
		d = min(d, firstBackoff<<n)
	}
	return d/2 + rand.N(d/2+1)
}

// retryAfter returns the wait that a Retry-After header asks for, at most
// maxWait; 0 when there is none, or none that can be read (RFC 9110, 10.2.3).
func retryAfter(text string, now time.Time) time.Duration {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0
	}
	if strings.Trim(text, "0123456789") == "" {
		// A number too large for its type is a number too large.
		seconds, err := strconv.ParseUint(text, 10, 64)
		if err != nil || seconds > uint64(maxWait/time.Second) {
			return maxWait
		}
		return time.Duration(seconds) * time.Second
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(min(date.Sub(now), maxWait), 0)
}
