// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waymark-otel/waymark/instrument"
)

// TestACollectorKilledUnderLoadCostsWhatIsCounted: what it had and what it has
// after it was started again is what was sent; the rest was dropped, and
// counted.
func TestACollectorKilledUnderLoadCostsWhatIsCounted(t *testing.T) {
	const queue, batch = 1000, 100
	for _, protocol := range []string{"http", "grpc", "zipkin"} {
		t.Run(protocol, func(t *testing.T) {
			t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", fmt.Sprint(queue))
			t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", fmt.Sprint(batch))
			t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
			c := startOTelCollector(t, "files.yaml")
			tel, err := instrument.New(t.Context(), toCollector(t, protocol, c), instrument.WithErrorHandler(ignoreErrors{}))
			require.NoError(t, err)
			stats := func() instrument.ExporterStats { return tel.Stats().Exporters[0] }
			waitFor := func(what string, done func() bool) {
				require.Eventually(t, done, 30*time.Second, time.Millisecond, "%s: %+v\n%s", what, stats(), c.logs)
			}

			stop := make(chan struct{})
			var load sync.WaitGroup
			load.Go(func() {
				tracer := tel.TracerProvider().Tracer("load")
				for tick := time.NewTicker(time.Millisecond); ; <-tick.C {
					for range 2 {
						_, span := tracer.Start(context.Background(), "op")
						span.End()
					}
					select {
					case <-stop:
						tick.Stop()
						return
					default:
					}
				}
			})
			first := *c
			waitFor("spans arrive", func() bool { return stats().Sent > 500 })
			c.stop() // kill -9
			waitFor("the queue overflows", func() bool { return stats().DroppedBy[instrument.DroppedQueueFull] > 200 })
			sent := stats().Sent
			c.dir = t.TempDir()
			c.start(t, "files.yaml")
			waitFor("spans arrive again", func() bool { return stats().Sent > sent+2*queue })
			close(stop)
			load.Wait()
			require.NoError(t, ignoreLost(tel.Shutdown(context.Background())))
			c.interrupt(t)

			got := stats()
			spans := append(first.read(t, protocol+".json").spans, c.read(t, protocol+".json").spans...)
			arrived, again := byID(spans)
			t.Logf("ended %d, sent %d, dropped %v, retried %d requests; arrived %d, %d of them twice", got.Ended, got.Sent, got.DroppedBy, got.Retried, len(arrived), again)
			assert.Equal(t, got.Ended, got.Sent+got.Dropped)
			assert.Zero(t, got.Waiting)
			assert.NotZero(t, got.Retried)
			assert.NotZero(t, got.Dropped)
			// What was under way when the Collector was killed may have been
			// written and not answered. It is sent again, and lost only if the
			// Collector stays away for longer than the exporter tries.
			assert.GreaterOrEqual(t, uint64(len(arrived)), got.Sent)
			assert.LessOrEqual(t, uint64(len(arrived)), got.Sent+got.DroppedBy["unavailable"])
			assert.LessOrEqual(t, again, batch, "only what was under way comes twice")
		})
	}
}

// ignoreErrors is an error handler for failures that are meant.
type ignoreErrors struct{}

func (ignoreErrors) Handle(error) {}

// ignoreLost is nil for the errors of a Shutdown that are counted anyway.
func ignoreLost(error) error { return nil }
