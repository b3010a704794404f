// SPDX-License-Identifier: Apache-2.0

package edits_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/waymark-otel/waymark/internal/edits"
)

func TestDistanceCountsSingleEdits(t *testing.T) {
	for name, tc := range map[string]struct {
		a, b string
		want int
	}{
		"same":     {"b3", "b3", 0},
		"empty":    {"", "abc", 3},
		"swapped":  {"SAMPELR", "SAMPLER", 2},
		"missing":  {"zipkn", "zipkin", 1},
		"changed":  {"b3mulzi", "b3multi", 1},
		"strange":  {"abc", "xyz", 3},
		"enormous": {strings.Repeat("a", 1<<20), "", 128},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, edits.Distance(tc.a, tc.b))
			assert.Equal(t, tc.want, edits.Distance(tc.b, tc.a))
		})
	}
}
