// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestScaleShowsWhatIsTested: the configurations in docs/scale.md are those of
// these tests, word for word.
func TestScaleShowsWhatIsTested(t *testing.T) {
	page, err := os.ReadFile("../../docs/scale.md")
	require.NoError(t, err)
	for _, name := range []string{"collector/agent.yaml", "collector/gateway.yaml", "jaeger/v2.yaml"} {
		config, err := os.ReadFile(filepath.Join("testdata", name))
		require.NoError(t, err)
		assert.Contains(t, string(page), "```yaml\n"+string(config)+"```\n", "%s differs from the page", name)
	}
}
