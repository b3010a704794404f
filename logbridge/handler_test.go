// SPDX-License-Identifier: Apache-2.0

package logbridge_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
	"github.com/waymark-otel/waymark/logbridge"
)

func plain(v attribute.Value) any {
	if v.Type() != attribute.MAP {
		return v.AsInterface()
	}
	m := map[string]any{}
	for _, kv := range v.AsMap() {
		m[string(kv.Key)] = plain(kv.Value)
	}
	return m
}

// attributes fails on a key that occurs twice.
func attributes(t testing.TB, r sdklog.Record) map[string]any {
	m := map[string]any{}
	r.WalkAttributes(func(kv attribute.KeyValue) bool {
		assert.NotContains(t, m, string(kv.Key))
		m[string(kv.Key)] = plain(kv.Value)
		return true
	})
	return m
}

func sent(t *testing.T, log func(*slog.Logger), opts ...logbridge.SinkOption) []sdklog.Record {
	t.Helper()
	recorder := instrumenttest.New(t)
	log(slog.New(logbridge.NewHandler("shop", recorder.LoggerProvider(), opts...)))
	return recorder.Logs()
}

func TestARecordBecomesALogRecord(t *testing.T) {
	ctx := spanContext(trace.FlagsSampled, false)
	r := slog.NewRecord(fixed, slog.LevelWarn, "low stock", 0)
	r.AddAttrs(slog.Int("item", 17), slog.Any("v", redacted("x")), slog.Uint64("big", math.MaxUint64), slog.Uint64("small", 1),
		slog.Duration("d", time.Second), slog.Group("g", slog.Int("a", 1), slog.Group("empty"), slog.Group("", slog.Int("b", 2))), slog.Group("none", slog.Group("at all")),
		slog.Any("", 5), slog.Any("panic", panicking{}), slog.Any("list", []string{"x"}))
	got := sent(t, func(l *slog.Logger) { require.NoError(t, l.Handler().Handle(ctx, r)) })
	require.Len(t, got, 1)
	assert.Equal(t, "low stock", got[0].Body().AsString())
	assert.Equal(t, log.SeverityWarn, got[0].Severity())
	assert.Equal(t, "WARN", got[0].SeverityText())
	assert.Equal(t, fixed, got[0].Timestamp())
	assert.Equal(t, traceIDText, got[0].TraceID().String())
	assert.Equal(t, spanIDText, got[0].SpanID().String())
	assert.Equal(t, trace.FlagsSampled, got[0].TraceFlags())
	assert.Equal(t, "shop", got[0].InstrumentationScope().Name)
	have := attributes(t, got[0])
	assert.Contains(t, have["panic"], "LogValue panicked")
	delete(have, "panic")
	list := have["list"].([]attribute.Value)
	assert.Equal(t, "x", list[0].AsString())
	delete(have, "list")
	assert.Equal(t, map[string]any{
		"item": int64(17), "v": "***", "big": "18446744073709551615", "small": int64(1), "d": int64(time.Second),
		"g": map[string]any{"a": int64(1), "b": int64(2)}, "!BADKEY": int64(5),
	}, have)
}

func TestTheLevelGateIsInfoByDefault(t *testing.T) {
	got := sent(t, func(l *slog.Logger) {
		assert.False(t, l.Enabled(context.Background(), slog.LevelDebug))
		l.Debug("no")
		require.NoError(t, l.Handler().Handle(context.Background(), slog.NewRecord(fixed, slog.LevelDebug, "a fan-out that does not ask", 0)))
		l.Info("yes")
	})
	assert.Len(t, got, 1)

	var level slog.LevelVar
	level.Set(slog.LevelError)
	got = sent(t, func(l *slog.Logger) {
		l.Warn("no")
		level.Set(slog.LevelDebug)
		l.Debug("yes")
	}, logbridge.WithLevel(&level), nil)
	assert.Len(t, got, 1)
	assert.Len(t, sent(t, func(l *slog.Logger) { l.Debug("no"); l.Info("yes") }, logbridge.WithLevel(nil)), 1)
}

func TestEveryErrorOfARecordIsKept(t *testing.T) {
	first, second := &fs.PathError{Op: "open", Path: "a", Err: fs.ErrNotExist}, errors.New("second")
	got := sent(t, func(l *slog.Logger) {
		l.Error("m", "cause", first, "cleanup", second)
		l.WithGroup("g").Error("m", "cause", first, slog.Group("h", "cleanup", second))
		l.With("with", second).WithGroup("g").Error("m")
		l.With("with", second).Error("m", "cause", first)
		l.WithGroup("g").With("with", second).Error("m", "cause", first)
		l.Error("m", "cause", (*badError)(nil))
	})
	exception := func(of error, kind string, more map[string]any) map[string]any {
		more["exception.message"], more["exception.type"] = of.Error(), kind
		return more
	}
	const path, plain = "*fs.PathError", "*errors.errorString"
	want := []map[string]any{
		exception(first, path, map[string]any{"cause": first.Error(), "cleanup": "second"}),
		exception(first, path, map[string]any{"g": map[string]any{"cause": first.Error(), "h": map[string]any{"cleanup": "second"}}}),
		exception(second, plain, map[string]any{"with": "second"}),
		exception(first, path, map[string]any{"with": "second", "cause": first.Error()}),
		exception(first, path, map[string]any{"g": map[string]any{"with": "second", "cause": first.Error()}}),
		{"cause": "<nil>"},
	}
	require.Len(t, got, len(want))
	for i := range want {
		assert.Equal(t, want[i], attributes(t, got[i]), i)
	}
}

func TestSeveritiesAreThoseOfOpenTelemetry(t *testing.T) {
	for level, want := range map[slog.Level]log.Severity{
		math.MinInt: log.SeverityTrace1, -100: log.SeverityTrace1, -9: log.SeverityTrace1, -8: log.SeverityTrace1, -4: log.SeverityDebug,
		0: log.SeverityInfo, 2: log.SeverityInfo3, 15: log.SeverityFatal4, 16: log.SeverityFatal4, 1000: log.SeverityFatal4, math.MaxInt: log.SeverityFatal4,
	} {
		got := sent(t, func(l *slog.Logger) { l.Log(context.Background(), level, "m") }, logbridge.WithLevel(slog.Level(math.MinInt)))
		require.Len(t, got, 1)
		assert.Equal(t, want, got[0].Severity(), level)
		if level != math.MaxInt { // beyond what otelslog can count
			assert.Equal(t, level.String(), got[0].SeverityText())
		}
	}
}

func TestTraceBasedDropsWhatIsNotSampled(t *testing.T) {
	log := func(l *slog.Logger) {
		for name, ctx := range map[string]context.Context{"none": context.Background(), "unsampled": spanContext(0, false), "sampled": spanContext(1, false)} {
			l.InfoContext(ctx, name+" info")
			l.ErrorContext(ctx, name+" error")
		}
	}
	for name, tc := range map[string]struct {
		opts []logbridge.SinkOption
		lost []string
	}{
		"off":     {nil, nil},
		"all":     {[]logbridge.SinkOption{logbridge.WithTraceBased(nil)}, []string{"unsampled info", "unsampled error"}},
		"a level": {[]logbridge.SinkOption{logbridge.WithTraceBased(slog.LevelError)}, []string{"unsampled info"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := map[string]bool{}
			for _, r := range sent(t, log, tc.opts...) {
				got[r.Body().AsString()] = true
			}
			assert.Len(t, got, 6-len(tc.lost))
			for _, lost := range tc.lost {
				assert.False(t, got[lost], lost)
			}
		})
	}
}

func TestNewHandlerIsASlogHandler(t *testing.T) {
	recorder := instrumenttest.New(t)
	for name, stack := range map[string]func(slog.Handler) slog.Handler{
		"bare":    func(h slog.Handler) slog.Handler { return h },
		"stacked": func(h slog.Handler) slog.Handler { return logbridge.TraceContext(logbridge.ContextAttrs(h)) },
		"fanned":  func(h slog.Handler) slog.Handler { return slog.NewMultiHandler(h, logbridge.SpanEvents(nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			slogtest.Run(t, func(*testing.T) slog.Handler {
				recorder.Reset()
				return within{stack(logbridge.NewHandler("t", recorder.LoggerProvider())), spanContext(1, false)}
			}, func(t *testing.T) map[string]any {
				r := recorder.Logs()[0]
				m := attributes(t, r)
				m[slog.MessageKey], m[slog.LevelKey] = r.Body().AsString(), r.SeverityText()
				if !r.Timestamp().IsZero() {
					m[slog.TimeKey] = r.Timestamp()
				}
				return m
			})
		})
	}
}

func TestSourceIsThatOfTheCall(t *testing.T) {
	got := sent(t, func(l *slog.Logger) { l.Info("m") }, logbridge.WithSource())
	assert.Contains(t, attributes(t, got[0])["code.function.name"], "TestSourceIsThatOfTheCall")
	assert.Empty(t, attributes(t, sent(t, func(l *slog.Logger) { l.Info("m") })[0]))
}

func TestLoggersOfASinkShareNothing(t *testing.T) {
	got := sent(t, func(l *slog.Logger) {
		parent := l.WithGroup("g").With("a", 1)
		left, right := parent.With("left", 1), parent.With("right", 1)
		left.Info("m")
		right.Info("m")
	})
	assert.Equal(t, map[string]any{"g": map[string]any{"a": int64(1), "left": int64(1)}}, attributes(t, got[0]))
	assert.Equal(t, map[string]any{"g": map[string]any{"a": int64(1), "right": int64(1)}}, attributes(t, got[1]))
}

func TestADisabledRecordAllocatesNothing(t *testing.T) {
	lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(nothing{})))
	defer lp.Shutdown(context.Background()) //nolint:errcheck // exports nothing
	l, ctx := slog.New(logbridge.NewHandler("t", lp)), spanContext(1, false)
	assert.Zero(t, testing.AllocsPerRun(100, func() { l.LogAttrs(ctx, slog.LevelDebug, "m", fiveAttrs...) }))
	unsampled := slog.New(logbridge.NewHandler("t", lp, logbridge.WithTraceBased(nil)))
	ctx = spanContext(0, false)
	assert.Zero(t, testing.AllocsPerRun(100, func() { unsampled.LogAttrs(ctx, slog.LevelError, "m", fiveAttrs...) }))
}

type nothing struct{}

func (nothing) Export(context.Context, []sdklog.Record) error { return nil }
func (nothing) Shutdown(context.Context) error                { return nil }
func (nothing) ForceFlush(context.Context) error              { return nil }

func ExampleNewHandler() {
	lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewSimpleProcessor(printed{}))) // in a program: nil, for that of Setup
	logger := slog.New(logbridge.NewHandler("shop", lp))

	ctx := spanContext(trace.FlagsSampled, false) // in a program: of the request
	logger.DebugContext(ctx, "not exported")
	logger.ErrorContext(ctx, "order failed", "error", errors.New("no such item"))
	// Output:
	// ERROR "order failed" of trace 4e3e0ec6293840b1850409eb1d4b0dee
	//   error: no such item
	//   exception.message: no such item
	//   exception.type: *errors.errorString
}

type printed struct{ nothing }

func (printed) Export(_ context.Context, records []sdklog.Record) error {
	for _, r := range records {
		fmt.Printf("%s %q of trace %s\n", r.SeverityText(), r.Body().AsString(), r.TraceID())
		r.WalkAttributes(func(kv attribute.KeyValue) bool {
			fmt.Printf("  %s: %s\n", kv.Key, kv.Value.AsString())
			return true
		})
	}
	return nil
}

func ExampleDropped() {
	lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewSimpleProcessor(nothing{})))
	handler := logbridge.NewHandler("shop", lp, logbridge.WithRateLimit(1))
	logger := slog.New(handler)
	logger.Info("exported")
	logger.Info("one too many for this second")
	fmt.Println(logbridge.Dropped(handler))
	// Output:
	// 1
}
