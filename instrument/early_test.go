// SPDX-License-Identifier: Apache-2.0

package instrument_test

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/waymark-otel/waymark/instrument"
)

// inProcess marks a process that runs one test alone.
const inProcess = "TEST_PROCESS_OF_ITS_OWN"

// TestAHandlerMayLookAtTheSetupThatInstalls: the first Setup of a process has
// OpenTelemetry make the instruments that were asked for before it, and report
// those that it cannot make, while the globals are written.
func TestAHandlerMayLookAtTheSetupThatInstalls(t *testing.T) {
	if os.Getenv(inProcess) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), inProcess+"=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	_, err := otel.Meter("early").Int64Counter("not a name")
	require.NoError(t, err)
	reports := 0
	within(t, func() {
		shutdown, err := instrument.Setup(context.Background(), instrument.WithoutDefaultExporter(), instrument.WithMetricReader(sdkmetric.NewManualReader()),
			instrument.WithErrorHandler(otel.ErrorHandlerFunc(func(error) {
				reports++
				_ = instrument.Installed().Stats()
				_, err := instrument.Setup(context.Background())
				assert.Error(t, err)
			})))
		require.NoError(t, err)
		assert.NotNil(t, instrument.Installed())
		require.NoError(t, shutdown(context.Background()))
	})
	assert.Equal(t, 1, reports)
}
