// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEnvironmentPageListsWhatIsRead holds docs/environment.md and the code
// together, both ways.
func TestEnvironmentPageListsWhatIsRead(t *testing.T) {
	page, err := os.ReadFile("../docs/environment.md")
	require.NoError(t, err)
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		listed = append(listed, row[1])
	}
	assert.ElementsMatch(t, honored, listed)
}

func TestEditsCountSingleLetters(t *testing.T) {
	for name, tc := range map[string]struct {
		a, b string
		want int
	}{
		"same":    {"b3", "b3", 0},
		"empty":   {"", "abc", 3},
		"swapped": {"SAMPELR", "SAMPLER", 2},
		"missing": {"zipkn", "zipkin", 1},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, edits(tc.a, tc.b))
			assert.Equal(t, tc.want, edits(tc.b, tc.a))
		})
	}
	assert.Empty(t, nearest("qqqqqqqq", honored), "nothing is near")
}
