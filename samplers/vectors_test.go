// SPDX-License-Identifier: Apache-2.0

package samplers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/waymark-otel/waymark/samplers"
)

// vectors is testdata/sampling.json. A section or a field that is not named
// here fails the decoding, so that none is passed over.
type vectors struct {
	Schema, Source string
	Thresholds     []struct {
		P     float64
		OneIn float64 `json:"one_in"`
		Th    string
	} `json:"probability_to_th_precision4"`
	ThDecode []struct {
		Th, T, Why string
		P          float64
		Valid      *bool
	} `json:"th_decode"`
	RvDecode []struct {
		Rv, Why string
		Valid   bool
	} `json:"rv_decode"`
	Decision []struct {
		Name, Th, Rv string
		TraceID      string `json:"trace_id"`
		Keep         bool
	}
	Probability []probabilityVector `json:"probability_sampler"`
	Parent      []struct {
		Parent, Result, Out string
		Threshold           *string
		Reliable            *bool
	} `json:"parent_threshold"`
	Composite  []struct{ Intent, Out string }
	Downstream []struct {
		Kind, Ts, Td, R, To, Out string
		P                        float64
	}
	ConfigEdges []struct {
		Ratio any
		Must  string
	} `json:"config_edges"`
}

type probabilityVector struct {
	Name          string
	Ratio         float64
	TraceID       string          `json:"trace_id"`
	ParentSampled bool            `json:"parent_sampled"`
	InOT          string          `json:"in_ot"`
	InTracestate  string          `json:"in_tracestate"`
	InOTLen       int             `json:"in_ot_len"`
	OutDecision   string          `json:"out_decision"`
	OutOT         json.RawMessage `json:"out_ot"`
	OutOTSet      []string        `json:"out_ot_set"`
	OutOrder      []string        `json:"out_tracestate_order"`
}

func load(t *testing.T) (v vectors) {
	t.Helper()
	f, err := os.Open("testdata/sampling.json")
	require.NoError(t, err)
	defer f.Close()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&v))
	require.Equal(t, "sampling-vectors/1", v.Schema)
	return v
}

// ratioOfTh is the probability whose threshold th is.
func ratioOfTh(t *testing.T, th string) float64 {
	t.Helper()
	var v uint64
	_, err := fmt.Sscanf(th+strings.Repeat("0", 14-len(th)), "%014x", &v)
	require.NoError(t, err)
	return float64(1<<56-v) * 0x1p-56
}

func TestVectorsOfThresholds(t *testing.T) {
	v := load(t)
	require.Len(t, v.Thresholds, 13)
	for _, tc := range v.Thresholds {
		t.Run(tc.Th, func(t *testing.T) {
			got := ask(samplers.Probability(tc.P), context.Background(), kept)
			assert.Equal(t, "th:"+tc.Th, got.Tracestate.Get("ot"))
			if tc.OneIn != 0 {
				assert.InEpsilon(t, tc.P, 1/tc.OneIn, 1e-12)
			}
		})
	}
}

// A sampled parent's threshold is passed on exactly when the randomness is not
// below it: that shows to which number it was decoded.
func TestVectorsOfThresholdDecoding(t *testing.T) {
	v := load(t)
	require.Len(t, v.ThDecode, 10)
	s := samplers.ParentBased(samplers.Probability(0))
	passedOn := func(th, randomness string) bool {
		id := traceID(t, "000000000000000001"+randomness)
		got := ask(s, parent{sampled: true, tracestate: "ot=xx:1;th:" + th}.context(t, id), id)
		require.Equal(t, sdktrace.RecordAndSample, got.Decision)
		ot := got.Tracestate.Get("ot")
		require.Contains(t, []string{"xx:1;th:" + th, "xx:1"}, ot)
		return ot != "xx:1"
	}
	for _, tc := range v.ThDecode {
		t.Run(tc.Th, func(t *testing.T) {
			if tc.Valid != nil && !*tc.Valid {
				assert.False(t, passedOn(tc.Th, "ffffffffffffff"), "a threshold that cannot be read is not passed on")
				return
			}
			assert.True(t, passedOn(tc.Th, tc.T))
			if tc.P != 0 {
				assert.InEpsilon(t, tc.P, ratioOfTh(t, tc.Th), 1e-12)
			}
			if tc.T == "00000000000000" {
				return // nothing is below
			}
			var threshold uint64
			_, err := fmt.Sscanf(tc.T, "%x", &threshold)
			require.NoError(t, err)
			assert.False(t, passedOn(tc.Th, fmt.Sprintf("%014x", threshold-1)))
		})
	}
}

func TestVectorsOfRandomnessDecoding(t *testing.T) {
	v := load(t)
	require.Len(t, v.RvDecode, 4)
	for _, tc := range v.RvDecode {
		t.Run(tc.Rv, func(t *testing.T) {
			// 6e… is below one half; this trace id is not.
			got := ask(samplers.Probability(0.5), parent{tracestate: "ot=rv:" + tc.Rv}.context(t, kept), kept)
			assert.Equal(t, decision(!tc.Valid), got.Decision)
			assert.Contains(t, got.Tracestate.Get("ot"), "rv:"+tc.Rv, "it is never rewritten")
		})
	}
}

func TestVectorsOfDecisions(t *testing.T) {
	v := load(t)
	require.Len(t, v.Decision, 7)
	for _, tc := range v.Decision {
		t.Run(tc.Name, func(t *testing.T) {
			id := traceID(t, tc.TraceID)
			ctx := context.Background()
			if tc.Rv != "" {
				ctx = parent{tracestate: "ot=rv:" + tc.Rv}.context(t, id)
			}
			got := ask(samplers.Probability(ratioOfTh(t, tc.Th)), ctx, id)
			assert.Equal(t, decision(tc.Keep), got.Decision)
			assert.Equal(t, tc.Keep, strings.Contains(got.Tracestate.Get("ot"), "th:"+tc.Th))
		})
	}
}

func TestVectorsOfTheProbabilitySampler(t *testing.T) {
	v := load(t)
	require.Len(t, v.Probability, 7)
	for _, tc := range v.Probability {
		t.Run(tc.Name, func(t *testing.T) {
			for _, rule := range strings.Split(tc.OutDecision, " or ") {
				probabilityVectorHolds(t, tc, rule)
			}
		})
	}
}

func probabilityVectorHolds(t *testing.T, tc probabilityVector, want string) {
	id := kept
	if tc.TraceID != "" {
		id = traceID(t, tc.TraceID)
	}
	state := tc.InTracestate
	if tc.InOT != "" {
		state = "ot=" + tc.InOT
	}
	if tc.InOTLen != 0 {
		state = "ot=" + "xx:" + strings.Repeat("1", tc.InOTLen-3)
	}
	ctx := context.Background()
	if state != "" || tc.ParentSampled {
		ctx = parent{sampled: tc.ParentSampled, tracestate: state}.context(t, id)
	}
	got := ask(samplers.Probability(tc.Ratio), ctx, id)
	ot := got.Tracestate.Get("ot")
	switch want {
	case "RECORD_AND_SAMPLE", "by R>=T", "":
		assert.Equal(t, sdktrace.RecordAndSample, got.Decision)
	case "DROP":
		assert.Equal(t, sdktrace.Drop, got.Decision)
	default:
		t.Fatalf("unknown decision %q", want)
	}
	switch string(tc.OutOT) {
	case "":
	case "null":
		assert.Empty(t, ot)
	case `"unchanged"`:
		assert.Equal(t, state, got.Tracestate.String())
	default:
		var entry string
		require.NoError(t, json.Unmarshal(tc.OutOT, &entry))
		assert.Equal(t, entry, ot)
	}
	if tc.OutOTSet != nil {
		assert.ElementsMatch(t, tc.OutOTSet, strings.Split(ot, ";"))
	}
	if tc.OutOrder != nil {
		var keys []string
		got.Tracestate.Walk(func(key, _ string) bool { keys = append(keys, key); return true })
		assert.Equal(t, tc.OutOrder, keys)
	}
}

func TestVectorsOfConfiguration(t *testing.T) {
	v := load(t)
	require.Len(t, v.ConfigEdges, 7)
	for _, tc := range v.ConfigEdges {
		arg := fmt.Sprint(tc.Ratio)
		t.Run(arg, func(t *testing.T) {
			p := map[string]float64{
				"NaN": math.NaN(), "-0.1": -0.1, "1.1": 1.1, "0": 0, "2^-56": 0x1p-56, "2^-57": 0x1p-57, "+Inf": math.Inf(1),
			}[arg]
			arg = strings.NewReplacer("2^-56", "0x1p-56", "2^-57", "0x1p-57").Replace(arg)
			parsed, err := samplers.Parse("traceidratio", arg)
			keeps := strings.HasPrefix(tc.Must, "valid")
			if keeps || strings.HasPrefix(tc.Must, "AlwaysOff") {
				assert.NoError(t, err)
				assert.NoError(t, samplers.Adjustable(1).Set(p))
			} else {
				assert.True(t, strings.HasPrefix(tc.Must, "error"), tc.Must)
				assert.Error(t, err)
				assert.Error(t, samplers.Adjustable(1).Set(p))
			}
			for _, s := range []sdktrace.Sampler{parsed, samplers.Probability(p), samplers.Hashed(p), samplers.Adjustable(p)} {
				got := ask(s, parent{tracestate: "ot=rv:ffffffffffffff"}.context(t, kept), kept)
				assert.Equal(t, decision(keeps), got.Decision)
			}
		})
	}
}
