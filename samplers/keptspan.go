// SPDX-License-Identifier: Apache-2.0

package samplers

import (
	"slices"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// ReasonKey is the attribute that every span kept by [KeepErrors] carries:
// why, in a word ("error", "slow", or what [WithReason] answered).
const ReasonKey = attribute.Key("waymark.sampling.reason")

// keptSpan is an unsampled span that is exported after all: with the sampled
// flag, without a threshold, since nobody knows how many others it stands for,
// and with the reason.
type keptSpan struct {
	sdktrace.ReadOnlySpan
	context    trace.SpanContext
	attributes []attribute.KeyValue
}

func keptSpanOf(s sdktrace.ReadOnlySpan, why string) *keptSpan {
	sc := s.SpanContext()
	sc = sc.WithTraceFlags(sc.TraceFlags() | trace.FlagsSampled).WithTraceState(withoutTh(sc.TraceState()))
	return &keptSpan{
		ReadOnlySpan: s,
		context:      sc,
		attributes:   append(slices.Clip(s.Attributes()), ReasonKey.String(why)),
	}
}

func (s *keptSpan) SpanContext() trace.SpanContext { return s.context }

func (s *keptSpan) Attributes() []attribute.KeyValue { return s.attributes }
