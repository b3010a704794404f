// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/samplers"
)

// everySampler returns each sampler twice: one that keeps and one that drops.
func everySampler() map[string][2]sdktrace.Sampler {
	on, off := samplers.Probability(1), samplers.Probability(0)
	return map[string][2]sdktrace.Sampler{
		"Probability":  {on, off},
		"Hashed":       {samplers.Hashed(1), samplers.Hashed(0)},
		"AlwaysRecord": {samplers.AlwaysRecord(on), samplers.AlwaysRecord(off)},
		"RateLimited":  {samplers.RateLimited(1e6), samplers.RateLimited(0)},
		"AtMost":       {samplers.AtMost(1e6, on), samplers.AtMost(1e6, off)},
		"Rules":        {samplers.Rules(off, samplers.Rule{Sampler: on}), samplers.Rules(on, samplers.Rule{})},
		"Forced":       {samplers.Forced(on), samplers.Forced(off)},
		"Adjustable":   {samplers.Adjustable(1), samplers.Adjustable(0)},
	}
}

func TestEverySamplerPassesTheTracestateOn(t *testing.T) {
	full := make([]string, 0, 32)
	for i := range 32 {
		full = append(full, fmt.Sprintf("v%d=%d", i, i))
	}
	for name, in := range map[string]string{
		"nothing":                     "",
		"other vendors":               "a=1,b=2",
		"full of other vendors":       strings.Join(full, ","),
		"foreign sub-keys":            "ot=xx:1;yy:2",
		"rv and foreign sub-keys":     "ot=xx:1;rv:ffffffffffffff;yy:2,a=1",
		"th of somebody else":         "a=1,ot=th:ff,b=2",
		"th between others":           "ot=xx:1;th:8;rv:ffffffffffffff;yy:2",
		"th twice, once unreadable":   "ot=th:0;th:",
		"th twice":                    "ot=th:8;xx:1;th:c",
		"th that cannot be read":      "ot=th:XYZ;xx:1",
		"th last, after a space":      "ot=xx:1 ;th:0",
		"rv that cannot be read":      "ot=rv:1;xx:1",
		"sub-key of spaces":           "ot= ;th:0",
		"empty sub-keys":              "ot=;;xx:1;;",
		"only separators":             "ot=;;;,a=1",
		"sub-key without a value":     "ot=th;rv;xx",
		"as long as an entry may get": "ot=xx:" + strings.Repeat("1", 253) + ",a=1",
		"as long as that, with th":    "ot=th:0;xx:" + strings.Repeat("1", 248) + ",a=1",
	} {
		for sampler, pair := range everySampler() {
			for i, s := range pair {
				t.Run(fmt.Sprintf("%s/%s/%d", name, sampler, i), func(t *testing.T) {
					got := ask(s, parent{sampled: true, tracestate: in}.context(t, kept), kept)
					assert.Equal(t, i == 0, got.Decision == sdktrace.RecordAndSample)
					assertPassedOn(t, in, got, kept)
				})
			}
		}
	}
}

func TestThresholdWithoutRoomIsLeftOutAndTheOldOneErased(t *testing.T) {
	foreign := "xx:" + strings.Repeat("1", 248)
	for _, s := range []sdktrace.Sampler{samplers.Probability(0.001), samplers.Hashed(0.001)} {
		ctx := parent{sampled: true, tracestate: "ot=th:0;" + foreign}.context(t, kept)
		for id := (trace.TraceID{0: 1, 9: 0xff, 10: 0xff, 11: 0xff}); ; id[15]++ {
			got := ask(s, ctx, id)
			assert.Equal(t, "ot="+foreign, got.Tracestate.String())
			if got.Decision == sdktrace.RecordAndSample || id[15] == 255 {
				break
			}
		}
	}
}

// assertPassedOn checks that nothing of others is lost or changed, that there
// is at most one th, none on a dropped span, and that the one there is true.
func assertPassedOn(t *testing.T, in string, got sdktrace.SamplingResult, id trace.TraceID) {
	t.Helper()
	before, err := trace.ParseTraceState(in)
	assert.NoError(t, err)
	_, err = trace.ParseTraceState(got.Tracestate.String())
	assert.NoError(t, err)
	others := func(ts trace.TraceState) (list []string) {
		ts.Walk(func(key, value string) bool {
			if key != "ot" {
				list = append(list, key+"="+value)
			}
			return true
		})
		return list
	}
	assert.Equal(t, others(before), others(got.Tracestate))
	subs := func(ts trace.TraceState) (th, rest []string) {
		for _, sub := range strings.Split(strings.TrimRight(ts.Get("ot"), " "), ";") {
			switch {
			case strings.HasPrefix(sub, "th:"):
				th = append(th, sub)
			case strings.TrimRight(sub, " ") != "":
				rest = append(rest, strings.TrimRight(sub, " "))
			}
		}
		return th, rest
	}
	_, restBefore := subs(before)
	th, rest := subs(got.Tracestate)
	if !slices.ContainsFunc(restBefore, func(s string) bool { return strings.HasPrefix(s, "rv:") }) {
		// Hashed says by what it decided where nobody else did.
		rest = slices.DeleteFunc(rest, func(s string) bool { return strings.HasPrefix(s, "rv:") })
	}
	assert.True(t, slices.Equal(restBefore, rest), "%q, want %q", rest, restBefore)
	if got.Decision != sdktrace.RecordAndSample {
		assert.Empty(t, th)
		return
	}
	assert.LessOrEqual(t, len(th), 1)
	// ParentBased erases a threshold that is not true of the randomness.
	again := samplers.ParentBased(nil).ShouldSample(sdktrace.SamplingParameters{
		ParentContext: trace.ContextWithRemoteSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: id, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled, TraceState: got.Tracestate,
		})), TraceID: id,
	})
	assert.Equal(t, got.Tracestate.String(), again.Tracestate.String())
}

func FuzzTracestateOfOthersSurvives(f *testing.F) {
	f.Add("ot=th:8;rv:6e6d1a75832a2f;xx:1,a=1", []byte("0123456789abcdef"), uint8(0))
	f.Add("ot=;;th:;rv:,b@c=d", []byte{1}, uint8(3))
	f.Add("a=1,ot=xx:1 ;th:0", []byte{0xff}, uint8(9))
	f.Fuzz(func(t *testing.T, state string, idBytes []byte, which uint8) {
		if _, err := trace.ParseTraceState(state); err != nil {
			return
		}
		var id trace.TraceID
		copy(id[:], idBytes)
		if !id.IsValid() {
			return
		}
		all := []sdktrace.Sampler{
			samplers.Probability(0.5), samplers.Probability(0.001), samplers.Hashed(0.5), samplers.RateLimited(1),
			samplers.ParentBased(nil), samplers.Forced(samplers.Probability(0.9)), samplers.AlwaysRecord(samplers.Hashed(0.1)),
		}
		for _, sampled := range []bool{false, true} {
			ctx := parent{sampled: sampled, tracestate: state}.context(t, id)
			assertPassedOn(t, state, ask(all[int(which)%len(all)], ctx, id), id)
		}
	})
}
