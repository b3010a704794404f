// SPDX-License-Identifier: Apache-2.0

package logbridge_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/instrument/instrumenttest"
	"github.com/waymark-otel/waymark/logbridge"
)

// events logs with a recorded span and returns what became of it.
func events(t *testing.T, h slog.Handler, log func(context.Context, *slog.Logger)) (sdktrace.Status, []sdktrace.Event) {
	t.Helper()
	recorder := instrumenttest.New(t)
	ctx, span := recorder.TracerProvider().Tracer("t").Start(context.Background(), "op")
	log(ctx, slog.New(h))
	span.End()
	return recorder.Span("op").Status(), recorder.Span("op").Events()
}

func byKey(e sdktrace.Event) map[string]any {
	m := map[string]any{}
	for _, kv := range e.Attributes {
		m[string(kv.Key)] = kv.Value.AsInterface()
	}
	return m
}

func TestARecordBecomesAnEventWithAllItsAttributes(t *testing.T) {
	at := time.Date(2026, 7, 1, 12, 0, 0, 5, time.UTC)
	_, got := events(t, logbridge.SpanEvents(slog.LevelInfo), func(ctx context.Context, l *slog.Logger) {
		l = l.With("w", redacted("x")).WithGroup("g").With("n", 1).WithGroup("").WithGroup("h")
		r := slog.NewRecord(at, slog.LevelWarn, "low stock", 0)
		r.AddAttrs(
			slog.String("s", "v"), slog.Int64("i", -1), slog.Float64("f", 1.5), slog.Bool("b", true),
			slog.Uint64("u", 7), slog.Uint64("big", math.MaxUint64), slog.Duration("d", 1500*time.Millisecond), slog.Time("t", at),
			slog.Group("in", slog.Int("a", 1), slog.Group("", slog.Int("b", 2))), slog.Group("empty"), slog.Attr{},
			slog.Any("v", redacted("x")), slog.Any("list", []string{"x", "y"}), slog.Any("ints", []int{1}), slog.Any("err", errors.New("broken")),
			slog.Any("struct", struct{ A int }{1}), slog.Any("nil", nil), slog.Any("panic", panicking{}), slog.Any("badError", (*badError)(nil)),
			slog.Any("", 5), slog.Any("group valuer", inline{slog.Int("x", 1)}),
		)
		require.NoError(t, l.Handler().Handle(ctx, r))
	})
	require.Len(t, got, 1)
	assert.Equal(t, "low stock", got[0].Name)
	assert.True(t, at.Equal(got[0].Time), got[0].Time)
	have := byKey(got[0])
	assert.Contains(t, have["g.h.panic"], "LogValue panicked")
	delete(have, "g.h.panic")
	assert.Equal(t, map[string]any{
		"level": "WARN", "w": "***", "g.n": int64(1),
		"g.h.s": "v", "g.h.i": int64(-1), "g.h.f": 1.5, "g.h.b": true,
		"g.h.u": int64(7), "g.h.big": "18446744073709551615", "g.h.d": "1.5s", "g.h.t": "2026-07-01T12:00:00.000000005Z",
		"g.h.in.a": int64(1), "g.h.in.b": int64(2),
		"g.h.v": "***", "g.h.list": []string{"x", "y"}, "g.h.ints": []int64{1}, "g.h.err": "broken",
		"g.h.struct": "{A:1}", "g.h.nil": "<nil>", "g.h.badError": "<nil>", "g.h.!BADKEY": int64(5), "g.h.group valuer.x": int64(1),
	}, have)
}

type badError struct{ s string }

func (e *badError) Error() string { return e.s }

// endless resolves to a group with itself.
type endless struct{}

func (endless) LogValue() slog.Value { return slog.GroupValue(slog.Any("e", endless{})) }

func TestAnEndlessValuerIsCut(t *testing.T) {
	_, got := events(t, logbridge.SpanEvents(nil), func(ctx context.Context, l *slog.Logger) {
		l.InfoContext(ctx, "m", "v", endless{})
	})
	assert.Equal(t, map[string]any{"level": "INFO", "v" + strings.Repeat(".e", 16): "!TOODEEP"}, byKey(got[0]))
}

func TestOnlyErrorsSetTheStatus(t *testing.T) {
	for level, want := range map[slog.Level]sdktrace.Status{
		slog.LevelWarn:      {},
		slog.LevelError - 1: {},
		slog.LevelError:     {Code: codes.Error, Description: "broken"},
		slog.LevelError + 4: {Code: codes.Error, Description: "broken"},
	} {
		status, got := events(t, logbridge.SpanEvents(nil), func(ctx context.Context, l *slog.Logger) { l.Log(ctx, level, "broken") })
		assert.Equal(t, want, status, level)
		assert.Len(t, got, 1)
	}
	status, _ := events(t, logbridge.SpanEvents(nil), func(ctx context.Context, l *slog.Logger) {
		trace.SpanFromContext(ctx).SetStatus(codes.Ok, "")
		l.ErrorContext(ctx, "handled")
	})
	assert.Equal(t, codes.Ok, status.Code)
}

func TestBelowTheLevelNothingBecomesAnEvent(t *testing.T) {
	var level slog.LevelVar
	level.Set(slog.LevelError)
	h := logbridge.SpanEvents(&level)
	status, got := events(t, h, func(ctx context.Context, l *slog.Logger) {
		assert.False(t, l.Enabled(ctx, slog.LevelWarn))
		l.WarnContext(ctx, "m")
		require.NoError(t, h.Handle(ctx, slog.NewRecord(fixed, slog.LevelWarn, "a fan-out that does not ask", 0)))
		level.Set(slog.LevelDebug)
		l.DebugContext(ctx, "")
	})
	assert.Equal(t, sdktrace.Status{}, status)
	require.Len(t, got, 1)
	assert.Equal(t, "log", got[0].Name)
}

func TestASpanThatIsNotRecordingGetsNoEvent(t *testing.T) {
	h := logbridge.SpanEvents(nil)
	recorder := instrumenttest.New(t, sdktrace.WithSampler(sdktrace.NeverSample()))
	unsampled, _ := recorder.TracerProvider().Tracer("t").Start(context.Background(), "op")
	for name, ctx := range map[string]context.Context{"no span": context.Background(), "unsampled": unsampled, "remote": spanContext(1, true)} {
		assert.False(t, h.Enabled(ctx, slog.LevelError), name)
		assert.NoError(t, h.Handle(ctx, slog.NewRecord(fixed, slog.LevelError, "m", 0)), name)
	}
}

func TestSpanEventsShareNothing(t *testing.T) {
	_, got := events(t, logbridge.SpanEvents(nil), func(ctx context.Context, l *slog.Logger) {
		parent := l.With("a", 1).With("b", 2).With("c", 3)
		left, right := parent.With("left", 1), parent.With("right", 1)
		left.InfoContext(ctx, "m")
		right.InfoContext(ctx, "m")
	})
	assert.Equal(t, map[string]any{"level": "INFO", "a": int64(1), "b": int64(2), "c": int64(3), "left": int64(1)}, byKey(got[0]))
	assert.Equal(t, map[string]any{"level": "INFO", "a": int64(1), "b": int64(2), "c": int64(3), "right": int64(1)}, byKey(got[1]))
}

// eventSpan keeps the last event as slogtest wants to see it.
type eventSpan struct {
	trace.Span
	last map[string]any
}

func (*eventSpan) IsRecording() bool            { return true }
func (*eventSpan) SetStatus(codes.Code, string) {}
func (s *eventSpan) AddEvent(name string, opts ...trace.EventOption) {
	s.last = map[string]any{slog.MessageKey: name}
	if len(opts) > 1 { // without one, it is the time of the call
		s.last[slog.TimeKey] = fixed
	}
	c := trace.NewEventConfig(opts...)
	for _, kv := range c.Attributes() {
		nest(s.last, strings.Split(string(kv.Key), "."), kv.Value)
	}
}

// nest undoes the flattening.
func nest(m map[string]any, path []string, v attribute.Value) {
	for ; len(path) > 1; path = path[1:] {
		inner, ok := m[path[0]].(map[string]any)
		if !ok {
			inner = map[string]any{}
			m[path[0]] = inner
		}
		m = inner
	}
	m[path[0]] = v.AsInterface()
}

func TestSpanEventsIsASlogHandler(t *testing.T) {
	span := &eventSpan{Span: trace.SpanFromContext(context.Background())}
	ctx := trace.ContextWithSpan(context.Background(), span)
	for name, stack := range map[string]func(slog.Handler) slog.Handler{
		"bare":    func(h slog.Handler) slog.Handler { return h },
		"stacked": func(h slog.Handler) slog.Handler { return logbridge.TraceContext(logbridge.ContextAttrs(h)) },
		"fanned":  func(h slog.Handler) slog.Handler { return slog.NewMultiHandler(slog.DiscardHandler, h) },
	} {
		t.Run(name, func(t *testing.T) {
			slogtest.Run(t, func(*testing.T) slog.Handler {
				return within{stack(logbridge.SpanEvents(nil)), ctx}
			}, func(*testing.T) map[string]any { return span.last })
		})
	}
}

func ExampleSpanEvents() {
	tracer, ended := exampleTracer() // in a program: that of Setup
	logger := slog.New(slog.NewMultiHandler(
		slog.DiscardHandler, // in a program: the terminal
		logbridge.SpanEvents(slog.LevelError),
	))

	ctx, span := tracer.Start(context.Background(), "price order")
	logger.InfoContext(ctx, "looking up")
	logger.ErrorContext(ctx, "no such item", "item", 17)
	span.End()

	fmt.Println(ended().Status().Code, ended().Status().Description)
	for _, e := range ended().Events() {
		fmt.Println(e.Name, e.Attributes[1].Key, e.Attributes[1].Value.AsInt64())
	}
	// Output:
	// Error no such item
	// no such item item 17
}

func exampleTracer() (trace.Tracer, func() sdktrace.ReadOnlySpan) {
	var last sdktrace.ReadOnlySpan
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(onEnd(func(s sdktrace.ReadOnlySpan) { last = s })))
	return tp.Tracer("example"), func() sdktrace.ReadOnlySpan { return last }
}

type onEnd func(sdktrace.ReadOnlySpan)

func (onEnd) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (f onEnd) OnEnd(s sdktrace.ReadOnlySpan)                 { f(s) }
func (onEnd) Shutdown(context.Context) error                  { return nil }
func (onEnd) ForceFlush(context.Context) error                { return nil }
