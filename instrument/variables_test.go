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

func TestNothingIsNearToNonsense(t *testing.T) {
	assert.Empty(t, nearest("qqqqqqqq", honored))
	assert.Equal(t, envSampler, nearest("OTEL_TRACES_SAMPELR", honored))
}
