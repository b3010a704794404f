// SPDX-License-Identifier: Apache-2.0

package instrument_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"

	"github.com/waymark-otel/waymark/instrument"
)

// TestMain takes the OTEL_ variables of the developer's shell away.
func TestMain(m *testing.M) {
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "OTEL_") || strings.HasPrefix(name, "WAYMARK_") {
			_ = os.Unsetenv(name)
		}
	}
	if runChild() {
		return
	}
	allocsBeforeSetup = testing.AllocsPerRun(1000, func() {
		_ = instrument.Do(context.Background(), "op", func(context.Context) error { return nil })
		instrument.AddEvent(context.Background(), "event")
	})
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// allocsBeforeSetup is measured before any test has set anything up.
var allocsBeforeSetup float64

// setup installs a Telemetry for the length of the test.
func setup(t *testing.T, opts ...instrument.Option) {
	t.Helper()
	shutdown, err := instrument.Setup(context.Background(), opts...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = shutdown(context.Background()) })
}

// recordErrors is an error handler that keeps what it is given.
type recordErrors struct {
	mu   sync.Mutex
	errs []string
}

var _ otel.ErrorHandler = (*recordErrors)(nil)

func (r *recordErrors) Handle(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, err.Error())
}

func (r *recordErrors) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.errs...)
}

// lines is a log that can be read while it is written.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// noLeak fails the test when, at its end, more goroutines run than now.
func noLeak(t *testing.T) {
	t.Helper()
	base := runtime.NumGoroutine()
	t.Cleanup(func() {
		for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > base; time.Sleep(time.Millisecond) {
			if time.Now().Before(deadline) {
				continue
			}
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), base, stacks[:runtime.Stack(stacks, true)])
		}
	})
}

// emit logs one record.
func emit(lp log.LoggerProvider) {
	var r log.Record
	r.SetBody(attribute.StringValue("x"))
	lp.Logger("x").Emit(context.Background(), r)
}
