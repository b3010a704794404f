// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/internal/intent"
)

// XTraceInfoFormat is what XTraceInfo writes.
type XTraceInfoFormat uint8

const (
	// XTraceInfoSigned writes osprofiler's form, signed with the first key:
	// both ids arrive whole. Without keys it writes nothing.
	XTraceInfoSigned XTraceInfoFormat = iota
	// XTraceInfoTomograph writes tomograph's form, which nobody signs. Its ids
	// have 63 bits, so the low ones are sent, and the receiver's trace joins
	// ours only where ours came from tomograph too.
	XTraceInfoTomograph
	// XTraceInfoNone writes nothing.
	XTraceInfoNone
)

// XTraceInfoConfig says whom XTraceInfo believes and what it writes. The zero
// value believes nobody and writes nothing.
type XTraceInfoConfig struct {
	// HMACKeys are the keys shared with osprofiler's services, each at least
	// 6 bytes. A header signed with any of them is believed; the first one
	// signs. With keys, a header without a valid signature is never believed,
	// whatever AllowUnsigned says: it would be a way around them.
	HMACKeys []string

	// AllowUnsigned believes tomograph's headers, which carry no signature,
	// from whoever can reach this service. It has no effect beside HMACKeys,
	// and osprofiler's headers are never believed unsigned.
	AllowUnsigned bool

	// Inject says what is written. By default, XTraceInfoSigned.
	Inject XTraceInfoFormat

	// Defer leaves the sampling of a believed header to the local sampler. By
	// default, the header means that the caller traces, and so do we.
	Defer bool
}

// XTraceInfo reads and writes the X-Trace-Info header of tomograph and of
// OpenStack's osprofiler. Make one with NewXTraceInfo; nil reads and writes
// nothing. It may be used from several goroutines.
type XTraceInfo struct {
	keys     signers
	unsigned bool // of no effect beside keys
	format   XTraceInfoFormat
	decision intent.Decision
}

var _ extractor = (*XTraceInfo)(nil)

var (
	xtraceInfoField = field{"X-Trace-Info", "x-trace-info"}
	xtraceHMACField = field{"X-Trace-Hmac", "x-trace-hmac"}
)

// maxXTraceBytes bounds each header: above it, nothing of it is read.
const maxXTraceBytes = 1024

// NewXTraceInfo returns an error for an empty or short key and for an unknown
// format. No error holds any part of a key.
func NewXTraceInfo(config XTraceInfoConfig) (*XTraceInfo, error) {
	if config.Inject > XTraceInfoNone {
		return nil, fmt.Errorf("propagators: X-Trace-Info format %d is not one of the three", config.Inject)
	}
	x := &XTraceInfo{
		unsigned: config.AllowUnsigned,
		format:   config.Inject,
		decision: intent.Accept,
	}
	if config.Defer {
		x.decision = intent.Defer
	}
	for i, key := range config.HMACKeys {
		s, err := newSigner(key)
		if err != nil {
			return nil, fmt.Errorf("propagators: X-Trace-Info HMAC key %d of %d: %w", i+1, len(config.HMACKeys), err)
		}
		x.keys = append(x.keys, s)
	}
	if x.format == XTraceInfoSigned && len(x.keys) == 0 {
		x.format = XTraceInfoNone
	}
	return x, nil
}

// Extract returns a context with the ids of a header that the configuration
// believes, or ctx itself. Nothing in the format tells a replayed header from
// a fresh one.
func (x *XTraceInfo) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	e, ok := x.extract(carrier)
	if !ok {
		return ctx
	}
	return e.apply(ctx)
}

func (x *XTraceInfo) extract(carrier propagation.TextMapCarrier) (e extraction, ok bool) {
	if x == nil {
		return e, false
	}
	info, n := xtraceInfoField.one(carrier)
	if n <= 1 && info == "" {
		return e, false
	}
	signature, m := xtraceHMACField.one(carrier)
	var why rejection
	switch {
	case n > 1 || m > 1:
		why = xtraceRepeated
	case len(info) > maxXTraceBytes || len(signature) > maxXTraceBytes:
		why = xtraceTooLarge
	case len(x.keys) == 0 && !x.unsigned:
		why = xtraceUnsigned
	case len(x.keys) == 0:
		ok, why = readTomographHeader(info, &e), xtraceMalformed
	case strings.TrimSpace(signature) == "":
		why = xtraceUnsigned
	case !x.keys.verify(info, signature):
		why = xtraceSignature
	default:
		ok, why = readOsprofilerHeader(info, &e), xtraceMalformed
	}
	if !ok {
		reject(why)
		return extraction{}, false
	}
	e.decision, e.explicit = x.decision, true
	return e, true
}

func (*XTraceInfo) reads() []field { return []field{xtraceInfoField} }

func readTomographHeader(text string, e *extraction) bool {
	var buf [maxXTraceBytes]byte
	pickled, ok := decodeBase64(buf[:], &base64Std, text)
	if !ok {
		return false
	}
	traceID, spanID, ok := readPickle(pickled)
	binary.BigEndian.PutUint64(e.traceID[8:], traceID)
	binary.BigEndian.PutUint64(e.spanID[:], spanID)
	e.hashed = true
	return ok
}

func readOsprofilerHeader(text string, e *extraction) bool {
	var buf [maxXTraceBytes]byte
	object, ok := decodeBase64(buf[:], &base64URL, text)
	if !ok {
		return false
	}
	ids, ok := readOsprofiler(object)
	if !ok {
		return false
	}
	traceID, traceOK := ids.traceID()
	spanID, spanOK := ids.spanID()
	e.traceID, e.spanID = traceID, spanID
	return traceOK && spanOK && e.traceID.IsValid() && e.spanID.IsValid()
}

// Inject writes the ids of a sampled span in ctx. For one that is not sampled
// it writes nothing, because to its receivers the header means "traced".
func (x *XTraceInfo) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	if x == nil || x.format == XTraceInfoNone {
		return
	}
	sc := trace.SpanContextFromContext(ctx)
	if !sc.IsValid() {
		return
	}
	info, signature := "", ""
	switch {
	case !sc.IsSampled():
	case x.format == XTraceInfoTomograph:
		info = tomographHeader(sc)
	default:
		info, signature = x.keys[0].osprofiler(sc.TraceID(), sc.SpanID())
	}
	setOrClear(xtraceInfoField, carrier, info)
	setOrClear(xtraceHMACField, carrier, signature)
}

// tomographHeader returns "" for ids whose low 63 bits are zero.
func tomographHeader(sc trace.SpanContext) string {
	traceID, spanID := sc.TraceID(), sc.SpanID()
	a := binary.BigEndian.Uint64(traceID[8:]) & math.MaxInt64
	b := binary.BigEndian.Uint64(spanID[:]) & math.MaxInt64
	if a == 0 || b == 0 {
		return ""
	}
	var plain [48]byte
	var text [64]byte
	return string(base64.StdEncoding.AppendEncode(text[:0], appendPickle(plain[:0], a, b)))
}

// Fields returns the headers that Inject may write.
func (x *XTraceInfo) Fields() []string {
	switch {
	case x == nil || x.format == XTraceInfoNone:
		return nil
	case x.format == XTraceInfoTomograph:
		return []string{xtraceInfoField.lower}
	}
	return []string{xtraceInfoField.lower, xtraceHMACField.lower}
}
