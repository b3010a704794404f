// SPDX-License-Identifier: Apache-2.0

package logbridge_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"

	"github.com/waymark-otel/waymark/logbridge"
	"github.com/waymark-otel/waymark/propagators"
)

var fixed = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func logged(t *testing.T, ctx context.Context, stack func(slog.Handler) slog.Handler, args ...any) map[string]any {
	t.Helper()
	var out bytes.Buffer
	l := slog.New(stack(jsonTo(&out)))
	for range 3 {
		l.InfoContext(ctx, "m", args...)
	}
	all := lines(t, &out)
	got := all[0]
	for _, later := range all {
		assert.Equal(t, got, later)
	}
	delete(got, "level")
	delete(got, "msg")
	return got
}

func traceContext(opts ...logbridge.Option) func(slog.Handler) slog.Handler {
	return func(h slog.Handler) slog.Handler { return logbridge.TraceContext(h, opts...) }
}

func TestNamesAreSettable(t *testing.T) {
	ctx := propagators.ContextWithCorrelationID(spanContext(1, false), "order-7")
	for name, tc := range map[string]struct {
		opts []logbridge.Option
		want map[string]any
	}{
		"none": {nil, with(ids("01"), "correlation_id", "order-7")},
		"all": {
			[]logbridge.Option{logbridge.WithKeys(logbridge.Keys{TraceID: "dd.trace_id", SpanID: "dd.span_id", TraceFlags: "flags", CorrelationID: "request_id"})},
			map[string]any{"dd.trace_id": traceIDText, "dd.span_id": spanIDText, "flags": "01", "request_id": "order-7"},
		},
		"left out": {
			[]logbridge.Option{logbridge.WithKeys(logbridge.Keys{SpanID: "-", TraceFlags: "-", CorrelationID: "-"})},
			map[string]any{"trace_id": traceIDText},
		},
		"two with one name": {
			[]logbridge.Option{logbridge.WithKeys(logbridge.Keys{TraceID: "id", CorrelationID: "id", SpanID: "-", TraceFlags: "-"})},
			map[string]any{"id": traceIDText},
		},
		"b3": {
			[]logbridge.Option{logbridge.WithB3Keys()},
			with(ids("01"), "correlation_id", "order-7", "X-B3-TraceId", traceIDText, "X-B3-SpanId", spanIDText, "X-B3-Sampled", "1"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, logged(t, ctx, traceContext(tc.opts...)))
		})
	}
	unsampled := logged(t, spanContext(0, false), traceContext(logbridge.WithB3Keys()))
	assert.Equal(t, "0", unsampled["X-B3-Sampled"])
}

func TestTheProgramsOwnValueWins(t *testing.T) {
	ctx := spanContext(1, false)
	want := with(ids("01"), "trace_id", "mine")
	both := func(h slog.Handler) slog.Handler { return logbridge.TraceContext(logbridge.ContextAttrs(h)) }
	for name, tc := range map[string]struct {
		ctx   context.Context
		stack func(slog.Handler) slog.Handler
		args  []any
	}{
		"in the call":            {ctx, traceContext(), []any{"trace_id", "mine"}},
		"in a group without key": {ctx, traceContext(), []any{slog.Group("", "trace_id", "mine")}},
		"in a valuer of one":     {ctx, traceContext(), []any{slog.Any("", inline{slog.String("trace_id", "mine")})}},
		"in With": {ctx, func(h slog.Handler) slog.Handler {
			return logbridge.TraceContext(h).WithAttrs([]slog.Attr{slog.String("trace_id", "mine")})
		}, nil},
		"in With, in a group without key": {ctx, func(h slog.Handler) slog.Handler {
			return logbridge.TraceContext(h).WithAttrs([]slog.Attr{slog.Group("", slog.String("trace_id", "mine"))})
		}, nil},
		"in the context": {logbridge.ContextWithAttrs(ctx, slog.String("trace_id", "mine")), both, nil},
		"in the context, a stranger between": {logbridge.ContextWithAttrs(ctx, slog.String("trace_id", "mine")), func(h slog.Handler) slog.Handler {
			return logbridge.ContextAttrs(stranger{logbridge.TraceContext(h)})
		}, nil},
		"in the call, over the context": {logbridge.ContextWithAttrs(ctx, slog.String("trace_id", "theirs")), both, []any{"trace_id", "mine"}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, want, logged(t, tc.ctx, tc.stack, tc.args...))
		})
	}
}

type inline []slog.Attr

func (i inline) LogValue() slog.Value { return slog.GroupValue(i...) }

func TestTheProgramsOwnNameInAGroupIsNoDuplicate(t *testing.T) {
	var out bytes.Buffer
	slog.New(logbridge.TraceContext(jsonTo(&out))).WithGroup("g").With("span_id", 1).InfoContext(spanContext(1, false), "m", "trace_id", 2)
	got := line(t, &out)
	assert.Equal(t, traceIDText, got["trace_id"])
	assert.Equal(t, map[string]any{"span_id": 1.0, "trace_id": 2.0}, got["g"])
}

func TestAGroupWithANameOfOursIsNoDuplicate(t *testing.T) {
	ctx := logbridge.ContextWithAttrs(spanContext(1, false), slog.String("tenant", "t1"), slog.Int("shard", 3))
	for _, name := range []string{"trace_id", "tenant"} {
		var out bytes.Buffer
		logger := slog.New(logbridge.TraceContext(logbridge.ContextAttrs(jsonTo(&out)))).WithGroup(name)
		for range 3 { // a span's later lines are made in another way
			logger.InfoContext(ctx, "m", "a", 1)
			logger.InfoContext(spanContext(1, false), "m", "a", 1)
		}
		for _, got := range lines(t, &out) {
			assert.Equal(t, map[string]any{"a": 1.0}, got[name])
			assert.Equal(t, spanIDText, got["span_id"])
		}
	}
}

// recordsOnly keeps what records hold, and forgets what With gave.
type recordsOnly struct{ seen *[]string }

func (recordsOnly) Enabled(context.Context, slog.Level) bool { return true }
func (h recordsOnly) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		*h.seen = append(*h.seen, a.String())
		return true
	})
	return nil
}
func (h recordsOnly) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h recordsOnly) WithGroup(string) slog.Handler      { return h }

func TestAHandlerThatReadsRecordsSeesTheIDsOfEveryLine(t *testing.T) {
	var seen []string
	logger := slog.New(logbridge.TraceContext(recordsOnly{&seen}))
	for range 4 {
		seen = nil
		logger.InfoContext(spanContext(1, false), "m")
		assert.Equal(t, []string{"trace_id=" + traceIDText, "span_id=" + spanIDText, "trace_flags=01"}, seen)
	}
}

func TestWithoutAValidSpanNoIDs(t *testing.T) {
	half := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}}))
	for name, ctx := range map[string]context.Context{"background": context.Background(), "a trace id only": half} {
		assert.Empty(t, logged(t, ctx, traceContext(logbridge.WithB3Keys())), name)
	}
	var out bytes.Buffer
	h := logbridge.TraceContext(logbridge.ContextAttrs(jsonTo(&out)), logbridge.WithBaggage("", "user"))
	require.NoError(t, h.Handle(noContext, slog.NewRecord(fixed, 0, "m", 0)))
	assert.Equal(t, "m", line(t, &out)["msg"])
}

func TestBaggageForgesNoField(t *testing.T) {
	b, err := baggage.Parse("level=DEBUG,user=admin,msg=ok,trace_id=0,tenant=t%0A1%1b%5b2J%E2%80%AE,big=" + strings.Repeat("x", 1000))
	require.NoError(t, err)
	ctx := baggage.ContextWithBaggage(spanContext(1, false), b)
	var out bytes.Buffer
	slog.New(logbridge.TraceContext(logbridge.ContextAttrs(jsonTo(&out)))).InfoContext(ctx, "m")
	assert.Equal(t, with(ids("01"), "level", "INFO", "msg", "m"), line(t, &out))

	got := logged(t, ctx, traceContext(logbridge.WithBaggage("", "level", "tenant", "big", "absent"), logbridge.WithBaggage("from_", "user")))
	assert.Equal(t, with(ids("01"),
		"baggage.level", "DEBUG", "from_user", "admin", "baggage.tenant", "t\uFFFD1\uFFFD[2J\uFFFD", "baggage.big", strings.Repeat("x", 256),
	), got)
}

func TestBaggageIsCutAtARune(t *testing.T) {
	m, err := baggage.NewMemberRaw("name", strings.Repeat("x", 255)+"é")
	require.NoError(t, err)
	b, err := baggage.New(m)
	require.NoError(t, err)
	got := logged(t, baggage.ContextWithBaggage(context.Background(), b), traceContext(logbridge.WithBaggage("", "name")))
	assert.Equal(t, strings.Repeat("x", 255), got["baggage.name"])
}

func TestACorrelationIDWithControlCharactersIsNotLogged(t *testing.T) {
	for _, id := range []string{"a\nlevel=ERROR", "a\x1b[2J", "a\x00", "é\u202e", strings.Repeat("x", 300), `a"b`} {
		ctx := propagators.ContextWithCorrelationID(context.Background(), id)
		assert.Empty(t, logged(t, ctx, traceContext()), "%q", id)
	}
}

func TestTraceAttrsAreWhatTraceContextAdds(t *testing.T) {
	ctx := propagators.ContextWithCorrelationID(spanContext(1, false), "order-7")
	for name, opts := range map[string][]logbridge.Option{
		"default": nil, "set": {logbridge.WithKeys(logbridge.Keys{TraceID: "id"}), logbridge.WithB3Keys(), nil},
	} {
		got := map[string]any{}
		for _, a := range logbridge.TraceAttrs(ctx, opts...) {
			got[a.Key] = a.Value.Any()
		}
		assert.Equal(t, logged(t, ctx, traceContext(opts...)), got, name)
	}
	assert.Nil(t, logbridge.TraceAttrs(context.Background()))
	assert.Nil(t, logbridge.TraceAttrs(noContext))
}

func ExampleTraceAttrs() {
	ctx := spanContext(trace.FlagsSampled, false) // in a program: of the request
	handler := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime})

	// A library that takes a *log.Logger and no context.
	legacy := slog.NewLogLogger(handler.WithAttrs(logbridge.TraceAttrs(ctx)), slog.LevelInfo)
	legacy.Print("connected")
	// Output:
	// level=INFO msg=connected trace_id=4e3e0ec6293840b1850409eb1d4b0dee span_id=8c00f6daa2bc32f1 trace_flags=01
}

func ExampleTraceContext() {
	handler := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime})
	logger := slog.New(logbridge.TraceContext(handler))

	ctx := spanContext(trace.FlagsSampled, false) // in a program: of the request
	logger.WithGroup("order").InfoContext(ctx, "placed", "id", 17)
	// Output:
	// level=INFO msg=placed trace_id=4e3e0ec6293840b1850409eb1d4b0dee span_id=8c00f6daa2bc32f1 trace_flags=01 order.id=17
}

func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
