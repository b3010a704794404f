// SPDX-License-Identifier: Apache-2.0

package instrumenttest

import (
	"bytes"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Answer is one line of a collector's script: what it does with one request.
// An Answer is a value; its methods return a changed copy.
type Answer struct {
	status   int
	header   http.Header
	body     string
	delay    time.Duration
	limit    int // bytes of JSON; beyond it the status is 413
	times    int
	act      act
	interval time.Duration // between two bytes of a dripping body
}

type act uint8

const (
	actAnswer act = iota
	actHang
	actReset
	actDrip
	actEndless
)

// Status answers with code and no body.
func Status(code int) Answer { return Answer{status: code} }

// Accepted answers 202, as a Zipkin server does.
func Accepted() Answer { return Status(http.StatusAccepted) }

// RetryAfter answers with code and a Retry-After header of that text: seconds
// ("1"), a date, or whatever else a test wants to see survived.
func RetryAfter(code int, after string) Answer {
	return Status(code).WithHeader("Retry-After", after)
}

// Redirect answers 302 to location.
func Redirect(location string) Answer {
	return Status(http.StatusFound).WithHeader("Location", location)
}

// TooLarge answers 413 to a request of more than limit bytes of uncompressed
// JSON, and 202 to any other.
func TooLarge(limit int) Answer {
	return Answer{status: http.StatusAccepted, limit: limit}
}

// Hang reads the request and does not answer. It ends when the client goes
// away, when [Collector.Release] lets it answer 202, or with the test.
func Hang() Answer { return Answer{status: http.StatusAccepted, act: actHang} }

// Reset reads the request and resets the connection without an answer.
func Reset() Answer { return Answer{act: actReset} }

// Drip answers with code at once and then sends one byte of body each
// interval, for ever.
func Drip(code int, interval time.Duration) Answer {
	return Answer{status: code, act: actDrip, interval: interval}
}

// EndlessBody answers with code and a body that never ends, as fast as the
// client reads it.
func EndlessBody(code int) Answer { return Answer{status: code, act: actEndless} }

// WithHeader adds a header to the answer.
func (a Answer) WithHeader(name, value string) Answer {
	a.header = a.header.Clone()
	if a.header == nil {
		a.header = http.Header{}
	}
	a.header.Add(name, value)
	return a
}

// WithBody sets the body of the answer. An answer that resets, drips or never
// ends has no use for it.
func (a Answer) WithBody(body string) Answer {
	a.body = body
	return a
}

// After waits for d before the answer begins.
func (a Answer) After(d time.Duration) Answer {
	a.delay = d
	return a
}

// Times plays the answer n times before the script goes on. Below 1 it is
// played once.
func (a Answer) Times(n int) Answer {
	a.times = n
	return a
}

// play answers the request recorded as rec.
func (a Answer) play(c *Collector, w http.ResponseWriter, r *http.Request, rec *Request) {
	if a.delay > 0 && !c.wait(r, a.delay) {
		panic(http.ErrAbortHandler)
	}
	switch a.act {
	case actHang:
		if !c.hang(r) {
			panic(http.ErrAbortHandler)
		}
	case actReset:
		reset(w)
		panic(http.ErrAbortHandler)
	}
	status, body := a.status, a.body
	if a.limit > 0 && len(rec.Body) > a.limit {
		status = http.StatusRequestEntityTooLarge
	}
	if rec.Err != nil && status >= 200 && status < 300 {
		status, body = http.StatusBadRequest, rec.Err.Error()
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	c.answered(rec, status)
	switch a.act {
	case actDrip:
		w.WriteHeader(status)
		c.pour(w, r, []byte("."), a.interval)
	case actEndless:
		w.WriteHeader(status)
		c.pour(w, r, bytes.Repeat([]byte("x"), 16<<10), 0)
	default:
		if body != "" {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// reset closes the connection under w with an RST in place of a FIN.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	inner := conn
	if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok {
		inner = wrapped.NetConn()
	}
	if tcp, ok := inner.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = inner.Close()
}
