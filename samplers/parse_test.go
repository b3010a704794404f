// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/samplers"
)

const standardParents = ",remoteParentSampled:AlwaysOnSampler,remoteParentNotSampled:AlwaysOffSampler" +
	",localParentSampled:AlwaysOnSampler,localParentNotSampled:AlwaysOffSampler}"

func TestParseReadsEveryName(t *testing.T) {
	for name, tc := range map[string]struct{ name, arg, want string }{
		"always_on":                      {"always_on", "", "AlwaysOnSampler"},
		"always_off":                     {"always_off", "", "AlwaysOffSampler"},
		"an argument nobody asked for":   {"always_off", "1", "AlwaysOffSampler"},
		"traceidratio":                   {"traceidratio", "0.001", "ProbabilitySampler{0.001}"},
		"traceidratio without argument":  {"traceidratio", "", "ProbabilitySampler{1}"},
		"traceidratio of nothing":        {"traceidratio", "0", "ProbabilitySampler{0}"},
		"exponent":                       {"traceidratio", "1e-3", "ProbabilitySampler{0.001}"},
		"smallest":                       {"traceidratio", "0x1p-56", "ProbabilitySampler{1.3877787807814457e-17}"},
		"ratelimited":                    {"ratelimited", "2.5", "RateLimited{2.5}"},
		"ratelimited to nothing":         {"ratelimited", "0", "RateLimited{0}"},
		"parentbased_always_on":          {"parentbased_always_on", "", "ParentBased{root:AlwaysOnSampler" + standardParents},
		"parentbased_always_off":         {"parentbased_always_off", "", "ParentBased{root:AlwaysOffSampler" + standardParents},
		"parentbased_traceidratio":       {"parentbased_traceidratio", "0.1", "ParentBased{root:ProbabilitySampler{0.1}" + standardParents},
		"parentbased_ratelimited":        {"parentbased_ratelimited", "10", "ParentBased{root:RateLimited{10}" + standardParents},
		"case and space do not matter":   {" ParentBased_TraceIDRatio\n", "\t0.1 \n", "ParentBased{root:ProbabilitySampler{0.1}" + standardParents},
		"nothing set":                    {"", "", "ParentBased{root:ProbabilitySampler{1}" + standardParents},
		"an argument alone is not lost":  {"", "0.25", "ParentBased{root:ProbabilitySampler{0.25}" + standardParents},
		"spaces alone count as not set":  {"traceidratio", "  ", "ProbabilitySampler{1}"},
		"an empty name made of newlines": {"\n", "", "ParentBased{root:ProbabilitySampler{1}" + standardParents},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := samplers.Parse(tc.name, tc.arg)
			require.NoError(t, err)
			assert.Equal(t, tc.want, s.Description())
		})
	}
}

func TestArgumentThatCannotBeUsedIsAnErrorAndMeansZero(t *testing.T) {
	long := strings.Repeat("9", 10_000)
	for arg, want := range map[string]string{
		"50%":       `samplers: ratio "50%" is not a number; write 0.5`,
		"50 %":      `samplers: ratio "50 %" is not a number; write 0.5`,
		`"0.5"`:     `samplers: ratio "\"0.5\"" is not a number; write 0.5`,
		`'0.5'`:     `samplers: ratio "'0.5'" is not a number; write 0.5`,
		"0.\n5":     `samplers: ratio "0.\n5" is not a number`,
		"0,5":       `samplers: ratio "0,5" is not a number`,
		"0.5 0.5":   `samplers: ratio "0.5 0.5" is not a number`,
		"1/1000":    `samplers: ratio "1/1000" is not a number`,
		"half":      `samplers: ratio "half" is not a number`,
		"true":      `samplers: ratio "true" is not a number`,
		"NaN":       `samplers: ratio "NaN" is not a number`,
		"nan":       `samplers: ratio "nan" is not a number`,
		"-0.1":      `samplers: ratio "-0.1" is outside [0, 1]`,
		"1.5":       `samplers: ratio "1.5" is outside [0, 1]`,
		"100":       `samplers: ratio "100" is outside [0, 1]`,
		"1e400":     `samplers: ratio "1e400" is outside [0, 1]`,
		"-1e400":    `samplers: ratio "-1e400" is outside [0, 1]`,
		"Inf":       `samplers: ratio "Inf" is outside [0, 1]`,
		"-inf":      `samplers: ratio "-inf" is outside [0, 1]`,
		"0x1p-57":   `samplers: ratio "0x1p-57" is below 2^-56, the smallest there is; 0 is never`,
		"1e-400":    `samplers: ratio "1e-400" is below 2^-56, the smallest there is; 0 is never`,
		"\x1b[31m1": `samplers: ratio "\x1b[31m1" is not a number`,
		long:        `samplers: ratio "` + long[:64] + `"… is outside [0, 1]`,
	} {
		for _, name := range []string{"traceidratio", "parentbased_traceidratio", ""} {
			t.Run(name+" "+arg[:min(len(arg), 10)], func(t *testing.T) {
				s, err := samplers.Parse(name, arg)
				require.EqualError(t, err, want)
				require.NotNil(t, s)
				assert.Equal(t, sdktrace.Drop, ask(s, context.Background(), kept).Decision)
			})
		}
	}
}

func TestRateThatCannotBeUsedIsAnErrorAndMeansZero(t *testing.T) {
	for arg, want := range map[string]string{
		"":      "samplers: ratelimited needs a rate, in traces per second",
		"10/s":  `samplers: rate "10/s" is not a number of traces per second`,
		"NaN":   `samplers: rate "NaN" is not a number of traces per second`,
		"-1":    `samplers: rate "-1" is outside [0, ∞)`,
		"1e400": `samplers: rate "1e400" is outside [0, ∞)`,
		"inf":   `samplers: rate "inf" is outside [0, ∞)`,
	} {
		t.Run(arg, func(t *testing.T) {
			s, err := samplers.Parse("ratelimited", arg)
			require.EqualError(t, err, want)
			assert.Equal(t, sdktrace.Drop, ask(s, context.Background(), kept).Decision)
		})
	}
}

func TestNameThatIsUnknownIsAnErrorThatHelps(t *testing.T) {
	for name, want := range map[string]string{
		"always_onn":                `samplers: sampler "always_onn" is unknown; the nearest is always_on`,
		"traceidratio_based":        `samplers: sampler "traceidratio_based" is unknown; known are always_on,`,
		"parentbased-traceidratio":  `samplers: sampler "parentbased-traceidratio" is unknown; the nearest is parentbased_traceidratio`,
		`"always_off"`:              `samplers: sampler "\"always_off\"" is unknown; the nearest is always_off`,
		"xray":                      `samplers: sampler "xray" is unknown; known are always_on, always_off, traceidratio, ratelimited, parentbased_always_on,`,
		"parentbased_":              `samplers: sampler "parentbased_" is unknown; `,
		"parentbased_parentbased_x": `samplers: sampler "parentbased_parentbased_x" is unknown; `,
		"jaeger_remote":             `samplers: sampler "jaeger_remote" is not linked into this program; pass it in code`,
		"parentbased_jaeger_remote": `samplers: sampler "parentbased_jaeger_remote" is not linked into this program; pass it in code`,
		strings.Repeat("x", 1000):   `samplers: sampler "` + strings.Repeat("x", 64) + `"… is unknown; known are`,
	} {
		t.Run(name[:min(len(name), 30)], func(t *testing.T) {
			s, err := samplers.Parse(name, "1")
			require.ErrorContains(t, err, want)
			assert.Nil(t, s)
		})
	}
}
