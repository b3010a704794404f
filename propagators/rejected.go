// SPDX-License-Identifier: Apache-2.0

package propagators

import "sync/atomic"

// Rejection is one reason for which headers of one format are turned away.
// The set of rejections is fixed, so both fields may be metric attributes.
type Rejection struct {
	Format string // the name Parse knows the format by; "first" for a conflict between formats
	Reason string
}

// rejection indexes rejections and counts.
type rejection uint8

const (
	traceparentMalformed rejection = iota
	traceparentRepeated
	tracestateMalformed
	tracestateTooLarge
	baggageMalformed
	baggageTooLarge
	b3Malformed
	xtraceMalformed
	xtraceRepeated
	xtraceTooLarge
	xtraceUnsigned
	xtraceSignature
	correlationInvalid
	firstOtherTrace
	rejectionCount
)

var rejections = [rejectionCount]Rejection{
	traceparentMalformed: {"tracecontext", "malformed traceparent"},
	traceparentRepeated:  {"tracecontext", "repeated traceparent"},
	tracestateMalformed:  {"tracecontext", "malformed tracestate"},
	tracestateTooLarge:   {"tracecontext", "tracestate too large"},
	baggageMalformed:     {"baggage", "malformed member"},
	baggageTooLarge:      {"baggage", "too large"},
	b3Malformed:          {"b3", "malformed"},
	xtraceMalformed:      {"xtraceinfo", "malformed"},
	xtraceRepeated:       {"xtraceinfo", "repeated"},
	xtraceTooLarge:       {"xtraceinfo", "too large"},
	xtraceUnsigned:       {"xtraceinfo", "unsigned"},
	xtraceSignature:      {"xtraceinfo", "wrong signature"},
	correlationInvalid:   {"correlationid", "invalid"},
	firstOtherTrace:      {"first", "another trace id"},
}

var rejectedCounts [rejectionCount]atomic.Uint64

func reject(r rejection) { rejectedCounts[r].Add(1) }

// Rejected returns how many headers were turned away since the program
// started, for each reason, zeros included. A header that is absent is not
// counted. It may be called from several goroutines.
func Rejected() map[Rejection]uint64 {
	all := make(map[Rejection]uint64, rejectionCount)
	for r, name := range rejections {
		all[name] = rejectedCounts[r].Load()
	}
	return all
}
