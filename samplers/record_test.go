// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/samplers"
)

func TestAlwaysRecordTurnsADropIntoARecordingAndNothingElse(t *testing.T) {
	ctx := parent{sampled: true, tracestate: "ot=th:0;xx:1,v=1"}.context(t, dropped)
	assert.Equal(t, sdktrace.RecordOnly, ask(samplers.AlwaysRecord(samplers.Probability(0.5)), ctx, dropped).Decision)
	assert.Equal(t, sdktrace.RecordAndSample, ask(samplers.AlwaysRecord(samplers.Probability(0.5)), ctx, kept).Decision)
	assert.Equal(t, sdktrace.RecordOnly, ask(samplers.AlwaysRecord(nil), ctx, kept).Decision)
}

func TestAlwaysRecordDoesNotReviveAnErasedThreshold(t *testing.T) {
	ctx := parent{sampled: true, tracestate: "ot=th:0;xx:1,v=1"}.context(t, dropped)
	got := ask(samplers.AlwaysRecord(samplers.Probability(0.5)), ctx, dropped)
	assert.Equal(t, "ot=xx:1,v=1", got.Tracestate.String())
}
