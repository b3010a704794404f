// SPDX-License-Identifier: Apache-2.0

package logbridge_test

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/log/embedded"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/waymark-otel/waymark/logbridge"
)

// exporter calls f for each batch.
type exporter struct {
	nothing
	f func(ctx context.Context, n int)
}

func (e exporter) Export(ctx context.Context, records []sdklog.Record) error {
	e.f(ctx, len(records))
	return nil
}

// TestAnExporterThatLogsWhereItIsCalledDoesNotDeadlock: SimpleProcessor holds
// a lock while it exports, so a record that its exporter logs would wait for
// itself.
func TestAnExporterThatLogsWhereItIsCalledDoesNotDeadlock(t *testing.T) {
	for name, log := range map[string]func(context.Context, *slog.Logger){
		"with its context":    func(ctx context.Context, l *slog.Logger) { l.ErrorContext(ctx, "export failed") },
		"without its context": func(_ context.Context, l *slog.Logger) { l.Error("export failed") },
		"through a decorator": func(_ context.Context, l *slog.Logger) {
			slog.New(logbridge.TraceContext(slog.NewMultiHandler(l.Handler(), l.Handler()))).Error("export failed")
		},
		"from far below": func(_ context.Context, l *slog.Logger) {
			var down func(int)
			down = func(n int) {
				if n == 0 {
					l.Error("export failed")
					return
				}
				down(n - 1)
			}
			down(60)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var l *slog.Logger
			exported := 0
			lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewSimpleProcessor(exporter{f: func(ctx context.Context, n int) {
				exported += n
				log(ctx, l)
			}})))
			h := logbridge.NewHandler("t", lp)
			l = slog.New(h)
			done := make(chan struct{})
			go func() {
				defer close(done)
				l.Info("one")
				l.Info("two")
			}()
			select {
			case <-done:
			case <-time.After(10 * time.Second):
				t.Fatal("the record of the exporter waits for itself")
			}
			assert.Equal(t, 2, exported)
		})
	}
}

func TestTheGuardLetsOthersThrough(t *testing.T) {
	inside, goOn := make(chan struct{}), make(chan struct{})
	var calls atomic.Int64
	lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(slow{func() {
		if calls.Add(1) == 1 {
			close(inside)
			<-goOn
		}
	}}))
	h := logbridge.NewHandler("t", lp)
	l := slog.New(h)
	var wg sync.WaitGroup
	wg.Go(func() { l.Info("slow") })
	<-inside
	l.Info("while the first is on its way")
	close(goOn)
	wg.Wait()
	assert.EqualValues(t, 2, calls.Load())
	assert.Zero(t, logbridge.Dropped(h))
}

// slow is a processor without a lock.
type slow struct{ f func() }

func (s slow) OnEmit(context.Context, *sdklog.Record) error         { s.f(); return nil }
func (slow) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }
func (slow) Shutdown(context.Context) error                         { return nil }
func (slow) ForceFlush(context.Context) error                       { return nil }

func TestARecordOfAnExporterIsCounted(t *testing.T) {
	var h slog.Handler
	lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewSimpleProcessor(exporter{f: func(ctx context.Context, _ int) {
		slog.New(h).Error("without the context")
		assert.NoError(t, h.Handle(ctx, slog.NewRecord(fixed, slog.LevelError, "with it, unasked", 0)))
		assert.False(t, h.Enabled(ctx, slog.LevelError))
	}})))
	h = logbridge.NewHandler("t", lp)
	slog.New(h).With("a", 1).Info("m")
	assert.EqualValues(t, 2, logbridge.Dropped(h))
	assert.EqualValues(t, 2, logbridge.Dropped(h.WithGroup("g")))
	assert.Zero(t, logbridge.Dropped(slog.DiscardHandler))
}

// TestAnExporterThatFeedsItselfIsBounded: a batch processor exports in its
// own goroutine, where neither the context nor the stack tells whose record
// it is. This exporter logs twice for each record it exports.
func TestAnExporterThatFeedsItselfIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silenceErrors(t)
		var l *slog.Logger
		var exported atomic.Int64
		lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(exporter{f: func(_ context.Context, n int) {
			exported.Add(int64(n))
			for range 2 * n {
				l.Error("slow export")
			}
		}}, sdklog.WithExportInterval(100*time.Millisecond))))
		h := logbridge.NewHandler("t", lp, logbridge.WithRateLimit(100))
		l = slog.New(h)
		l.Info("the first")
		time.Sleep(10 * time.Second)
		assert.Greater(t, exported.Load(), int64(500), "it does feed itself")
		assert.LessOrEqual(t, exported.Load(), int64(100*11))
		assert.NotZero(t, logbridge.Dropped(h))
		require.NoError(t, lp.Shutdown(t.Context()))
	})
}

func silenceErrors(t *testing.T) *[]error {
	var mu sync.Mutex
	var errs []error
	before := otel.GetErrorHandler()
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		mu.Lock()
		defer mu.Unlock()
		errs = append(errs, err)
	}))
	t.Cleanup(func() { otel.SetErrorHandler(before) })
	return &errs
}

func TestTheRateLimitReportsWhatItDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errs := silenceErrors(t)
		n := 0
		lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(slow{func() { n++ }}))
		h := logbridge.NewHandler("shop", lp, logbridge.WithRateLimit(10))
		l := slog.New(h)
		for range 25 {
			l.Info("m")
		}
		assert.Equal(t, 10, n, "as many at once as in a second")
		assert.EqualValues(t, 15, logbridge.Dropped(h))
		time.Sleep(500 * time.Millisecond)
		for range 25 {
			l.Info("m")
		}
		assert.Equal(t, 15, n)
		require.Len(t, *errs, 1, "once in ten seconds")
		assert.EqualError(t, (*errs)[0], `logbridge: 1 records of scope "shop" dropped so far, more than 10 a second`)
		time.Sleep(10 * time.Second)
		for range 11 {
			l.Info("m")
		}
		assert.Equal(t, 25, n)
		require.Len(t, *errs, 2)
		assert.ErrorContains(t, (*errs)[1], "36 records")
	})
}

func TestWithoutARateLimitNothingIsDropped(t *testing.T) {
	for _, limit := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		n := 0
		h := logbridge.NewHandler("t", sdklog.NewLoggerProvider(sdklog.WithProcessor(slow{func() { n++ }})), logbridge.WithRateLimit(limit))
		for range 20_000 {
			slog.New(h).Info("m")
		}
		assert.Equal(t, 20_000, n, limit)
	}
}

func TestAPanicOfAnExporterDoesNotReachTheCaller(t *testing.T) {
	h := logbridge.NewHandler("t", panickingProvider{})
	err := h.Handle(context.Background(), slog.NewRecord(fixed, slog.LevelInfo, "m", 0))
	assert.EqualError(t, err, "logbridge: exporting a record panicked: broken pipe")
	assert.NotPanics(t, func() { slog.New(h).Info("m") })
}

type panickingProvider struct{ embedded.LoggerProvider }

func (panickingProvider) Logger(string, ...log.LoggerOption) log.Logger { return panickingLogger{} }

type panickingLogger struct{ embedded.Logger }

func (panickingLogger) Emit(context.Context, log.Record)                    { panic(errors.New("broken pipe")) }
func (panickingLogger) Enabled(context.Context, log.EnabledParameters) bool { return true }

func TestANilProviderIsTheGlobalOne(t *testing.T) {
	h := logbridge.NewHandler("t", nil)
	assert.NotPanics(t, func() { slog.New(h).Info("m") })
	require.NoError(t, h.Handle(noContext, slog.NewRecord(fixed, slog.LevelInfo, "m", 0)))
}
