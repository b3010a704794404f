// SPDX-License-Identifier: Apache-2.0

package propagators_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/waymark-otel/waymark/propagators"
)

// changed returns the rejections that f adds to.
func changed(f func()) map[propagators.Rejection]uint64 {
	before := propagators.Rejected()
	f()
	grown := map[propagators.Rejection]uint64{}
	for r, n := range propagators.Rejected() {
		if n != before[r] {
			grown[r] = n - before[r]
		}
	}
	return grown
}

func TestEveryRejectionIsCountedOnceUnderItsReason(t *testing.T) {
	long := strings.Repeat("x", 9000)
	good := osprofiler("secret1", `{"base_id": "4e3e0ec6-2938-40b1-8504-09eb1d4b0dee"}`)
	cases := map[propagators.Rejection][][2]string{
		{Format: "tracecontext", Reason: "malformed traceparent"}: {{"traceparent", "00-x"}},
		{Format: "tracecontext", Reason: "repeated traceparent"}:  {{"traceparent", traceparent}, {"traceparent", traceparent}},
		{Format: "tracecontext", Reason: "malformed tracestate"}:  {{"traceparent", traceparent}, {"tracestate", "A=1"}},
		{Format: "tracecontext", Reason: "tracestate too large"}:  {{"traceparent", traceparent}, {"tracestate", long}},
		{Format: "baggage", Reason: "malformed member"}:           {{"baggage", "a=1,nonsense,nonsense"}},
		{Format: "baggage", Reason: "too large"}:                  {{"baggage", long}},
		{Format: "b3", Reason: "malformed"}:                       {{"b3", "x"}},
		{Format: "xtraceinfo", Reason: "malformed"}:               osprofiler("secret1", `[]`),
		{Format: "xtraceinfo", Reason: "repeated"}:                {good[0], good[0], good[1]},
		{Format: "xtraceinfo", Reason: "too large"}:               {{"X-Trace-Info", long}, good[1]},
		{Format: "xtraceinfo", Reason: "unsigned"}:                {good[0]},
		{Format: "xtraceinfo", Reason: "wrong signature"}:         {good[0], {"X-Trace-HMAC", strings.Repeat("0", 40)}},
		{Format: "correlationid", Reason: "invalid"}:              {{"X-Request-ID", "a b"}},
		{Format: "first", Reason: "another trace id"}:             {{"traceparent", traceparent}, {"b3", idB + "-" + spB}},
	}
	p := all(t)
	for want, headers := range cases {
		t.Run(want.Format+": "+want.Reason, func(t *testing.T) {
			got := changed(func() { p.Extract(t.Context(), header(headers...)) })
			assert.Equal(t, map[propagators.Rejection]uint64{want: 1}, got)
		})
	}
	assert.Len(t, propagators.Rejected(), len(cases), "a reason without a case")
}

func TestTooManyBaggageMembersAreCountedAsThat(t *testing.T) {
	got := changed(func() { all(t).Extract(t.Context(), header([2]string{"baggage", members(0, 65, 10)})) })
	assert.Equal(t, map[propagators.Rejection]uint64{{Format: "baggage", Reason: "too large"}: 1}, got)
}

func TestWhatIsAbsentOrValidIsNotCounted(t *testing.T) {
	p := all(t)
	assert.Empty(t, changed(func() {
		p.Extract(t.Context(), browserHeaders())
		p.Extract(t.Context(), header([2]string{"traceparent", ""}, [2]string{"b3", ""}, [2]string{"X-Trace-Info", ""},
			[2]string{"baggage", ""}, [2]string{"X-Request-ID", ""}, [2]string{"X-Trace-HMAC", "x"}, [2]string{"X-B3-SpanId", "x"}))
		p.Extract(t.Context(), header([2]string{"traceparent", traceparent}, [2]string{"tracestate", "a=1,,a=2"},
			[2]string{"baggage", "a=1,,"}, [2]string{"b3", traceHex + "-" + spanHex + "-1"}, [2]string{"X-Request-ID", "a"}))
	}))
}
