// SPDX-License-Identifier: Apache-2.0

package sentrylog_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/getsentry/sentry-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/logbridge/sentrylog"
	"github.com/waymark-otel/waymark/propagators"
)

const (
	traceIDText = "4e3e0ec6293840b1850409eb1d4b0dee"
	spanIDText  = "8c00f6daa2bc32f1"
)

var fixed = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func spanContext() context.Context {
	traceID, _ := trace.TraceIDFromHex(traceIDText)
	spanID, _ := trace.SpanIDFromHex(spanIDText)
	ctx := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID}))
	return propagators.ContextWithCorrelationID(ctx, "order-7")
}

type redacted string

func (redacted) LogValue() slog.Value { return slog.StringValue("***") }

type panicking struct{}

func (panicking) LogValue() slog.Value { panic("no") }

type badError struct{ s string }

func (e *badError) Error() string { return e.s }

type endless struct{}

func (endless) LogValue() slog.Value { return slog.GroupValue(slog.Any("e", endless{})) }

func TestAnErrorRecordReachesSentryWithItsTraceIDs(t *testing.T) {
	in, hub := newIngest(t)
	l := slog.New(sentrylog.NewHandler(hub)).With("w", 1).WithGroup("g").With("v", redacted("x"))
	r := slog.NewRecord(fixed, slog.LevelError, "order failed", 0)
	r.AddAttrs(slog.Int("id", 17), slog.Uint64("big", math.MaxUint64), slog.Duration("d", time.Second), slog.Time("t", fixed), slog.Bool("b", true),
		slog.Group("h", slog.String("s", "x"), slog.Group("", slog.Int("n", 2))), slog.Group("empty", slog.Group("too")), slog.Attr{},
		slog.Float64("nan", math.NaN()), slog.Any("list", []string{"x"}), slog.Any("nilError", (*badError)(nil)), slog.Any("panic", panicking{}), slog.Any("endless", endless{}),
		slog.Any("error", fmt.Errorf("price: %w", fs.ErrNotExist)))
	require.NoError(t, l.Handler().Handle(spanContext(), r))
	got := in.received(hub)
	require.Len(t, got, 1)
	assert.Equal(t, "order failed", got[0]["message"])
	assert.Equal(t, "error", got[0]["level"])
	assert.Equal(t, "slog", got[0]["logger"])
	assert.Equal(t, "2026-07-01T12:00:00Z", got[0]["timestamp"])
	assert.Equal(t, traceIDText, at(got[0], "contexts", "trace", "trace_id"))
	assert.Equal(t, spanIDText, at(got[0], "contexts", "trace", "span_id"))
	assert.Equal(t, "order-7", at(got[0], "tags", "correlation_id"))
	exceptions := got[0]["exception"].([]any)
	assert.Equal(t, "price: file does not exist", at(exceptions[len(exceptions)-1], "value"))
	assert.Equal(t, "file does not exist", at(exceptions[0], "value"), "the cause")

	assert.Equal(t, 1.0, at(got[0], "contexts", "attributes", "w"))
	group := at(got[0], "contexts", "attributes", "g").(map[string]any)
	assert.Contains(t, group["panic"], "LogValue panicked")
	delete(group, "panic")
	assert.Contains(t, fmt.Sprint(group["endless"]), "!TOODEEP")
	delete(group, "endless")
	assert.Equal(t, map[string]any{
		"v": "***", "id": 17.0, "big": 18446744073709551615.0, "d": "1s", "t": "2026-07-01T12:00:00Z", "b": true,
		"h": map[string]any{"s": "x", "n": 2.0}, "nan": "NaN", "list": "[x]", "nilError": "<nil>", "error": "price: file does not exist",
	}, group)
}

func TestEveryErrorOfARecordIsAnException(t *testing.T) {
	in, hub := newIngest(t)
	l := slog.New(sentrylog.NewHandler(hub))
	l.Error("m", "cause", errors.New("first"), slog.Group("g", "cleanup", errors.New("second")))
	l.Error("none")
	got := in.received(hub)
	require.Len(t, got, 2)
	var values []string
	for _, e := range got[0]["exception"].([]any) {
		values = append(values, at(e, "value").(string))
	}
	assert.Contains(t, values, "first")
	assert.Contains(t, values, "second")
	assert.NotContains(t, got[1], "exception")
}

func TestGroupsOfOneNameAreOne(t *testing.T) {
	in, hub := newIngest(t)
	slog.New(sentrylog.NewHandler(hub)).With(slog.Group("http", "method", "GET")).
		Error("m", slog.Group("http", "status", 500), slog.Group("http"))
	assert.Equal(t, map[string]any{"method": "GET", "status": 500.0}, at(in.received(hub)[0], "contexts", "attributes", "http"))
}

func TestTheLevelIsErrorByDefault(t *testing.T) {
	in, hub := newIngest(t)
	l := slog.New(sentrylog.NewHandler(hub, nil, sentrylog.WithLevel(nil)))
	assert.False(t, l.Enabled(context.Background(), slog.LevelWarn))
	require.NoError(t, l.Handler().Handle(context.Background(), slog.NewRecord(fixed, slog.LevelWarn, "unasked", 0)))
	all := slog.New(sentrylog.NewHandler(hub, sentrylog.WithLevel(slog.LevelDebug)))
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError, slog.LevelError + 4} {
		all.Log(context.Background(), level, "m")
	}
	var levels []any
	for _, e := range in.received(hub) {
		levels = append(levels, e["level"])
	}
	assert.Equal(t, []any{"debug", "info", "warning", "error", "error"}, levels)
}

func TestTheHubOfTheContextIsUsedWhenNoneIsGiven(t *testing.T) {
	in, hub := newIngest(t)
	hub.Scope().SetTag("request", "r1")
	ctx := sentry.SetHubOnContext(spanContext(), hub)
	slog.New(sentrylog.NewHandler(nil)).ErrorContext(ctx, "m")
	slog.New(sentrylog.NewHandler(nil)).Error("to the current hub, which has no client")
	got := in.received(hub)
	require.Len(t, got, 1)
	assert.Equal(t, "r1", at(got[0], "tags", "request"))
	assert.Equal(t, traceIDText, at(got[0], "contexts", "trace", "trace_id"))
}

func TestEventsOfGoroutinesKeepTheirIDs(t *testing.T) {
	in, hub := newIngest(t)
	l := slog.New(sentrylog.NewHandler(hub))
	sc := trace.SpanContextFromContext(spanContext())
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			id := trace.TraceID{1, byte(i)}
			l.With("own", id.String()).ErrorContext(trace.ContextWithSpanContext(context.Background(), sc.WithTraceID(id)), "m")
		})
	}
	wg.Wait()
	got := in.received(hub)
	assert.Len(t, got, 16)
	for _, e := range got {
		assert.Equal(t, at(e, "contexts", "attributes", "own"), at(e, "contexts", "trace", "trace_id"))
	}
}

func TestALaterSpanOfSentrysOwnDoesNotHideOurs(t *testing.T) {
	in, hub := newIngest(t)
	span := sentry.StartSpan(sentry.SetHubOnContext(context.Background(), hub), "op")
	defer span.Finish()
	slog.New(sentrylog.NewHandler(hub)).ErrorContext(spanContext(), "m")
	assert.Equal(t, traceIDText, at(in.received(hub)[0], "contexts", "trace", "trace_id"))
}

func TestAPanicOfAHookDoesNotReachTheCaller(t *testing.T) {
	client, err := sentry.NewClient(sentry.ClientOptions{
		Dsn:        "http://public@127.0.0.1:1/42",
		BeforeSend: func(*sentry.Event, *sentry.EventHint) *sentry.Event { panic("hook") },
	})
	require.NoError(t, err)
	defer client.Close()
	l := slog.New(sentrylog.NewHandler(sentry.NewHub(client, sentry.NewScope())))
	assert.NotPanics(t, func() { l.Error("m") })
}

func TestHandlerIsASlogHandler(t *testing.T) {
	var last map[string]any
	client, err := sentry.NewClient(sentry.ClientOptions{BeforeSend: func(e *sentry.Event, _ *sentry.EventHint) *sentry.Event {
		last = map[string]any{slog.MessageKey: e.Message, slog.LevelKey: e.Level, slog.TimeKey: e.Timestamp}
		for k, v := range e.Contexts["attributes"] {
			last[k] = v
		}
		return nil
	}})
	require.NoError(t, err)
	defer client.Close()
	slogtest.Run(t, func(*testing.T) slog.Handler {
		return sentrylog.NewHandler(sentry.NewHub(client, sentry.NewScope()), sentrylog.WithLevel(slog.LevelDebug))
	}, func(t *testing.T) map[string]any {
		if strings.HasSuffix(t.Name(), "/zero-time") {
			delete(last, slog.TimeKey) // an event of Sentry always has one
		}
		return last
	})
}
