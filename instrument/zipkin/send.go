// SPDX-License-Identifier: Apache-2.0

package zipkin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	// drainTime is how long the body of a reply is read for the sake of the
	// connection; one that is not over by then is closed with it.
	drainTime = 250 * time.Millisecond
	// maxShown is how much of a reply an error shows, in bytes.
	maxShown = 256
)

// answer is what came of one attempt.
type answer struct {
	status int           // 0: there was no answer
	after  time.Duration // of a Retry-After
	text   string        // for people, without secrets
	err    error         // why there was no answer, when it shows no secret
	final  bool          // repeating is of no use
}

func (a answer) accepted() bool { return a.status >= 200 && a.status < 300 }

// attempt posts payload once. Nothing of it is read after attempt returns.
func (e *Exporter) attempt(ctx context.Context, payload []byte, compressed bool) answer {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sources := &bodies{data: payload}
	defer sources.detach()
	first, _ := sources.open()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.target.url, first)
	if err != nil {
		return answer{text: oneLine(e.target.redact(err.Error())), final: true}
	}
	req.GetBody = sources.open
	req.ContentLength = int64(len(payload))
	req.Header = e.header.Clone()
	if compressed {
		req.Header.Set("Content-Encoding", "gzip")
	}
	if e.host != "" {
		req.Host = e.host
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return e.unanswered(err)
	}
	defer resp.Body.Close()
	reply := drain(resp, cancel)
	return e.read(resp, reply)
}

// unanswered describes an error of the client, without the URL that net/http
// puts in front of it.
func (e *Exporter) unanswered(err error) answer {
	var wrapped *url.Error
	for errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	text := err.Error()
	a := answer{text: oneLine(e.target.redact(text))}
	if e.target.redact(text) == text {
		a.err = err
	}
	var untrusted *tls.CertificateVerificationError
	a.final = errors.As(err, &untrusted) || errors.Is(err, http.ErrSchemeMismatch)
	return a
}

// zipkinTooLarge is how the body begins that Zipkin's own server (3.5) sends
// with status 500 when a request is larger than it takes.
const zipkinTooLarge = "413 Request Entity Too Large"

// read makes an answer of a reply and the beginning of its body.
func (e *Exporter) read(resp *http.Response, reply []byte) answer {
	if resp.StatusCode == http.StatusInternalServerError && strings.HasPrefix(string(reply), zipkinTooLarge) {
		return answer{status: http.StatusRequestEntityTooLarge, text: zipkinTooLarge, final: true}
	}
	a := answer{status: resp.StatusCode, text: strconv.Itoa(resp.StatusCode)}
	if name := http.StatusText(resp.StatusCode); name != "" {
		a.text += " " + name
	}
	a.final = !retryable(resp.StatusCode)
	switch location := resp.Header.Get("Location"); {
	case a.accepted():
	case resp.StatusCode/100 == 3 && location != "":
		a.text += fmt.Sprintf(", a redirect to %q, which is refused", e.show(redactURL(location)))
	case retryable(resp.StatusCode):
		a.after = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	default:
		if shown := e.show(string(reply)); shown != "" {
			a.text += fmt.Sprintf(": %q", shown)
		}
	}
	return a
}

// show returns the beginning of a text that the collector sent. It is empty
// when a secret is too short to be found in it.
func (e *Exporter) show(text string) string {
	if e.target.short {
		return ""
	}
	return oneLine(e.target.redact(text)) // before it is cut, which could leave half a secret
}

// oneLine returns text fit for one line of a log.
func oneLine(text string) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if len(text) > maxShown {
		text = strings.ToValidUTF8(text[:maxShown], "") + ellipsis
	}
	return text
}

// drain reads the body of a reply, so that the connection can be used again,
// but no more than maxReply and no longer than drainTime. It returns what it
// read.
func drain(resp *http.Response, cancel func()) []byte {
	if resp.ContentLength == 0 {
		return nil
	}
	timer := time.AfterFunc(drainTime, cancel)
	defer timer.Stop()
	reply, _ := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	return reply
}

// Probe asks the collector whether it takes spans, with an empty list: the
// same URL, credentials and connections as for spans. It returns nil when the
// answer is 2xx, else an error with the answer, or with why there was none
// within ctx and the exporter's timeout. It counts nowhere.
func (e *Exporter) Probe(ctx context.Context) error {
	e.mu.Lock()
	stopped := e.stopped
	e.mu.Unlock()
	if stopped {
		return ErrShutdown
	}
	own, cancel := e.bound(ctx)
	defer cancel()
	if a := e.attempt(own, []byte("[]"), false); !a.accepted() {
		return &exportError{text: fmt.Sprintf("zipkin: POST %q: %s", e.target.shown, a.text), cause: a.err}
	}
	return nil
}

// bound returns a context with the values of the exporter alone, no span,
// baggage or trace hook of the caller's, that ends with that of the caller,
// with the exporter's life and after its timeout.
func (e *Exporter) bound(caller context.Context) (context.Context, context.CancelFunc) {
	deadline := time.Now().Add(e.timeout)
	if earlier, ok := caller.Deadline(); ok && earlier.Before(deadline) {
		deadline = earlier
	}
	ctx, cancel := context.WithDeadline(e.life, deadline)
	stop := context.AfterFunc(caller, cancel)
	return ctx, func() { stop(); cancel() }
}

// exportError has a text without secrets. Its cause is for errors.Is and As,
// and is nil when its own text could show one.
type exportError struct {
	text  string
	cause error
}

func (e *exportError) Error() string { return e.text }
func (e *exportError) Unwrap() error { return e.cause }
