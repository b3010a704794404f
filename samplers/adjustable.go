// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// AdjustableSampler is [Probability] with a ratio that can be changed while
// the program runs. Every decision is made with one ratio and carries the
// threshold of that one. It is an [http.Handler] too. It may be used from
// several goroutines. Make one with [Adjustable].
type AdjustableSampler struct {
	ratio atomic.Pointer[ratio]
}

var (
	_ sdktrace.Sampler = (*AdjustableSampler)(nil)
	_ http.Handler     = (*AdjustableSampler)(nil)
)

// Adjustable returns a sampler that starts with the ratio initial, which is
// taken as [Probability] takes it: what makes no sense is 0.
func Adjustable(initial float64) *AdjustableSampler {
	s := new(AdjustableSampler)
	r := ratioOf(initial)
	s.ratio.Store(&r)
	return s
}

// Ratio returns the ratio in force.
func (s *AdjustableSampler) Ratio() float64 { return s.ratio.Load().value }

// Set changes the ratio for all decisions that begin after it returns. A ratio
// that is neither 0 nor within [2^-56, 1] is an error and changes nothing.
func (s *AdjustableSampler) Set(p float64) error {
	if err := checkRatio(p, fmt.Sprintf(`"%g"`, p)); err != nil {
		return err
	}
	r := ratioOf(p)
	s.ratio.Store(&r)
	return nil
}

// ShouldSample implements [sdktrace.Sampler].
func (s *AdjustableSampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	q := question{parent: trace.SpanContextFromContext(p.ParentContext)}
	s.answer(&p, &q)
	return q.result
}

func (s *AdjustableSampler) answer(p *sdktrace.SamplingParameters, q *question) {
	s.ratio.Load().decide(p, q)
}

// Description implements [sdktrace.Sampler]. It names the ratio in force.
func (s *AdjustableSampler) Description() string {
	return "Adjustable{" + s.ratio.Load().text() + "}"
}

// maxRatioBytes is more than any ratio takes.
const maxRatioBytes = 64

// ServeHTTP reads the ratio (GET, HEAD) and sets it (PUT, POST, with the ratio
// as the body: "0.25"). Either way the answer is the ratio in force, as text
// and a newline. A body that is no ratio is answered with 400 and the rule, a
// request that a browser sends for another site with 403. There is no other
// protection: mount it where only operators get to.
func (s *AdjustableSampler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPut, http.MethodPost:
		if err := sameSite.Check(r); err != nil {
			http.Error(w, "samplers: the request comes from another site", http.StatusForbidden)
			return
		}
		if err := s.setFrom(http.MaxBytesReader(w, r.Body, maxRatioBytes)); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	default:
		w.Header().Set("Allow", "GET, HEAD, PUT, POST")
		http.Error(w, "samplers: GET reads the ratio, PUT and POST set it", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	io.WriteString(w, s.ratio.Load().text()+"\n") // to a client that left, nothing can be said
}

// sameSite keeps web pages from changing the ratio through the browser of
// somebody who may.
var sameSite = http.NewCrossOriginProtection()

func (s *AdjustableSampler) setFrom(body io.Reader) error {
	text, err := io.ReadAll(body)
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		return fmt.Errorf("samplers: ratio %s is longer than %d bytes", quoted(string(text)), tooLong.Limit)
	}
	if err != nil {
		return errors.New("samplers: the request body ended early")
	}
	ratio := strings.TrimSpace(string(text))
	if ratio == "" {
		return errors.New(`samplers: ratio "" is not a number`)
	}
	p, err := parseRatio(ratio, 0)
	if err != nil {
		return err
	}
	return s.Set(p)
}
