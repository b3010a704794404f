// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"encoding/hex"
	"net/http"

	"go.opentelemetry.io/otel/trace"
)

// traceResponseHeader is that of W3C Trace Context Level 2.
const traceResponseHeader = "Traceresponse"

// setTraceResponse tells the caller which trace its request became part of,
// and whether that trace is sampled.
func setTraceResponse(h http.Header, sc trace.SpanContext) {
	if !sc.IsValid() || len(h[traceResponseHeader]) > 0 {
		return
	}
	traceID, spanID := sc.TraceID(), sc.SpanID()
	flags := [1]byte{byte(sc.TraceFlags() & (trace.FlagsSampled | trace.FlagsRandom))}
	b := make([]byte, 0, len("00-")+32+1+16+1+2)
	b = append(b, "00-"...)
	b = hex.AppendEncode(b, traceID[:])
	b = append(b, '-')
	b = hex.AppendEncode(b, spanID[:])
	b = append(b, '-')
	b = hex.AppendEncode(b, flags[:])
	h[traceResponseHeader] = []string{string(b)}
}
