// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/samplers"
)

func TestRatioThatMakesNoSenseMeansNever(t *testing.T) {
	for name, p := range map[string]float64{
		"not a number":      math.NaN(),
		"negative":          -0.1,
		"above one":         1.1,
		"infinity":          math.Inf(1),
		"negative infinity": math.Inf(-1),
		"below the least":   0x1p-57,
		"zero":              0,
	} {
		t.Run(name, func(t *testing.T) {
			s := samplers.Probability(p)
			assert.Equal(t, sdktrace.Drop, ask(s, context.Background(), kept).Decision)
			assert.Equal(t, "ProbabilitySampler{0}", s.Description())
		})
	}
}

func TestSmallestRatioKeepsTheHighestRandomnessAlone(t *testing.T) {
	s := samplers.Probability(0x1p-56)
	got := ask(s, context.Background(), kept)
	assert.Equal(t, sdktrace.RecordAndSample, got.Decision)
	assert.Equal(t, "ot=th:ffffffffffffff", got.Tracestate.String())
	almost := kept
	almost[15] = 0xfe
	assert.Equal(t, sdktrace.Drop, ask(s, context.Background(), almost).Decision)
}

func TestRatioJustBelowOneIsNotOne(t *testing.T) {
	s := samplers.Probability(0.99999)
	assert.Equal(t, sdktrace.Drop, ask(s, context.Background(), dropped).Decision)
	assert.Equal(t, "ot=th:0000a7c6", ask(s, context.Background(), kept).Tracestate.String())
}
