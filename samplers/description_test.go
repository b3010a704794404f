// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/samplers"
)

func TestDescriptionNamesTheSamplerAndItsArguments(t *testing.T) {
	p := samplers.Probability(0.001)
	for want, s := range map[string]sdktrace.Sampler{
		"ProbabilitySampler{0.001}":                           p,
		"ProbabilitySampler{1}":                               samplers.Probability(1),
		"ProbabilitySampler{1e-06}":                           samplers.Probability(1e-6),
		"Hashed{0.25}":                                        samplers.Hashed(0.25),
		"Adjustable{0.25}":                                    samplers.Adjustable(0.25),
		"RateLimited{2.5}":                                    samplers.RateLimited(2.5),
		"AtMost{50,ProbabilitySampler{0.001}}":                samplers.AtMost(50, p),
		"Forced{100,ProbabilitySampler{0.001}}":               samplers.Forced(p),
		"Forced{7,ProbabilitySampler{0.001}}":                 samplers.ForcedAtMost(7, p),
		"AlwaysRecord{root:ProbabilitySampler{0.001}}":        samplers.AlwaysRecord(p),
		"ParentBased{root:Hashed{1}" + standardParents:        samplers.ParentBased(samplers.Hashed(1)),
		"ParentBased{root:AlwaysOffSampler" + standardParents: samplers.ParentBased(sdktrace.NeverSample()),
		"Rules{route=/healthz:ProbabilitySampler{0},name=GET */x&kind=server&tier=1:RateLimited{1},any:ProbabilitySampler{1},rest:ProbabilitySampler{0}}": samplers.Rules(nil,
			samplers.Rule{Route: "/healthz"},
			samplers.Rule{Name: "GET */x", Kind: trace.SpanKindServer, Attributes: []attribute.KeyValue{attribute.Int("tier", 1)}, Sampler: samplers.RateLimited(1)},
			samplers.Rule{Sampler: samplers.Probability(1)},
		),
	} {
		assert.Equal(t, want, s.Description())
	}
}

func TestDescriptionFollowsTheRatio(t *testing.T) {
	s := samplers.Adjustable(0.5)
	assert.NoError(t, s.Set(0.25))
	assert.Equal(t, "ParentBased{root:Adjustable{0.25}"+standardParents, samplers.ParentBased(s).Description())
}
