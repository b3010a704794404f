// SPDX-License-Identifier: Apache-2.0

package influx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// answer is what the server made of a batch.
type answer struct {
	err      error
	again    bool          // another attempt may help
	after    time.Duration // and not earlier than this
	tooLarge bool          // a smaller batch may help
	rejected int           // points that it would not have
}

// maxAnswer is how much of an answer is read.
const maxAnswer = 64 << 10

// post sends a batch.
func (w *Writer) post(ctx context.Context, b *batch) answer {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.write, bytes.NewReader(b.lines))
	if err != nil {
		return answer{err: errors.New("influx: the address is no URL"), rejected: b.points()}
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	switch {
	case w.token != "":
		req.Header.Set("Authorization", "Token "+w.token)
	case w.user != nil:
		password, _ := w.user.Password()
		req.SetBasicAuth(w.user.Username(), password)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return answer{err: fmt.Errorf("influx: %w", unwrapURL(err)), again: true}
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	w.stats.requests.Add(1)
	return judge(resp, string(body), b.points())
}

// unwrapURL leaves out the address, which says nothing new.
func unwrapURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// judge reads the answer of a server, of version 1 or 2.
func judge(resp *http.Response, body string, points int) answer {
	code := resp.StatusCode
	if code/100 == 2 {
		return answer{}
	}
	a := answer{err: fmt.Errorf("influx: the server answers %d: %q", code, excerpt(resp, body))}
	switch {
	case code == http.StatusRequestEntityTooLarge && points > 1:
		a.tooLarge = true
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		a.again = true
		if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
			a.after = min(time.Duration(min(s, 3600))*time.Second, maxPause)
		}
	case code == http.StatusBadRequest:
		a.rejected = rejected(body, points)
	default:
		a.rejected = points
	}
	return a
}

var partial = regexp.MustCompile(`partial write:.* dropped=(\d+)`)

// rejected returns how many points of a bad request were not written. The
// server writes the others and says so.
func rejected(body string, points int) int {
	if m := partial.FindStringSubmatch(body); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil && n < points {
			return n
		}
	}
	return points
}

// excerpt returns the reason that the server gives.
func excerpt(resp *http.Response, body string) string {
	text := resp.Header.Get("X-Influxdb-Error")
	if text == "" {
		text = strings.TrimSpace(body)
	}
	return text[:min(len(text), 200)]
}
